package io.realqa.measures;

/**
 * How well predictions agree with labels. A measure that is undefined is NaN: the correlations for fewer than two rows
 * or a constant side, all of them for no rows or where a value is NaN, all but the rank correlations where one is infinite.
 *
 * @param rows that were compared
 * @param plcc Pearson's linear correlation
 * @param srcc Spearman's rank correlation, ties with their average rank
 * @param krcc Kendall's tau-b
 * @param mae mean absolute error, in the labels' unit
 * @param rmse root of the mean squared error, in the labels' unit
 */
public record Agreement(int rows, double plcc, double srcc, double krcc, double mae, double rmse) {
    /** O(n log n). */
    public static Agreement of(ScorePairs pairs) {
        return of(pairs, pairs.once());
    }

    public static Agreement of(double[] labels, double[] predictions) {
        return of(new ScorePairs(labels, predictions));
    }

    /** With row i counted {@code times[i]} times. */
    static Agreement of(ScorePairs pairs, int[] times) {
        return new Agreement(
                pairs.size(),
                pairs.plcc(times),
                pairs.srcc(times),
                pairs.krcc(times),
                pairs.mae(times),
                pairs.rmse(times));
    }

    /** One measure by name. */
    public double get(Measure measure) {
        return switch (measure) {
            case PLCC -> plcc;
            case SRCC -> srcc;
            case KRCC -> krcc;
            case MAE -> mae;
            case RMSE -> rmse;
        };
    }
}
