package io.realqa.store;

import org.jspecify.annotations.Nullable;

/** A folder that cannot be read, written or trusted; the message names it. */
public final class StoreException extends Exception {
    private static final long serialVersionUID = 1;

    private final boolean away;

    StoreException(String message, @Nullable Throwable cause) {
        this(message, cause, false);
    }

    StoreException(String message, @Nullable Throwable cause, boolean away) {
        super(message, cause);
        this.away = away;
    }

    /** Whether the store or the cache's disk is away or busy, so that the same may succeed later. */
    public boolean away() {
        return away;
    }
}
