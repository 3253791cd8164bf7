package io.realqa.scorer;

import io.realqa.scorer.image.VisualInput;
import java.util.List;

/**
 * A conversation about one image, in its own words; every answer is learnt, nothing else is. The image stands in the first
 * question.
 *
 * @param where the conversation comes from, for messages
 * @param before the chat before the image
 * @param exchanges the first question from behind the image on, its answer, and what else was asked
 * @param cutoffLength most tokens, the image's included; what is longer is cut as LLaMA-Factory does it
 */
public record TrainingChat(String where, VisualInput image, String before, List<Exchange> exchanges, int cutoffLength)
        implements TrainingItem {
    public TrainingChat {
        exchanges = List.copyOf(exchanges);
        if (exchanges.isEmpty()) {
            throw new IllegalArgumentException(where + ": exchanges: 0 (expected: at least one)");
        }
        if (cutoffLength < 1) {
            throw new IllegalArgumentException("cutoffLength: " + cutoffLength + " (expected: at least 1)");
        }
    }

    /**
     * A question and its answer.
     *
     * @param source the chat up to the answer, in ChatML
     * @param target the answer and the end of the turn
     * @param firstDigit of a score in the answer, counted over all its digits from 0
     * @param endDigit after the last one; equal to firstDigit: no score whose digits are to be read
     */
    public record Exchange(String source, String target, int firstDigit, int endDigit) {}
}
