package io.realqa.cli.predict;

import io.realqa.measures.ScoreText;
import java.util.Optional;

/** Which digits of a label are its score's. */
final class LabelScore {
    private LabelScore() {}

    /** First and end index among all ASCII digits of the label; equal where it has no score. */
    static int[] digits(String label) {
        Optional<ScoreText.Found> score = ScoreText.find(label);
        if (score.isEmpty()) {
            return new int[] {0, 0};
        }
        int first = count(label, 0, score.get().start());
        return new int[] {
            first, first + count(label, score.get().start(), score.get().end())
        };
    }

    private static int count(String text, int from, int to) {
        return (int) text.substring(from, to)
                .chars()
                .filter(c -> c >= '0' && c <= '9')
                .count();
    }
}
