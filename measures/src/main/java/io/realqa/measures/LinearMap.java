package io.realqa.measures;

/**
 * A straight line.
 *
 * @param slope change of the label's estimate per unit of the prediction
 * @param intercept estimate at prediction 0
 */
public record LinearMap(double slope, double intercept) implements MonotoneMap {
    /** Least squares; a horizontal line through the mean where the predictions are constant. */
    public static LinearMap fit(double[] predictions, double[] labels) {
        double meanX = mean(predictions);
        double meanY = mean(labels);
        double xx = 0;
        double xy = 0;
        for (int i = 0; i < predictions.length; i++) {
            xx += (predictions[i] - meanX) * (predictions[i] - meanX);
            xy += (predictions[i] - meanX) * (labels[i] - meanY);
        }
        double slope = xx > 0 ? xy / xx : 0;
        return new LinearMap(slope, meanY - slope * meanX);
    }

    private static double mean(double[] values) {
        double sum = 0;
        for (double v : values) {
            sum += v;
        }
        return sum / values.length;
    }

    @Override
    public double apply(double prediction) {
        return intercept + slope * prediction;
    }

    @Override
    public String description() {
        return "linear";
    }
}
