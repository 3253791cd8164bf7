package io.realqa.measures;

import java.util.Arrays;

/**
 * Labels and predictions of the same rows, with what every measure over them needs worked out once. A row can count
 * several times, or not at all: that is how a bootstrap resample is measured in O(n) for PLCC and SRCC and
 * O(n log n) for KRCC, without sorting again. Immutable.
 */
public final class ScorePairs {
    private final double[] labels;
    private final double[] predictions;
    private final DenseRanks labelRanks;
    private final DenseRanks predictionRanks;
    private final int[] byLabel;
    private final boolean finite;
    private final boolean ordered;

    /**
     * @param labels [n]
     * @param predictions [n]; where a value is NaN, every measure is NaN; where one is infinite, all but the rank correlations
     * @throws IllegalArgumentException if the lengths differ
     */
    public ScorePairs(double[] labels, double[] predictions) {
        if (labels.length != predictions.length) {
            throw new IllegalArgumentException("predictions: " + predictions.length + " values (expected: "
                    + labels.length + ", one for each label)");
        }
        this.labels = labels.clone();
        this.predictions = predictions.clone();
        this.finite = Arrays.stream(labels).allMatch(Double::isFinite)
                && Arrays.stream(predictions).allMatch(Double::isFinite);
        this.ordered = Arrays.stream(labels).noneMatch(Double::isNaN)
                && Arrays.stream(predictions).noneMatch(Double::isNaN);
        this.labelRanks = ordered ? DenseRanks.of(labels) : new DenseRanks(new int[0], 0);
        this.predictionRanks = ordered ? DenseRanks.of(predictions) : new DenseRanks(new int[0], 0);
        this.byLabel = labelRanks.order();
    }

    /** Rows. */
    public int size() {
        return labels.length;
    }

    /** Labels, a copy: [n]. */
    public double[] labels() {
        return labels.clone();
    }

    /** Predictions, a copy: [n]. */
    public double[] predictions() {
        return predictions.clone();
    }

    /** The same labels with other predictions. */
    public ScorePairs withPredictions(double[] others) {
        return new ScorePairs(labels, others);
    }

    /** Whether no value is NaN or infinite. */
    public boolean isFinite() {
        return finite;
    }

    public boolean labelsAreConstant() {
        return ordered && labelRanks.distinct() < 2;
    }

    public boolean predictionsAreConstant() {
        return ordered && predictionRanks.distinct() < 2;
    }

    int[] once() {
        int[] times = new int[labels.length];
        Arrays.fill(times, 1);
        return times;
    }

    /** Pearson's linear correlation; NaN if undefined (fewer than two rows, a constant side). */
    double plcc(int[] times) {
        return finite && varies(labelRanks, times) && varies(predictionRanks, times)
                ? pearson(labels, predictions, times)
                : Double.NaN;
    }

    /** Spearman's rank correlation, ties with their average rank; NaN if undefined. */
    double srcc(int[] times) {
        if (!ordered || !varies(labelRanks, times) || !varies(predictionRanks, times)) {
            return Double.NaN;
        }
        return pearson(averageRanks(labelRanks, times), averageRanks(predictionRanks, times), times);
    }

    /**
     * Kendall's tau-b; NaN if undefined. Rows are taken in the order of their labels; a Fenwick tree over the
     * predictions' ranks counts how many earlier ones were smaller and larger (Knight 1966 with a tree for the merge).
     */
    double krcc(int[] times) {
        if (!ordered || labels.length == 0) {
            return Double.NaN;
        }
        long[] seen = new long[predictionRanks.distinct() + 1];
        long[] same = new long[predictionRanks.distinct()];
        long seenTotal = 0;
        long concordantMinusDiscordant = 0;
        int[] label = labelRanks.rank();
        int[] prediction = predictionRanks.rank();
        for (int start = 0, end; start < byLabel.length; start = end) {
            end = start;
            while (end < byLabel.length && label[byLabel[end]] == label[byLabel[start]]) {
                int row = byLabel[end++];
                if (times[row] > 0) {
                    long smaller = below(seen, prediction[row]);
                    long larger = seenTotal - smaller - same[prediction[row]];
                    concordantMinusDiscordant += times[row] * (smaller - larger);
                }
            }
            for (int i = start; i < end; i++) { // only now: equal labels make no pair
                int row = byLabel[i];
                seenTotal += times[row];
                same[prediction[row]] += times[row];
                for (int at = prediction[row] + 1; at < seen.length; at += at & -at) {
                    seen[at] += times[row];
                }
            }
        }
        double pairs = seenTotal * (seenTotal - 1L) / 2;
        double untiedLabels = pairs - tiedPairs(labelRanks.tally(times));
        double untiedPredictions = pairs - tiedPairs(predictionRanks.tally(times));
        if (untiedLabels == 0 || untiedPredictions == 0) {
            return Double.NaN;
        }
        double tau = concordantMinusDiscordant / Math.sqrt(untiedLabels) / Math.sqrt(untiedPredictions);
        return Math.max(-1, Math.min(1, tau));
    }

    /** Mean absolute error. */
    double mae(int[] times) {
        double sum = 0;
        long rows = 0;
        for (int i = 0; i < times.length; i++) {
            sum += times[i] * Math.abs(predictions[i] - labels[i]);
            rows += times[i];
        }
        return finite ? sum / rows : Double.NaN;
    }

    /** Root of the mean squared error. */
    double rmse(int[] times) {
        double sum = 0;
        long rows = 0;
        for (int i = 0; i < times.length; i++) {
            double error = predictions[i] - labels[i];
            sum += times[i] * error * error;
            rows += times[i];
        }
        return finite ? Math.sqrt(sum / rows) : Double.NaN;
    }

    private static boolean varies(DenseRanks ranks, int[] times) {
        int first = -1;
        for (int i = 0; i < times.length; i++) {
            if (times[i] > 0) {
                if (first < 0) {
                    first = ranks.rank()[i];
                } else if (ranks.rank()[i] != first) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Two passes: the sums of the textbook's one-pass formula cancel. */
    private static double pearson(double[] x, double[] y, int[] times) {
        double meanX = 0;
        double meanY = 0;
        long rows = 0;
        for (int i = 0; i < times.length; i++) {
            meanX += times[i] * x[i];
            meanY += times[i] * y[i];
            rows += times[i];
        }
        meanX /= rows;
        meanY /= rows;
        double xx = 0;
        double yy = 0;
        double xy = 0;
        for (int i = 0; i < times.length; i++) {
            double dx = x[i] - meanX;
            double dy = y[i] - meanY;
            xx += times[i] * dx * dx;
            yy += times[i] * dy * dy;
            xy += times[i] * dx * dy;
        }
        return Math.max(-1, Math.min(1, xy / Math.sqrt(xx) / Math.sqrt(yy)));
    }

    private static double[] averageRanks(DenseRanks ranks, int[] times) {
        long[] tally = ranks.tally(times);
        double[] ofValue = new double[tally.length];
        long before = 0;
        for (int r = 0; r < tally.length; r++) {
            ofValue[r] = before + (tally[r] + 1) / 2.0;
            before += tally[r];
        }
        double[] ofRow = new double[times.length];
        for (int i = 0; i < ofRow.length; i++) {
            ofRow[i] = ofValue[ranks.rank()[i]];
        }
        return ofRow;
    }

    /** Sum of the first {@code ranks} tallies of a Fenwick tree. */
    private static long below(long[] tree, int ranks) {
        long sum = 0;
        for (int at = ranks; at > 0; at -= at & -at) {
            sum += tree[at];
        }
        return sum;
    }

    private static double tiedPairs(long[] tally) {
        double tied = 0;
        for (long t : tally) {
            tied += t * (t - 1.0) / 2;
        }
        return tied;
    }
}
