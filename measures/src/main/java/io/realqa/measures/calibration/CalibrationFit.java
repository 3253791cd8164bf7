package io.realqa.measures.calibration;

import io.realqa.measures.IsotonicMap;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Fits a platform's map. How much it may bend grows with the number of labels:
 *
 * <ul>
 *   <li>fewer than {@value #FEWEST}: the raw score as it is;
 *   <li>fewer than {@value #FEWEST_FOR_BENDS}: a straight line by least squares;
 *   <li>else: a broken line through {@value #LEAST_BENDS} to {@value #MOST_BENDS} knots, one for each
 *       {@value #LABELS_PER_BEND} labels, with the means of equally many labels made monotone (isotonic least squares).
 * </ul>
 *
 * Each mean and slope is drawn towards the raw score as if {@value #PRIOR_LABELS} more labels had said that it is right.
 * The map is strictly increasing, so it changes no ranking inside the score's range.
 */
public final class CalibrationFit {
    static final int FEWEST = 5;
    static final int FEWEST_FOR_BENDS = 80;
    private static final int LABELS_PER_BEND = 20;
    private static final int LEAST_BENDS = 4;
    private static final int MOST_BENDS = 12;
    private static final int PRIOR_LABELS = 4;
    /** Slopes below this are raised to it: equal calibrated scores would lose a ranking. */
    private static final double LEAST_SLOPE = 0.02;

    private CalibrationFit() {}

    /**
     * @param raw scores, [n], finite
     * @param labels the platform's, [n], finite
     * @param minimum smallest score
     * @param maximum largest score
     */
    public static PiecewiseLinear fit(double[] raw, double[] labels, double minimum, double maximum) {
        if (raw.length != labels.length) {
            throw new IllegalArgumentException(
                    "labels: " + labels.length + " (expected: " + raw.length + ", one for each score)");
        }
        requireFinite("raw", raw);
        requireFinite("labels", labels);
        if (raw.length < FEWEST) {
            return new PiecewiseLinear(List.of(minimum), List.of(minimum), 1, 1, minimum, maximum);
        }
        double spread = (maximum - minimum) / 4; // a uniform score's standard deviation, about
        return raw.length < FEWEST_FOR_BENDS
                ? line(raw, labels, spread, minimum, maximum)
                : bends(raw, labels, minimum, maximum);
    }

    private static PiecewiseLinear line(double[] raw, double[] labels, double spread, double minimum, double maximum) {
        double meanRaw = Arrays.stream(raw).average().orElseThrow();
        double meanLabel = Arrays.stream(labels).average().orElseThrow();
        double xx = 0;
        double xy = 0;
        for (int i = 0; i < raw.length; i++) {
            xx += (raw[i] - meanRaw) * (raw[i] - meanRaw);
            xy += (raw[i] - meanRaw) * (labels[i] - meanLabel);
        }
        double prior = PRIOR_LABELS * spread * spread;
        double slope = Math.max(LEAST_SLOPE, (xy + prior) / (xx + prior));
        double height = shrunk(meanLabel * raw.length, meanRaw, raw.length);
        return new PiecewiseLinear(List.of(meanRaw), List.of(height), slope, slope, minimum, maximum);
    }

    private static PiecewiseLinear bends(double[] raw, double[] labels, double minimum, double maximum) {
        int[] order = IntStream.range(0, raw.length)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> raw[i]))
                .mapToInt(Integer::intValue)
                .toArray();
        int bins = Math.max(LEAST_BENDS, Math.min(MOST_BENDS, raw.length / LABELS_PER_BEND));
        List<Double> at = new ArrayList<>();
        List<Double> mean = new ArrayList<>();
        for (int bin = 0, start = 0; bin < bins && start < order.length; bin++) {
            int end = Math.max(start + 1, (int) ((long) order.length * (bin + 1) / bins));
            while (end < order.length && raw[order[end]] == raw[order[end - 1]]) {
                end++; // equal scores stay together
            }
            double sumRaw = 0;
            double sumLabel = 0;
            for (int i = start; i < end; i++) {
                sumRaw += raw[order[i]];
                sumLabel += labels[order[i]];
            }
            at.add(sumRaw / (end - start));
            mean.add(shrunk(sumLabel, sumRaw / (end - start), end - start));
            start = end;
        }
        double[] knots = at.stream().mapToDouble(Double::doubleValue).toArray();
        double[] values = IsotonicMap.fit(
                        knots, mean.stream().mapToDouble(Double::doubleValue).toArray())
                .apply(knots);
        for (int i = 1; i < values.length; i++) {
            values[i] = Math.max(values[i], values[i - 1] + LEAST_SLOPE * (knots[i] - knots[i - 1]));
        }
        return new PiecewiseLinear(
                Arrays.stream(knots).boxed().toList(),
                Arrays.stream(values).boxed().toList(),
                endSlope(knots, values, 0),
                endSlope(knots, values, knots.length - 2),
                minimum,
                maximum);
    }

    /** Beyond the knots the line goes on as between the last two, but no steeper than the raw score. */
    private static double endSlope(double[] knots, double[] values, int i) {
        if (knots.length < 2) {
            return 1;
        }
        double slope = (values[i + 1] - values[i]) / (knots[i + 1] - knots[i]);
        return Math.max(LEAST_SLOPE, Math.min(1, slope));
    }

    private static double shrunk(double sumLabels, double raw, int labels) {
        return (sumLabels + PRIOR_LABELS * raw) / (labels + PRIOR_LABELS);
    }

    private static void requireFinite(String name, double[] values) {
        for (int i = 0; i < values.length; i++) {
            if (!Double.isFinite(values[i])) {
                throw new IllegalArgumentException(name + "[" + i + "]: " + values[i] + " (expected: a finite number)");
            }
        }
    }
}
