package io.realqa.scorer;

import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * What the model says of one image.
 *
 * @param expectation mean score under the model's distribution over the allowed scores, on the profile's scale; in
 *     greedy mode the number of the generated text
 * @param standardDeviation of that distribution; NaN in greedy mode, which knows no distribution
 * @param low its 5 % quantile; NaN in greedy mode
 * @param high its 95 % quantile; NaN in greedy mode
 * @param digits marginal distributions of the digits, the highest place first; empty in greedy mode
 * @param offGrammarMass probability that the model gave to anything but an allowed score, before normalising: a sign to
 *     abstain; NaN in greedy mode
 * @param prunedMass probability of branches too small to be followed; it is spread evenly over their scores
 * @param attributes the attributes that the profile asks for, in its order; in greedy mode without those whose answer
 *     was not among the allowed values
 * @param text the generated answer, in greedy mode
 */
public record Score(
        double expectation,
        double standardDeviation,
        double low,
        double high,
        List<Digit> digits,
        double offGrammarMass,
        double prunedMass,
        List<Attribute> attributes,
        @Nullable String text) {

    public Score {
        digits = List.copyOf(digits);
        attributes = List.copyOf(attributes);
    }

    /**
     * Distribution of one decimal place of the score.
     *
     * @param place power of ten: 0 units, -1 tenths
     * @param probabilities of the digits 0 to 9
     */
    public record Digit(int place, List<Double> probabilities) {
        public Digit {
            probabilities = List.copyOf(probabilities);
        }
    }

    /**
     * One attribute.
     *
     * @param value the most probable allowed value
     * @param probabilities of every allowed value, in the profile's order; they sum to 1. Empty in greedy mode
     * @param expectation mean of the values where all are numbers
     * @param offGrammarMass as for the score
     */
    public record Attribute(
            String name,
            ScoringProfile.Level level,
            String value,
            Map<String, Double> probabilities,
            OptionalDouble expectation,
            double offGrammarMass) {}
}
