package io.realqa.streams.adapters;

/** A release that cannot be served; the message says why: what was found and what was expected. */
final class RefusedException extends Exception {
    private static final long serialVersionUID = 1;

    private final boolean forNow;

    RefusedException(String message) {
        super(message);
        this.forNow = false;
    }

    RefusedException(String message, Throwable cause) {
        this(message, cause, false);
    }

    /** @param forNow whether the same release may be served when it is tried again */
    RefusedException(String message, Throwable cause, boolean forNow) {
        super(message, cause);
        this.forNow = forNow;
    }

    boolean forNow() {
        return forNow;
    }
}
