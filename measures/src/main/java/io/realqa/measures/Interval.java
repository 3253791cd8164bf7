package io.realqa.measures;

import java.util.Arrays;

/**
 * A two-sided interval; both ends are NaN if there is none.
 *
 * @param low lower end
 * @param high upper end
 */
public record Interval(double low, double high) {
    /** The middle {@code confidence} of the values; NaN among them are left out. */
    static Interval middle(double[] values, double confidence) {
        double[] sorted =
                Arrays.stream(values).filter(v -> !Double.isNaN(v)).sorted().toArray();
        return new Interval(quantile(sorted, (1 - confidence) / 2), quantile(sorted, 1 - (1 - confidence) / 2));
    }

    /** Linear between the order statistics (type 7 of Hyndman and Fan, NumPy's default). */
    static double quantile(double[] sorted, double q) {
        if (sorted.length == 0) {
            return Double.NaN;
        }
        double at = q * (sorted.length - 1);
        int below = (int) Math.floor(at);
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
    }
}
