package io.realqa.scorer;

/**
 * A text that a regular expression may look at only so often: some expressions try without end, and Java's have no limit of
 * their own.
 */
final class BoundedText implements CharSequence {
    /** Ordinary expressions look at a module's name some hundred times. */
    private static final int MOST_LOOKS = 1_000_000;

    private final String text;
    private final String pattern;
    private int looks;

    /** @param pattern what looks at it, for the error */
    BoundedText(String text, String pattern) {
        this.text = text;
        this.pattern = pattern;
    }

    @Override
    public int length() {
        return text.length();
    }

    /** @throws ModelException if it was looked at too often */
    @Override
    public char charAt(int index) {
        if (++looks > MOST_LOOKS) {
            throw new ModelException("regular expression " + pattern + ": undecided about " + text + " after "
                    + MOST_LOOKS + " steps (expected: one that does not try so many ways)");
        }
        return text.charAt(index);
    }

    @Override
    public CharSequence subSequence(int start, int end) {
        return text.subSequence(start, end);
    }

    @Override
    public String toString() {
        return text;
    }
}
