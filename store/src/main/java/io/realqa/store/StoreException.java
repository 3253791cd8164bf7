package io.realqa.store;

import org.jspecify.annotations.Nullable;

/** A folder that cannot be read, written or trusted; the message names it. */
public final class StoreException extends Exception {
    private static final long serialVersionUID = 1;

    StoreException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
