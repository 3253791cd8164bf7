package io.realqa.measures;

import java.util.ArrayList;
import java.util.List;

/**
 * Calibration: whether what is predicted is what people say, on average, all along the scale.
 *
 * @param bins of equally many rows, by prediction
 * @param error mean over the rows of the bins' |mean prediction - mean label|, in the labels' unit
 */
public record Reliability(List<Bin> bins, double error) {
    /**
     * @param rows in the bin
     * @param prediction mean
     * @param label mean
     */
    public record Bin(int rows, double prediction, double label) {}

    /**
     * @param most number of bins; there are fewer where predictions tie, as equal ones stay together
     */
    public static Reliability of(ScorePairs pairs, int most) {
        List<Bin> bins = new ArrayList<>();
        if (!pairs.isFinite()) {
            return new Reliability(List.of(), Double.NaN);
        }
        double[] labels = pairs.labels();
        double[] predictions = pairs.predictions();
        int[] order = DenseRanks.of(predictions).order();
        double error = 0;
        for (int bin = 0, start = 0; bin < most && start < order.length; bin++) {
            int end = Math.max(start + 1, (int) ((long) order.length * (bin + 1) / most));
            while (end < order.length && predictions[order[end]] == predictions[order[end - 1]]) {
                end++;
            }
            double sumLabel = 0;
            double sumPrediction = 0;
            for (int i = start; i < end; i++) {
                sumLabel += labels[order[i]];
                sumPrediction += predictions[order[i]];
            }
            int rows = end - start;
            bins.add(new Bin(rows, sumPrediction / rows, sumLabel / rows));
            error += Math.abs(sumPrediction - sumLabel) / order.length;
            start = end;
        }
        return new Reliability(List.copyOf(bins), bins.isEmpty() ? Double.NaN : error);
    }
}
