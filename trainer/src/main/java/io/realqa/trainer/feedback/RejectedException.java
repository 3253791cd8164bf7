package io.realqa.trainer.feedback;

/** A label does not count. */
public final class RejectedException extends Exception {
    private static final long serialVersionUID = 1L;
    /** A label may hold a megabyte of ratings or names, and a message repeats what was wrong. */
    private static final int MOST_CHARACTERS = 2000;

    private final RejectReason reason;

    public RejectedException(RejectReason reason, String message) {
        super(shortened(message));
        this.reason = reason;
    }

    public RejectReason reason() {
        return reason;
    }

    /** What was wrong, its value, and what was expected. */
    public String text() {
        return String.valueOf(getMessage());
    }

    /** Its beginning and its end, which says what was expected. */
    private static String shortened(String text) {
        int half = MOST_CHARACTERS / 2;
        return text.length() <= MOST_CHARACTERS
                ? text
                : text.substring(0, half) + " … " + text.substring(text.length() - half);
    }
}
