package io.realqa.measures;

import java.util.Optional;

/**
 * NCM and NCM* of RealQA: next-token probabilities of a score's digits turned into an expectation, and compared with the
 * label by its square. At each digit of the label, teacher-forced, the softmax goes over the ten digit logits only.
 *
 * <p>As released: prediction = E0 + 0.1·E1 + 0.01·E2 with E = Σ d·p(d), for plain answers with one integer digit; a decimal
 * that the label does not have adds nothing. NCM* puts 0 for the value of the label's own digit in each sum, without
 * normalising again: what the remaining mass contributes.
 *
 * <p>Corrected: the same with every digit at its own place, whatever their number and whatever the answer's form.
 *
 * <p>NCM and NCM* of a set are the means of the squared errors.
 */
public final class Ncm {
    private static final int DIGITS = 10;

    private Ncm() {}

    /**
     * One answer's expectation.
     *
     * @param label the score in the answer
     * @param expectation Σ over the digits of place · E
     * @param withoutLabel the same, with 0 for the value of each of the label's own digits
     */
    public record Value(double label, double expectation, double withoutLabel) {
        /** Squared error, the summand of NCM. */
        public double squaredError() {
            return (expectation - label) * (expectation - label);
        }

        /** Squared error of what the remaining mass contributes, the summand of NCM*. */
        public double squaredErrorWithoutLabel() {
            return (withoutLabel - label) * (withoutLabel - label);
        }
    }

    /** Digits of a number's text, in order: {@code 10.50} has 1, 0, 5 and 0. */
    public static int[] digits(String number) {
        return number.chars()
                .filter(c -> c >= '0' && c <= '9')
                .map(c -> c - '0')
                .toArray();
    }

    /**
     * NCM as released.
     *
     * @param answer the label: a whole answer in the plain form, or the number alone
     * @param digitLogits [digits of the score][10], the logits of 0 to 9 where that digit is predicted
     * @return empty where the release defines nothing: no score, another form, not one integer digit, not one or two decimals
     */
    public static Optional<Value> released(String answer, double[][] digitLogits) {
        Optional<ScoreText.Found> found = ScoreText.find(answer);
        boolean defined = found.isPresent()
                && (found.get().form() == ScoreText.Form.PLAIN || found.get().form() == ScoreText.Form.NUMBER)
                && found.get().number().matches("\\d\\.\\d{1,2}");
        return defined ? corrected(answer, digitLogits) : Optional.empty();
    }

    /**
     * NCM of any answer that holds a score.
     *
     * @param answer the label: a whole answer in any form, or the number alone
     * @param digitLogits [digits of the score][10], the logits of 0 to 9 where that digit is predicted
     * @return empty without a score
     * @throws IllegalArgumentException if there are not as many rows of logits as the score has digits, or not ten in a row
     */
    public static Optional<Value> corrected(String answer, double[][] digitLogits) {
        Optional<ScoreText.Found> found = ScoreText.find(answer);
        return found.map(f -> ofNumber(f.number(), digitLogits));
    }

    private static Value ofNumber(String number, double[][] digitLogits) {
        int[] digits = digits(number);
        if (digitLogits.length != digits.length) {
            throw new IllegalArgumentException("digit_logits: " + digitLogits.length + " rows (expected: "
                    + digits.length + ", one for each digit of " + number + ")");
        }
        int point = number.indexOf('.');
        int decimals = point < 0 ? 0 : number.length() - point - 1;
        double sign = number.startsWith("-") ? -1 : 1;
        double expectation = 0;
        double withoutLabel = 0;
        for (int i = 0; i < digits.length; i++) {
            double[] p = softmax(digitLogits[i], i);
            double place = sign * place(digits.length - decimals - 1 - i);
            double mean = 0;
            for (int d = 0; d < DIGITS; d++) {
                mean += d * p[d];
            }
            expectation += place * mean;
            withoutLabel += place * (mean - digits[i] * p[digits[i]]);
        }
        return new Value(Double.parseDouble(number), expectation, withoutLabel);
    }

    /** 10 to a small power, exactly as the decimal literal says it. */
    private static double place(int power) {
        return Double.parseDouble("1e" + power);
    }

    /** Softmax over the ten digits, shifted by the largest logit so that nothing overflows. */
    private static double[] softmax(double[] logits, int row) {
        if (logits.length != DIGITS) {
            throw new IllegalArgumentException(
                    "digit_logits[" + row + "]: " + logits.length + " logits (expected: 10, of the digits 0 to 9)");
        }
        double largest = Double.NEGATIVE_INFINITY;
        for (double l : logits) {
            if (Double.isNaN(l) || l == Double.POSITIVE_INFINITY) {
                throw new IllegalArgumentException("digit_logits[" + row + "]: " + l + " (expected: finite logits)");
            }
            largest = Math.max(largest, l);
        }
        if (largest == Double.NEGATIVE_INFINITY) {
            throw new IllegalArgumentException("digit_logits[" + row + "]: all -Infinity (expected: finite logits)");
        }
        double[] p = new double[DIGITS];
        double sum = 0;
        for (int d = 0; d < DIGITS; d++) {
            p[d] = Math.exp(logits[d] - largest);
            sum += p[d];
        }
        for (int d = 0; d < DIGITS; d++) {
            p[d] /= sum;
        }
        return p;
    }
}
