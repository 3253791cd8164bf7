package io.realqa.trainer.gate;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;

/**
 * Percentile bootstrap of a difference between two models on the same images: whole images are drawn again, with what
 * both models said of them (Efron and Tibshirani, An Introduction to the Bootstrap, chapter 13). The same seed gives the
 * same interval.
 */
final class PairedBootstrap {
    private PairedBootstrap() {}

    /**
     * A difference and its interval; the interval is NaN where the difference cannot be computed.
     *
     * @param low lower end of the two-sided interval
     * @param high upper end
     */
    record Interval(double difference, double low, double high) {}

    /**
     * @param images how many there are
     * @param difference computed for indices of images, which repeat; NaN: undefined for this draw
     */
    static Interval of(int images, double confidence, int resamples, long seed, ToDoubleFunction<int[]> difference) {
        int[] drawn = new int[images];
        for (int i = 0; i < images; i++) {
            drawn[i] = i;
        }
        double observed = difference.applyAsDouble(drawn);
        SplittableRandom random = new SplittableRandom(seed);
        double[] differences = new double[resamples];
        int defined = 0;
        for (int r = 0; r < resamples; r++) {
            for (int i = 0; i < images; i++) {
                drawn[i] = random.nextInt(images);
            }
            double d = difference.applyAsDouble(drawn);
            if (!Double.isNaN(d)) {
                differences[defined++] = d;
            }
        }
        if (Double.isNaN(observed) || defined < resamples / 2) {
            return new Interval(observed, Double.NaN, Double.NaN);
        }
        double[] sorted = Arrays.copyOf(differences, defined);
        Arrays.sort(sorted);
        double tail = (1 - confidence) / 2;
        return new Interval(observed, quantile(sorted, tail), quantile(sorted, 1 - tail));
    }

    /** Linear between the neighbours, as SciPy's and NumPy's default. */
    private static double quantile(double[] sorted, double q) {
        double at = q * (sorted.length - 1);
        int below = (int) Math.floor(at);
        int above = Math.min(sorted.length - 1, below + 1);
        return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
    }
}
