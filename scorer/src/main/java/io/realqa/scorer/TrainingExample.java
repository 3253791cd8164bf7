package io.realqa.scorer;

import io.realqa.scorer.image.VisualInput;
import java.util.List;
import java.util.OptionalDouble;

/**
 * One image and what is to be answered about it. All turns branch off the image's shared prefix, as in scoring.
 *
 * @param image as the checkpoint's preprocessing made it
 * @param turns questions with their whole answers
 * @param goal what the score question's distribution is trained towards, besides the turns
 */
public record TrainingExample(VisualInput image, List<Turn> turns, ScoreGoal goal) implements TrainingItem {
    public TrainingExample {
        turns = List.copyOf(turns);
        if (turns.isEmpty()) {
            throw new IllegalArgumentException("turns: 0 (expected: at least one)");
        }
    }

    /**
     * A question and its answer.
     *
     * @param before what the answer says before its value
     * @param value the value; the digits of a number get the digit-place weights
     * @param after what follows the value, without the end of the turn
     * @param kind of the value
     */
    public record Turn(String question, String before, String value, String after, Kind kind) {
        /** A turn whose answer is a profile's template with a value in it. */
        public static Turn of(String question, String template, String value, Kind kind) {
            int at = template.indexOf(ScoringProfile.VALUE);
            if (at < 0) {
                throw new IllegalArgumentException(
                        "answer: " + template + " (expected: a text with " + ScoringProfile.VALUE + ")");
            }
            String after = template.substring(at + ScoringProfile.VALUE.length());
            return new Turn(question, template.substring(0, at), value, after, kind);
        }
    }

    /** What a turn's value is. */
    public enum Kind {
        /** The profile's plain score answer: where soft labels apply. */
        SCORE,
        /** A score in another text. */
        NUMBER,
        /** Anything else. */
        TEXT
    }

    /**
     * What the score should be.
     *
     * @param mean opinion score on the profile's scale, for the expectation loss and soft labels; empty: neither
     * @param deviation standard deviation of the opinions, for soft labels; empty or 0: the label is exact
     */
    public record ScoreGoal(OptionalDouble mean, OptionalDouble deviation) {
        public static final ScoreGoal NONE = new ScoreGoal(OptionalDouble.empty(), OptionalDouble.empty());
    }
}
