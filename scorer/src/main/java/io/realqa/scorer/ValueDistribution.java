package io.realqa.scorer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Probabilities of a question's values.
 *
 * @param answers in the profile's order; for the score ascending
 * @param probabilities normalised: they sum to 1
 * @param offGrammarMass what was missing to 1 before normalising
 * @param prunedMass part of the mass before normalising that was spread evenly over a branch
 * @param greedy a score's most probable digits; null where they are not known
 */
record ValueDistribution(
        AnswerValues answers,
        double[] probabilities,
        double offGrammarMass,
        double prunedMass,
        Score.@Nullable Greedy greedy) {

    ValueDistribution(AnswerValues answers, double[] probabilities, double offGrammarMass, double prunedMass) {
        this(answers, probabilities, offGrammarMass, prunedMass, null);
    }

    ValueDistribution withGreedy(Score.@Nullable Greedy digits) {
        return new ValueDistribution(answers, probabilities, offGrammarMass, prunedMass, digits);
    }

    /** Normalises masses; a model that gives none of the values any probability has none to prefer. */
    static ValueDistribution of(AnswerValues answers, double[] masses, double prunedMass) {
        double sum = Arrays.stream(masses).sum();
        double[] p = Arrays.stream(masses)
                .map(m -> sum > 0 ? m / sum : 1.0 / masses.length)
                .toArray();
        return new ValueDistribution(answers, p, Math.min(1, Math.max(0, 1 - sum)), prunedMass);
    }

    List<String> values() {
        return answers.texts();
    }

    String mostProbable() {
        int best = 0;
        for (int i = 1; i < probabilities.length; i++) {
            best = probabilities[i] > probabilities[best] ? i : best;
        }
        return values().get(best);
    }

    /** E = sum of p(v) v; NaN if a value is not a number. */
    double expectation() {
        double sum = 0;
        for (int i = 0; i < probabilities.length; i++) {
            sum += probabilities[i] * answers.number(i);
        }
        return sum;
    }

    double standardDeviation() {
        double mean = expectation();
        double sum = 0;
        for (int i = 0; i < probabilities.length; i++) {
            double off = answers.number(i) - mean;
            sum += probabilities[i] * off * off;
        }
        return Math.sqrt(sum);
    }

    /** The smallest value up to which the probability reaches q, the values being ascending. */
    double quantile(double q) {
        double sum = 0;
        int last = probabilities.length - 1;
        for (int i = 0; i < last; i++) {
            sum += probabilities[i];
            if (sum >= q) {
                return answers.number(i);
            }
        }
        return answers.number(last);
    }

    /** Marginal distribution of every decimal place that a value has, the highest first. */
    List<Score.Digit> digits(int decimals) {
        List<String> values = values();
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
