package io.realqa.trainer.feedback;

/** A label does not count. */
public final class RejectedException extends Exception {
    private static final long serialVersionUID = 1L;

    private final RejectReason reason;

    public RejectedException(RejectReason reason, String message) {
        super(message);
        this.reason = reason;
    }

    public RejectReason reason() {
        return reason;
    }

    /** What was wrong, its value, and what was expected. */
    public String text() {
        return String.valueOf(getMessage());
    }
}
