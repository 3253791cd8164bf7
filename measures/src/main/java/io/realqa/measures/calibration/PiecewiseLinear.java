package io.realqa.measures.calibration;

import io.realqa.measures.MonotoneMap;
import java.util.List;

/**
 * A strictly increasing broken line, cut off at both ends of the score's range. Immutable.
 *
 * @param knots raw scores, strictly increasing, at least one
 * @param values calibrated scores at the knots, strictly increasing
 * @param slopeBelow of the line below the first knot, above 0
 * @param slopeAbove of the line above the last knot, above 0
 * @param minimum smallest calibrated score
 * @param maximum largest calibrated score
 */
public record PiecewiseLinear(
        List<Double> knots, List<Double> values, double slopeBelow, double slopeAbove, double minimum, double maximum)
        implements MonotoneMap {
    public PiecewiseLinear {
        knots = List.copyOf(knots);
        values = List.copyOf(values);
        if (knots.isEmpty() || knots.size() != values.size()) {
            throw new IllegalArgumentException("knots, values: " + knots.size() + " and " + values.size()
                    + " (expected: the same number, at least 1)");
        }
        for (int i = 0; i < knots.size(); i++) {
            boolean rises = i == 0 || (knots.get(i) > knots.get(i - 1) && values.get(i) > values.get(i - 1));
            if (!rises || !Double.isFinite(knots.get(i)) || !Double.isFinite(values.get(i))) {
                throw new IllegalArgumentException("knots, values [" + i + "]: " + knots.get(i) + ", " + values.get(i)
                        + " (expected: finite, larger than the ones before)");
            }
        }
        if (!(slopeBelow > 0 && slopeAbove > 0 && Double.isFinite(slopeBelow) && Double.isFinite(slopeAbove))) {
            throw new IllegalArgumentException(
                    "slopeBelow, slopeAbove: " + slopeBelow + ", " + slopeAbove + " (expected: above 0)");
        }
        if (!(minimum < maximum)) {
            throw new IllegalArgumentException(
                    "minimum, maximum: " + minimum + ", " + maximum + " (expected: minimum < maximum)");
        }
    }

    @Override
    public double apply(double raw) {
        int last = knots.size() - 1;
        double value;
        if (raw <= knots.get(0)) {
            value = values.get(0) - slopeBelow * (knots.get(0) - raw);
        } else if (raw >= knots.get(last)) {
            value = values.get(last) + slopeAbove * (raw - knots.get(last));
        } else {
            int i = 1;
            while (raw > knots.get(i)) {
                i++;
            }
            double share = (raw - knots.get(i - 1)) / (knots.get(i) - knots.get(i - 1));
            value = values.get(i - 1) + share * (values.get(i) - values.get(i - 1));
        }
        return Double.isNaN(raw) ? Double.NaN : Math.max(minimum, Math.min(maximum, value));
    }

    @Override
    public String description() {
        if (knots.size() == 1) {
            return slopeBelow == slopeAbove ? "straight line" : "broken line with 1 knot";
        }
        return "broken line with " + knots.size() + " knots";
    }
}
