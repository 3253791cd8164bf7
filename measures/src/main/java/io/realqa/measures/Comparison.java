package io.realqa.measures;

import java.util.List;
import java.util.stream.Stream;
import org.hipparchus.distribution.continuous.TDistribution;

/**
 * Two predictors compared on the same rows: second minus first.
 *
 * @param rows compared
 * @param differences of each measure, in the order of {@link Measure}
 * @param williamsPlcc Williams' test that both have the same PLCC
 * @param williamsSrcc the same test on ranks
 */
public record Comparison(int rows, List<Difference> differences, Williams williamsPlcc, Williams williamsSrcc) {

    /**
     * Difference of one measure.
     *
     * @param value second minus first
     * @param interval paired bootstrap: both predictors are measured on the same resampled rows
     * @param p two-sided achieved significance of the bootstrap, 2 · min(P(d ≤ 0), P(d ≥ 0)), never below
     *     2 / (resamples + 1); NaN if undefined
     */
    public record Difference(double value, Interval interval, double p) {}

    /**
     * Williams' test for two dependent correlations that share a variable, here the labels (Williams 1959, as recommended
     * by Steiger 1980, his equation 7).
     *
     * @param t statistic; NaN if undefined (fewer than four rows, a constant side, identical predictions)
     * @param degreesOfFreedom rows - 3
     * @param p two-sided
     */
    public record Williams(double t, int degreesOfFreedom, double p) {
        /**
         * @param first correlation of labels and first predictions
         * @param second correlation of labels and second predictions
         * @param between correlation of first and second predictions
         */
        public static Williams of(double first, double second, double between, int rows) {
            int freedom = rows - 3;
            double determinant = 1 - first * first - second * second - between * between + 2 * first * second * between;
            double mean = (first + second) / 2;
            double denominator = 2.0 * (rows - 1) / freedom * determinant + mean * mean * Math.pow(1 - between, 3);
            double t = (second - first) * Math.sqrt((rows - 1) * (1 + between) / denominator);
            if (freedom < 1 || !Double.isFinite(t)) {
                return new Williams(Double.NaN, Math.max(0, freedom), Double.NaN);
            }
            return new Williams(t, freedom, 2 * new TDistribution(freedom).cumulativeProbability(-Math.abs(t)));
        }
    }

    public Difference difference(Measure measure) {
        return differences.get(measure.ordinal());
    }

    /**
     * @param first labels and first predictions
     * @param second the same labels and second predictions
     * @throws IllegalArgumentException if the labels differ
     */
    public static Comparison of(ScorePairs first, ScorePairs second, Bootstrap bootstrap) {
        double[] labels = first.labels();
        double[] others = second.labels();
        if (labels.length != others.length) {
            throw new IllegalArgumentException(
                    "second: " + others.length + " rows (expected: " + labels.length + ", as the first has)");
        }
        for (int i = 0; i < labels.length; i++) {
            if (labels[i] != others[i] && !(Double.isNaN(labels[i]) && Double.isNaN(others[i]))) {
                throw new IllegalArgumentException("second: label " + others[i] + " in row " + i + " (expected: "
                        + labels[i] + ", as the first has)");
            }
        }
        Agreement a = Agreement.of(first);
        Agreement b = Agreement.of(second);
        double[][] drawn = bootstrap.draw(labels.length, times -> {
            double[] one = Bootstrap.all(first, times);
            double[] two = Bootstrap.all(second, times);
            for (int i = 0; i < one.length; i++) {
                two[i] -= one[i];
            }
            return two;
        });
        List<Difference> differences = Stream.of(Measure.values())
                .map(m -> new Difference(
                        b.get(m) - a.get(m), bootstrap.interval(drawn, m.ordinal()), significance(drawn, m.ordinal())))
                .toList();
        Agreement between = Agreement.of(first.predictions(), second.predictions());
        return new Comparison(
                labels.length,
                differences,
                Williams.of(a.plcc(), b.plcc(), between.plcc(), labels.length),
                Williams.of(a.srcc(), b.srcc(), between.srcc(), labels.length));
    }

    private static double significance(double[][] drawn, int column) {
        int below = 0;
        int above = 0;
        int defined = 0;
        for (double[] values : drawn) {
            if (!Double.isNaN(values[column])) {
                defined++;
                below += values[column] <= 0 ? 1 : 0;
                above += values[column] >= 0 ? 1 : 0;
            }
        }
        return defined == 0 ? Double.NaN : Math.min(1, 2.0 * (Math.min(below, above) + 1) / (defined + 1));
    }
}
