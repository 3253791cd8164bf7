package io.realqa.streams.replay;

/** A replay that stopped before its end. What it had committed stays so, and is not replayed by the next run. */
public final class ReplayException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ReplayException(String message) {
        super(message);
    }

    ReplayException(String message, Throwable cause) {
        super(message, cause);
    }
}
