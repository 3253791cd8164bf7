package io.realqa.schemas;

import org.apache.kafka.common.errors.SerializationException;

/** The registry refused, failed or could not be reached; {@link #status} tells which. */
public final class SchemaRegistryException extends SerializationException {
    private static final long serialVersionUID = 1L;

    /** Status of a call that got no HTTP answer. */
    public static final int NO_ANSWER = 0;

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
}
