package io.realqa.scorer;

import java.util.List;

/** The allowed values of a question, and the numbers that they stand for. Immutable. */
final class AnswerValues {
    private final List<String> texts;
    private final double[] numbers;

    AnswerValues(List<String> texts) {
        this.texts = List.copyOf(texts);
        this.numbers = texts.stream().mapToDouble(AnswerValues::number).toArray();
    }

    /** What a value is as a number: digits, and perhaps a point and digits; NaN if it is no number. */
    static double number(String value) {
        return value.matches("[0-9]+(\\.[0-9]+)?") ? Double.parseDouble(value) : Double.NaN;
    }

    List<String> texts() {
        return texts;
    }

    /** NaN where the value is no number. */
    double number(int index) {
        return numbers[index];
    }
}
