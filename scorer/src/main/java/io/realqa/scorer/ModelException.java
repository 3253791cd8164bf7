package io.realqa.scorer;

/**
 * A checkpoint, adapter or scoring profile that cannot be used. The message names the file or key, its value and what
 * was expected.
 */
public final class ModelException extends RuntimeException {
    public ModelException(String message) {
        super(message);
    }

    public ModelException(String message, Throwable cause) {
        super(message, cause);
    }
}
