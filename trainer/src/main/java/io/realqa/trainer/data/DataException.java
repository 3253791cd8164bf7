package io.realqa.trainer.data;

/** A data set that cannot be read. The message names file, row and field, the value and what was expected. */
public final class DataException extends IllegalArgumentException {
    public DataException(String message) {
        super(message);
    }

    public DataException(String message, Throwable cause) {
        super(message, cause);
    }
}
