package io.realqa.scorer;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Probabilities of a question's values.
 *
 * @param values in the profile's order; for the score ascending
 * @param probabilities normalised: they sum to 1
 * @param offGrammarMass what was missing to 1 before normalising
 * @param prunedMass part of the mass before normalising that was spread evenly over a branch
 */
record ValueDistribution(List<String> values, double[] probabilities, double offGrammarMass, double prunedMass) {

    /** Normalises masses; a model that gives none of the values any probability has none to prefer. */
    static ValueDistribution of(List<String> values, double[] masses, double prunedMass) {
        double sum = Arrays.stream(masses).sum();
        double[] p = Arrays.stream(masses)
                .map(m -> sum > 0 ? m / sum : 1.0 / masses.length)
                .toArray();
        return new ValueDistribution(values, p, Math.min(1, Math.max(0, 1 - sum)), prunedMass);
    }

    String mostProbable() {
        int best = 0;
        for (int i = 1; i < probabilities.length; i++) {
            best = probabilities[i] > probabilities[best] ? i : best;
        }
        return values.get(best);
    }

    /** The values as numbers; NaN where one is none. */
    double[] numbers() {
        return values.stream()
                .mapToDouble(v -> v.matches("\\d+(\\.\\d+)?") ? Double.parseDouble(v) : Double.NaN)
                .toArray();
    }

    /** E = sum of p(v) v; NaN if a value is not a number. */
    double expectation() {
        double[] numbers = numbers();
        double sum = 0;
        for (int i = 0; i < numbers.length; i++) {
            sum += probabilities[i] * numbers[i];
        }
        return sum;
    }

    double standardDeviation() {
        double[] numbers = numbers();
        double mean = expectation();
        double sum = 0;
        for (int i = 0; i < numbers.length; i++) {
            sum += probabilities[i] * (numbers[i] - mean) * (numbers[i] - mean);
        }
        return Math.sqrt(sum);
    }

    /** The smallest value up to which the probability reaches q, the values being ascending. */
    double quantile(double q) {
        double sum = 0;
        for (int i = 0; i < probabilities.length; i++) {
            sum += probabilities[i];
            if (sum >= q) {
                return Double.parseDouble(values.get(i));
            }
        }
        return Double.parseDouble(values.get(values.size() - 1));
    }

    /** Marginal distribution of every decimal place that a value has, the highest first. */
    List<Score.Digit> digits(int decimals) {
        int integerPlaces = values.get(values.size() - 1).split("\\.", -1)[0].length();
        List<Score.Digit> digits = new ArrayList<>();
        for (int place = integerPlaces - 1; place >= -decimals; place--) {
            Double[] p = new Double[10];
            Arrays.fill(p, 0.0);
            for (int i = 0; i < probabilities.length; i++) {
                int digit = new BigDecimal(values.get(i))
                        .movePointLeft(place)
                        .setScale(0, RoundingMode.FLOOR)
                        .remainder(BigDecimal.TEN)
                        .intValue();
                p[digit] += probabilities[i];
            }
            digits.add(new Score.Digit(place, Arrays.asList(p)));
        }
        return digits;
    }
}
