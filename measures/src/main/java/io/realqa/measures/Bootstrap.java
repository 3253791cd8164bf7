package io.realqa.measures;

import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Nonparametric bootstrap over rows: percentile intervals (Efron 1979). Seeded: the same seed gives the same intervals on
 * any number of cores.
 *
 * @param resamples number of resamples
 * @param seed of the random numbers
 * @param confidence of the intervals, between 0 and 1
 */
public record Bootstrap(int resamples, long seed, double confidence) {
    /** Rows drawn in all, about: bounds the time for large samples, whose intervals are narrow and smooth anyway. */
    private static final long DRAWS = 20_000_000;

    private static final int FEWEST = 200;
    private static final int MOST = 2000;

    public Bootstrap {
        if (resamples < 0 || resamples > 1_000_000) {
            throw new IllegalArgumentException("resamples: " + resamples + " (expected: 0 to 1000000)");
        }
        if (!(confidence > 0 && confidence < 1)) {
            throw new IllegalArgumentException("confidence: " + confidence + " (expected: between 0 and 1)");
        }
    }

    /** 95 % intervals from 2000 resamples, fewer (at least 200) for more than 10,000 rows. */
    public static Bootstrap forRows(int rows, long seed) {
        return new Bootstrap((int) Math.max(FEWEST, Math.min(MOST, DRAWS / Math.max(1, rows))), seed, 0.95);
    }

    /** Interval of each measure, in the order of {@link Measure}. */
    public List<Interval> intervals(ScorePairs pairs) {
        double[][] values = draw(pairs.size(), times -> all(pairs, times));
        return Stream.of(Measure.values())
                .map(m -> interval(values, m.ordinal()))
                .toList();
    }

    /**
     * Intervals of PLCC and the errors, in the order of {@link Measure}; none for the rank correlations, which take the most
     * time and which a strictly monotone map leaves as they are.
     */
    public List<Interval> intervalsWithoutRanks(ScorePairs pairs) {
        double[][] values = draw(pairs.size(), times ->
                new double[] {pairs.plcc(times), Double.NaN, Double.NaN, pairs.mae(times), pairs.rmse(times)});
        return Stream.of(Measure.values())
                .map(m -> interval(values, m.ordinal()))
                .toList();
    }

    /** Interval of one statistic of the resamples, in column {@code column} of what {@link #draw} gave. */
    Interval interval(double[][] values, int column) {
        return Interval.middle(
                IntStream.range(0, values.length)
                        .mapToDouble(i -> values[i][column])
                        .toArray(),
                confidence);
    }

    /**
     * Statistics of every resample, in parallel: [resamples][…].
     *
     * @param statistics of a resample in which row i occurs {@code times[i]} times
     */
    double[][] draw(int rows, Function<int[], double[]> statistics) {
        if (rows == 0) {
            return new double[0][];
        }
        return IntStream.range(0, resamples)
                .parallel()
                .mapToObj(i -> statistics.apply(resample(rows, i)))
                .toArray(double[][]::new);
    }

    private int[] resample(int rows, int index) {
        SplittableRandom random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L + index);
        int[] times = new int[rows];
        for (int i = 0; i < rows; i++) {
            times[random.nextInt(rows)]++;
        }
        return times;
    }

    static double[] all(ScorePairs pairs, int[] times) {
        Agreement a = Agreement.of(pairs, times);
        return new double[] {a.plcc(), a.srcc(), a.krcc(), a.mae(), a.rmse()};
    }
}
