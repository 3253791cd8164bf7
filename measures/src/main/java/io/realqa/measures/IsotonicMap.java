package io.realqa.measures;

import java.util.Arrays;
import java.util.List;

/**
 * Isotonic least squares: the nondecreasing steps closest to the labels (pool adjacent violators; Ayer et al. 1955).
 * Between two knots the map is a straight line; outside of them it is constant. Immutable.
 *
 * @param knots predictions, strictly increasing, at least one
 * @param values estimates of the label at the knots, nondecreasing
 */
public record IsotonicMap(List<Double> knots, List<Double> values) implements MonotoneMap {
    public IsotonicMap {
        knots = List.copyOf(knots);
        values = List.copyOf(values);
        if (knots.isEmpty() || knots.size() != values.size()) {
            throw new IllegalArgumentException("knots, values: " + knots.size() + " and " + values.size()
                    + " (expected: the same number, at least 1)");
        }
        for (int i = 0; i < knots.size(); i++) {
            if (!Double.isFinite(knots.get(i)) || !Double.isFinite(values.get(i))) {
                throw new IllegalArgumentException(
                        "knots, values: " + knots.get(i) + ", " + values.get(i) + " (expected: finite numbers)");
            }
            if (i > 0 && !(knots.get(i) > knots.get(i - 1) && values.get(i) >= values.get(i - 1))) {
                throw new IllegalArgumentException("knots, values: " + knots.get(i) + ", " + values.get(i) + " after "
                        + knots.get(i - 1) + ", " + values.get(i - 1)
                        + " (expected: larger knots, values that do not fall)");
            }
        }
    }

    /**
     * O(n log n). Rows with the same prediction count as one with their mean label.
     *
     * @param predictions [n], finite, n at least 1
     * @param labels [n], finite
     */
    public static IsotonicMap fit(double[] predictions, double[] labels) {
        if (predictions.length == 0 || predictions.length != labels.length) {
            throw new IllegalArgumentException("predictions, labels: " + predictions.length + " and " + labels.length
                    + " (expected: the same number, at least 1)");
        }
        int[] order = DenseRanks.of(predictions).order();
        // blocks: first and last prediction, sum and number of labels
        double[] first = new double[order.length];
        double[] last = new double[order.length];
        double[] sum = new double[order.length];
        long[] rows = new long[order.length];
        int blocks = 0;
        for (int i = 0; i < order.length; ) {
            double x = predictions[order[i]] + 0.0;
            first[blocks] = x;
            last[blocks] = x;
            sum[blocks] = 0;
            rows[blocks] = 0;
            for (; i < order.length && predictions[order[i]] + 0.0 == x; i++) {
                sum[blocks] += labels[order[i]];
                rows[blocks]++;
            }
            blocks++;
            while (blocks > 1 && sum[blocks - 2] / rows[blocks - 2] >= sum[blocks - 1] / rows[blocks - 1]) {
                blocks--;
                last[blocks - 1] = last[blocks];
                sum[blocks - 1] += sum[blocks];
                rows[blocks - 1] += rows[blocks];
            }
        }
        double[] knots = new double[2 * blocks];
        double[] values = new double[2 * blocks];
        int count = 0;
        for (int b = 0; b < blocks; b++) {
            knots[count] = first[b];
            values[count++] = sum[b] / rows[b];
            if (last[b] > first[b]) {
                knots[count] = last[b];
                values[count++] = sum[b] / rows[b];
            }
        }
        return new IsotonicMap(
                Arrays.stream(knots, 0, count).boxed().toList(),
                Arrays.stream(values, 0, count).boxed().toList());
    }

    @Override
    public double apply(double prediction) {
        int low = 0;
        int high = knots.size() - 1;
        if (!(prediction > knots.get(0))) {
            return Double.isNaN(prediction) ? Double.NaN : values.get(0);
        }
        if (prediction >= knots.get(high)) {
            return values.get(high);
        }
        while (high - low > 1) {
            int middle = (low + high) >>> 1;
            if (knots.get(middle) <= prediction) {
                low = middle;
            } else {
                high = middle;
            }
        }
        double share = (prediction - knots.get(low)) / (knots.get(high) - knots.get(low));
        return values.get(low) + share * (values.get(high) - values.get(low));
    }

    @Override
    public String description() {
        return "isotonic";
    }
}
