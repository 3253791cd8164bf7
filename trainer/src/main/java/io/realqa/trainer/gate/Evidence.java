package io.realqa.trainer.gate;

import java.util.List;
import java.util.Map;

/**
 * What is known of a candidate and of the adapter that serves, on the same held-out images.
 *
 * @param images each with its label and both predictions
 * @param series degradation series: scores by rising strength, of both
 */
public record Evidence(List<Judged> images, List<Series> series) {
    public Evidence {
        images = List.copyOf(images);
        series = List.copyOf(series);
    }

    /**
     * One held-out image.
     *
     * @param label mean opinion score
     * @param serving expectation of the serving model
     * @param candidate expectation of the candidate
     * @param slices what it belongs to, such as {@code platform} to {@code photos}
     * @param attributes whether each labelled attribute was answered right, by the attribute's name
     */
    public record Judged(
            String image,
            double label,
            double serving,
            double candidate,
            Map<String, String> slices,
            Map<String, RightOrWrong> attributes) {
        public Judged {
            slices = Map.copyOf(slices);
            attributes = Map.copyOf(attributes);
            if (!Double.isFinite(label) || !Double.isFinite(serving)) {
                throw new IllegalArgumentException(
                        image + ": label, serving: " + label + ", " + serving + " (expected: finite numbers)");
            }
        }
    }

    /** Whether the serving model and the candidate named an attribute's value as the label does. */
    public record RightOrWrong(boolean serving, boolean candidate) {}

    /**
     * One image degraded ever more: each score should be lower than the one before.
     *
     * @param degradation its name, such as {@code blur}
     * @param serving scores of the serving model by rising strength, the undamaged image first
     * @param candidate likewise
     */
    public record Series(String degradation, List<Double> serving, List<Double> candidate) {
        public Series {
            serving = List.copyOf(serving);
            candidate = List.copyOf(candidate);
            if (serving.size() < 2 || serving.size() != candidate.size()) {
                throw new IllegalArgumentException(degradation + ": " + serving.size() + " and " + candidate.size()
                        + " strengths (expected: the same number, at least 2)");
            }
        }
    }
}
