package io.realqa.trainer.live;

import io.realqa.events.DigitDistribution;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import java.util.Optional;

/** What the digit distributions of a score event say. Pure. */
final class DigitReading {
    private static final int DIGITS = 10;
    /**
     * The event has each place's distribution over all answers; NCM wants it after the label's own digits. They are the
     * same, within this much, where the model is that sure of the label's digits before.
     */
    private static final double SURE = 0.99;

    private DigitReading() {}

    /** NCM's and NCM*'s squared errors of one label. */
    record Ncm(double squaredError, double squaredErrorWithoutLabel) {}

    /**
     * NCM of a label, in measures.Ncm's sense.
     *
     * @param digits the highest place first
     * @return empty where the event does not determine it
     */
    static Optional<Ncm> ncm(List<DigitDistribution> digits, double label) {
        if (digits.isEmpty() || !(label >= 0)) {
            return Optional.empty();
        }
        int last = digits.get(digits.size() - 1).getPlace();
        BigDecimal rounded = BigDecimal.valueOf(label).setScale(Math.max(0, -last), RoundingMode.HALF_EVEN);
        double expectation = 0;
        double without = 0;
        boolean sure = true;
        for (DigitDistribution place : digits) {
            if (!sure) {
                return Optional.empty();
            }
            int own = digit(rounded, place.getPlace());
            double mean = 0;
            for (int d = 0; d < DIGITS; d++) {
                mean += d * place.getProbabilities().get(d);
            }
            double p = place.getProbabilities().get(own);
            double unit = Math.pow(10, place.getPlace());
            expectation += unit * mean;
            without += unit * (mean - own * p);
            sure = p >= SURE;
        }
        double of = rounded.doubleValue();
        return Optional.of(new Ncm((expectation - of) * (expectation - of), (without - of) * (without - of)));
    }

    private static int digit(BigDecimal number, int place) {
        return number.movePointRight(-place)
                .setScale(0, RoundingMode.DOWN)
                .remainder(BigDecimal.TEN)
                .intValue();
    }

    /** The number that each place's most probable digit makes. */
    static double mostProbable(List<DigitDistribution> digits) {
        double number = 0;
        for (DigitDistribution place : digits) {
            int best = 0;
            for (int d = 1; d < DIGITS; d++) {
                if (place.getProbabilities().get(d) > place.getProbabilities().get(best)) {
                    best = d;
                }
            }
            number += best * Math.pow(10, place.getPlace());
        }
        return number;
    }

    /** Mean over the places of the entropy of a digit, in nats; NaN without digits. */
    static double entropy(List<DigitDistribution> digits) {
        double sum = 0;
        for (DigitDistribution place : digits) {
            for (double p : place.getProbabilities()) {
                sum -= p > 0 ? p * Math.log(p) : 0;
            }
        }
        return sum / digits.size();
    }
}
