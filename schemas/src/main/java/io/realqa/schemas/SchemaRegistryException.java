package io.realqa.schemas;

import org.apache.kafka.common.errors.SerializationException;

/** The registry refused, failed or could not be reached; {@link #status} tells which. */
public final class SchemaRegistryException extends SerializationException {
    private static final long serialVersionUID = 1L;

    /** Status of a call that got no HTTP answer. */
    public static final int NO_ANSWER = 0;

    private static final int NOT_FOUND = 404;

    private final int status;

    SchemaRegistryException(int status, String message, Throwable cause) {
        super(message, cause);
        this.status = status;
    }

    SchemaRegistryException(int status, String message) {
        super(message);
        this.status = status;
    }

    /** HTTP status, or {@link #NO_ANSWER}. */
    public int status() {
        return status;
    }

    /** Whether the same call may succeed later: no answer, 408, 429 or 5xx. */
    public boolean retriable() {
        return status == NO_ANSWER || status == 408 || status == 429 || status >= 500;
    }

    /**
     * Whether a failure says something of the registry rather than of the value that was to be read, so that the value
     * has to wait. A schema that the registry does not have is the value's failure.
     */
    public static boolean ofRegistry(RuntimeException failure) {
        return failure instanceof SchemaRegistryException registry && registry.status != NOT_FOUND;
    }
}
