package io.realqa.trainer.training;

import java.util.Map;

/**
 * What a model says of a labelled image.
 *
 * @param expectation of the score
 * @param deviation standard deviation of the model's distribution
 * @param low its 5 % quantile
 * @param high its 95 % quantile
 * @param attributes most probable value of each attribute that the profile asks for
 */
public record Prediction(
        LabelledImage image,
        double expectation,
        double deviation,
        double low,
        double high,
        Map<String, String> attributes) {
    /** The label's score, NaN if it has none. */
    public double label() {
        return image.label().score().orElse(Double.NaN);
    }
}
