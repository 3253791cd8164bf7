package io.realqa.scorer;

import java.util.List;

/**
 * What is minimised: cross entropy over the answers' tokens, each worth 1 divided by all of a step, and optionally the
 * squared error of the expected score.
 *
 * @param digitWeights what the digits of a score are worth, from the first; later ones count as the last. Empty: 1
 * @param expectationWeight of the squared error of the score's expectation, averaged over the images that have a score.
 *     The expectation is that of the fast mode: over the tree of digits, down to the level that every image feeds
 * @param softLabels train the score's digits towards a normal distribution around the mean opinion, as wide as the
 *     opinions' deviation, instead of the label's own digits alone. Below the level that every image feeds only the
 *     label's own branch is followed
 */
public record LossSettings(List<Double> digitWeights, double expectationWeight, boolean softLabels) {
    /** Plain cross entropy. */
    public static final LossSettings PLAIN = new LossSettings(List.of(), 0, false);

    public LossSettings {
        digitWeights = List.copyOf(digitWeights);
        for (double w : digitWeights) {
            if (!(w > 0) || Double.isInfinite(w)) {
                throw new IllegalArgumentException("digitWeights: " + digitWeights + " (expected: above 0)");
            }
        }
        if (!(expectationWeight >= 0) || Double.isInfinite(expectationWeight)) {
            throw new IllegalArgumentException("expectationWeight: " + expectationWeight + " (expected: 0 or more)");
        }
    }

    double digitWeight(int place) {
        return digitWeights.isEmpty() ? 1 : digitWeights.get(Math.min(place, digitWeights.size() - 1));
    }
}
