package io.realqa.cli.predict;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Which digits of a label are its score's. */
final class LabelScore {
    private static final String NUMBER = "([+-]?\\d+(?:\\.\\d+)?)";
    /** In this order: the step-by-step ending, the plain form, the ending without brackets, a number alone. */
    private static final List<Pattern> FORMS = List.of(
            Pattern.compile("<\\s*" + NUMBER + "\\s*\\.?\\s*>"),
            Pattern.compile("score of this image is[\\s:<]*" + NUMBER, Pattern.CASE_INSENSITIVE),
            Pattern.compile("final score is[\\s:]*" + NUMBER, Pattern.CASE_INSENSITIVE),
            Pattern.compile("^\\s*" + NUMBER + "\\s*\\.?\\s*$"));

    private LabelScore() {}

    /** First and end index among all ASCII digits of the label; equal where it has no score. */
    static int[] digits(String label) {
        for (Pattern form : FORMS) {
            Matcher m = form.matcher(label);
            if (m.find()) {
                int first = count(label, 0, m.start(1));
                return new int[] {first, first + count(label, m.start(1), m.end(1))};
            }
        }
        return new int[] {0, 0};
    }

    private static int count(String text, int from, int to) {
        return (int) text.substring(from, to)
                .chars()
                .filter(c -> c >= '0' && c <= '9')
                .count();
    }
}
