package io.realqa.measures;

import java.util.Optional;
import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Where an answer's text says the score. */
public final class ScoreText {
    private static final String PLAIN_WORDS = "score of this image is ";
    /** Possessive, and no more digits before the point than a double tells apart: a hostile text costs linear time. */
    private static final String NUMBER = "([+-]?\\d{1,15}+(?:\\.\\d++)?+)(?!\\d)";

    private static final Pattern PLAIN =
            Pattern.compile("score of this image is[\\s:<]*+" + NUMBER, Pattern.CASE_INSENSITIVE);
    private static final Pattern BRACKETED = Pattern.compile("<\\s*+" + NUMBER + "\\s*+(?:\\.\\s*+)?>");
    private static final Pattern FINAL = Pattern.compile("final score is[\\s:]*+" + NUMBER, Pattern.CASE_INSENSITIVE);
    private static final Pattern ALONE = Pattern.compile("\\s*+" + NUMBER + "\\s*+(?:\\.\\s*+)?");
    /** What Python's float() takes, without nan and inf. */
    private static final Pattern PYTHON_FLOAT = Pattern.compile(
            "[+-]?(?:\\d+(?:_\\d+)*\\.?(?:\\d+(?:_\\d+)*)?|\\.\\d+(?:_\\d+)*)(?:[eE][+-]?\\d+(?:_\\d+)*)?");

    private ScoreText() {}

    /** How an answer gives its score. */
    public enum Form {
        /** {@code The final score is <6.59>.} */
        BRACKETED,
        /** {@code score of this image is 6.59.} */
        PLAIN,
        /** {@code The final score is 6.59.}, the brackets forgotten. */
        FINAL,
        /** Nothing but the number. */
        NUMBER
    }

    /**
     * The score in an answer.
     *
     * @param start index of its first character
     * @param end index after its last one
     * @param number the text between, as {@code 6.59}
     */
    public record Found(Form form, int start, int end, String number) {
        public double value() {
            return Double.parseDouble(number);
        }
    }

    /**
     * Finds the score: a number between {@code <} and {@code >} first (the first such), then the plain form, then a final
     * score without brackets, then a text that is nothing but a number.
     */
    public static Optional<Found> find(String answer) {
        Matcher bracketed = BRACKETED.matcher(answer);
        if (answer.indexOf('<') >= 0 && bracketed.find()) {
            return Optional.of(found(Form.BRACKETED, bracketed));
        }
        Matcher plain = PLAIN.matcher(answer);
        if (plain.find()) {
            return Optional.of(found(Form.PLAIN, plain));
        }
        Matcher last = FINAL.matcher(answer);
        if (last.find()) {
            return Optional.of(found(Form.FINAL, last));
        }
        Matcher alone = ALONE.matcher(answer);
        return alone.matches() ? Optional.of(found(Form.NUMBER, alone)) : Optional.empty();
    }

    private static Found found(Form form, Matcher m) {
        return new Found(form, m.start(1), m.end(1), m.group(1));
    }

    /**
     * A label's score as RealQA's released scorer reads it: what follows {@code score of this image is } up to the next such
     * words, full stops stripped, by the rules of Python's float(). Empty where that script drops the row.
     */
    public static OptionalDouble releasedLabel(String label) {
        int start = label.indexOf(PLAIN_WORDS);
        if (start < 0) {
            return OptionalDouble.empty();
        }
        start += PLAIN_WORDS.length();
        int end = label.indexOf(PLAIN_WORDS, start);
        return pythonFloat(withoutStops(end < 0 ? label.substring(start) : label.substring(start, end)));
    }

    /**
     * A prediction's score as RealQA's released scorer reads it: what stands between the first {@code <} and the first
     * {@code >}, if both occur, else as {@link #releasedLabel}. Empty where that script drops the row.
     */
    public static OptionalDouble releasedPrediction(String prediction) {
        int open = prediction.indexOf('<');
        int close = prediction.indexOf('>');
        if (open >= 0 && close >= 0) {
            return open < close ? pythonFloat(prediction.substring(open + 1, close)) : OptionalDouble.empty();
        }
        return releasedLabel(prediction);
    }

    private static String withoutStops(String text) {
        int start = 0;
        int end = text.length();
        while (start < end && text.charAt(start) == '.') {
            start++;
        }
        while (end > start && text.charAt(end - 1) == '.') {
            end--;
        }
        return text.substring(start, end);
    }

    /** Without white space at both ends, as Python sees it: Java leaves the non-breaking ones. */
    private static String withoutSpace(String text) {
        int start = 0;
        int end = text.length();
        while (start < end && isPythonSpace(text.charAt(start))) {
            start++;
        }
        while (end > start && isPythonSpace(text.charAt(end - 1))) {
            end--;
        }
        return text.substring(start, end);
    }

    private static boolean isPythonSpace(char c) {
        return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == '\u0085';
    }

    private static OptionalDouble pythonFloat(String text) {
        StringBuilder plain = new StringBuilder();
        withoutSpace(text).codePoints().forEach(c -> {
            if (Character.isDigit(c)) {
                plain.append((char) ('0' + Character.digit(c, 10)));
            } else {
                plain.appendCodePoint(c);
            }
        });
        String number = plain.toString();
        if (PYTHON_FLOAT.matcher(number).matches()) {
            return OptionalDouble.of(Double.parseDouble(number.replace("_", "")));
        }
        boolean signed = number.startsWith("+") || number.startsWith("-");
        return switch (number.substring(signed ? 1 : 0).toLowerCase(java.util.Locale.ROOT)) {
            case "inf", "infinity" ->
                OptionalDouble.of(number.startsWith("-") ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY);
            case "nan" -> OptionalDouble.of(Double.NaN);
            default -> OptionalDouble.empty();
        };
    }
}
