package io.realqa.streams.adapters;

/** A release that cannot be served; the message says why: what was found and what was expected. */
final class RefusedException extends Exception {
    private static final long serialVersionUID = 1;

    RefusedException(String message) {
        super(message);
    }

    RefusedException(String message, Throwable cause) {
        super(message, cause);
    }
}
