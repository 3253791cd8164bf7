package io.realqa.measures;

import java.util.Arrays;
import org.hipparchus.stat.inference.KolmogorovSmirnovTest;

/** How far a distribution of scores moved from a reference. Needs no labels. */
public final class Drift {
    /** A bin's share is taken as at least this, or an empty bin would make the index infinite. */
    private static final double LEAST_SHARE = 1e-4;

    private Drift() {}

    /**
     * Kolmogorov and Smirnov's two-sample test.
     *
     * @param statistic largest distance between the two distribution functions, 0 to 1
     * @param p of the limiting distribution: good from some dozen values a side, conservative where values tie
     */
    public record KolmogorovSmirnov(double statistic, double p) {}

    /**
     * Population stability index: Σ (current - reference) · ln(current / reference) over bins that cut the reference into
     * equal parts. Below 0.1 is commonly read as stable, above 0.25 as moved.
     *
     * @param reference finite, at least one value
     * @param current finite, at least one value
     * @param bins at least 2; equal cuts are one
     */
    public static double populationStability(double[] reference, double[] current, int bins) {
        requireValues("reference", reference);
        requireValues("current", current);
        if (bins < 2) {
            throw new IllegalArgumentException("bins: " + bins + " (expected: at least 2)");
        }
        double[] sorted = reference.clone();
        Arrays.sort(sorted);
        double[] cuts = new double[bins - 1];
        for (int i = 0; i < cuts.length; i++) {
            cuts[i] = Interval.quantile(sorted, (i + 1.0) / bins);
        }
        cuts = Arrays.stream(cuts).distinct().toArray();
        double[] expected = shares(reference, cuts);
        double[] actual = shares(current, cuts);
        double index = 0;
        for (int i = 0; i < expected.length; i++) {
            double e = Math.max(LEAST_SHARE, expected[i]);
            double a = Math.max(LEAST_SHARE, actual[i]);
            index += (a - e) * Math.log(a / e);
        }
        return index;
    }

    /** A value equal to a cut belongs to the bin below it. */
    private static double[] shares(double[] values, double[] cuts) {
        double[] shares = new double[cuts.length + 1];
        for (double value : values) {
            int bin = 0;
            while (bin < cuts.length && value > cuts[bin]) {
                bin++;
            }
            shares[bin] += 1.0 / values.length;
        }
        return shares;
    }

    /**
     * @param reference finite, at least one value
     * @param current finite, at least one value
     */
    public static KolmogorovSmirnov kolmogorovSmirnov(double[] reference, double[] current) {
        requireValues("reference", reference);
        requireValues("current", current);
        double[] a = reference.clone();
        double[] b = current.clone();
        Arrays.sort(a);
        Arrays.sort(b);
        double largest = 0;
        for (int i = 0, j = 0; i < a.length && j < b.length; ) {
            double value = Math.min(a[i], b[j]);
            while (i < a.length && a[i] == value) {
                i++;
            }
            while (j < b.length && b[j] == value) {
                j++;
            }
            largest = Math.max(largest, Math.abs((double) i / a.length - (double) j / b.length));
        }
        double p = new KolmogorovSmirnovTest().approximateP(largest, a.length, b.length);
        return new KolmogorovSmirnov(largest, Math.max(0, Math.min(1, p)));
    }

    private static void requireValues(String name, double[] values) {
        if (values.length == 0) {
            throw new IllegalArgumentException(name + ": no values (expected: at least 1)");
        }
        for (double v : values) {
            if (!Double.isFinite(v)) {
                throw new IllegalArgumentException(name + ": " + v + " (expected: finite numbers)");
            }
        }
    }
}
