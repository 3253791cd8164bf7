package io.realqa.scorer;

import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * What the model says of one image.
 *
 * <p>The fast and the form mode read distributions; in the form mode they are those given the form up to there. The
 * greedy and the prose mode generate text and know none: NaN and empty here.
 *
 * @param expectation mean score under the model's distribution over the allowed scores, on the profile's scale; else the
 *     number of the generated text
 * @param standardDeviation of that distribution
 * @param low its 5 % quantile
 * @param high its 95 % quantile
 * @param digits marginal distributions of the digits, the highest place first
 * @param offGrammarMass probability that the model gave to anything but an allowed score, before normalising: a sign to
 *     abstain
 * @param prunedMass probability of branches too small to be followed; it is spread evenly over their scores
 * @param attributes the attributes that the profile asks for, in its order; from generated text without those whose
 *     answer was not among the allowed values
 * @param text the generated answer; null in fast mode
 * @param greedy the digits that greedy decoding would give, with their distributions; null where they are not known: in
 *     other modes than the fast one, for clips, and where the tokenizer does not give each digit a token of its own
 * @param clip the frames behind a clip's score; null: an image
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
        @Nullable String text,
        @Nullable Greedy greedy,
        @Nullable Clip clip) {

    /** An image's score of which the greedy digits are not known. */
    public Score(
            double expectation,
            double standardDeviation,
            double low,
            double high,
            List<Digit> digits,
            double offGrammarMass,
            double prunedMass,
            List<Attribute> attributes,
            @Nullable String text) {
        this(
                expectation,
                standardDeviation,
                low,
                high,
                digits,
                offGrammarMass,
                prunedMass,
                attributes,
                text,
                null,
                null);
    }

    public Score {
        digits = List.copyOf(digits);
        attributes = List.copyOf(attributes);
    }

    /** What a generated text says; the distribution is not known. number: NaN where the text states none. */
    static Score ofText(double number, List<Attribute> attributes, String text) {
        return new Score(number, Double.NaN, Double.NaN, Double.NaN, List.of(), Double.NaN, 0, attributes, text);
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
     * The score that the most probable digits make, one after the other.
     *
     * @param number as text, such as 6.59
     * @param logProbabilities [digits of number][10]: of the digits 0 to 9 where each is predicted, given those before
     *     it, over the full vocabulary; so they are logits up to a constant. Negative infinity for digits that no allowed
     *     score has there
     */
    @SuppressWarnings("ArrayRecordComponent")
    public record Greedy(String number, double[][] logProbabilities) {}

    /**
     * The frames of a clip.
     *
     * @param seconds length that the clip's header states; 0 where it states none
     */
    public record Clip(double seconds, List<Frame> frames) {
        public Clip {
            frames = List.copyOf(frames);
        }
    }

    /**
     * One frame's own score.
     *
     * @param seconds from the clip's start
     */
    public record Frame(double seconds, double expectation, double standardDeviation, double offGrammarMass) {}

    /** The same with the frames that it was made of. */
    public Score withClip(Clip frames) {
        return new Score(
                expectation,
                standardDeviation,
                low,
                high,
                digits,
                offGrammarMass,
                prunedMass,
                attributes,
                text,
                greedy,
                frames);
    }

    /**
     * One attribute.
     *
     * @param value the most probable allowed value; in the form mode the one in the text, which greedy decoding gave. Or
     *     free words
     * @param probabilities of every allowed value, in the profile's order; they sum to 1. Empty where they are not known
     * @param expectation mean of the values where all are numbers
     * @param offGrammarMass as for the score
     * @param reason why, in the model's words, where it was asked; else null
     */
    public record Attribute(
            String name,
            ScoringProfile.Level level,
            String value,
            Map<String, Double> probabilities,
            OptionalDouble expectation,
            double offGrammarMass,
            @Nullable String reason) {
        /** An attribute without a reason. */
        public Attribute(
                String name,
                ScoringProfile.Level level,
                String value,
                Map<String, Double> probabilities,
                OptionalDouble expectation,
                double offGrammarMass) {
            this(name, level, value, probabilities, expectation, offGrammarMass, null);
        }
    }
}
