package io.realqa.scorer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Probabilities of a question's values.
 *
 * @param values in the profile's order; for the score ascending
 * @param probabilities normalised: they sum to 1
 * @param offGrammarMass what was missing to 1 before normalising
 * @param prunedMass part of the mass before normalising that was spread evenly over a branch
 * @param greedy a score's most probable digits; null where they are not known
 */
record ValueDistribution(
        List<String> values,
        double[] probabilities,
        double offGrammarMass,
        double prunedMass,
        Score.@Nullable Greedy greedy) {

    ValueDistribution(List<String> values, double[] probabilities, double offGrammarMass, double prunedMass) {
        this(values, probabilities, offGrammarMass, prunedMass, null);
    }

    ValueDistribution withGreedy(Score.@Nullable Greedy digits) {
        return new ValueDistribution(values, probabilities, offGrammarMass, prunedMass, digits);
    }

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
        return values.stream().mapToDouble(ValueDistribution::number).toArray();
    }

    /** Digits, and perhaps a point and digits; of a thousand values a pattern would take longer than the model. */
    private static double number(String value) {
        int point = value.indexOf('.');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (i == point ? i == 0 || i == value.length() - 1 : c < '0' || c > '9') {
                return Double.NaN;
            }
        }
        return value.isEmpty() ? Double.NaN : Double.parseDouble(value);
    }

    /** E = sum of p(v) v; NaN if a value is not a number. */
    double expectation() {
        return expectation(numbers());
    }

    private double expectation(double[] numbers) {
        double sum = 0;
        for (int i = 0; i < numbers.length; i++) {
            sum += probabilities[i] * numbers[i];
        }
        return sum;
    }

    double standardDeviation() {
        double[] numbers = numbers();
        double mean = expectation(numbers);
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
            double[] p = new double[10];
            for (int i = 0; i < probabilities.length; i++) {
                p[digit(values.get(i), place)] += probabilities[i];
            }
            digits.add(new Score.Digit(place, Arrays.stream(p).boxed().toList()));
        }
        return digits;
    }

    /** The digit of a number in plain notation at a power of ten. */
    private static int digit(String value, int place) {
        int point = value.indexOf('.');
        int integers = point < 0 ? value.length() : point;
        int at = place < 0 ? integers - place : integers - 1 - place;
        return at < 0 || at >= value.length() ? 0 : value.charAt(at) - '0';
    }
}
