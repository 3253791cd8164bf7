package io.realqa.measures;

import org.hipparchus.exception.MathRuntimeException;
import org.hipparchus.linear.ArrayRealVector;
import org.hipparchus.linear.MatrixUtils;
import org.hipparchus.linear.RealMatrix;
import org.hipparchus.linear.RealVector;
import org.hipparchus.optim.nonlinear.vector.leastsquares.LeastSquaresBuilder;
import org.hipparchus.optim.nonlinear.vector.leastsquares.LeastSquaresProblem;
import org.hipparchus.optim.nonlinear.vector.leastsquares.LevenbergMarquardtOptimizer;
import org.hipparchus.util.Pair;

/**
 * The four-parameter logistic that image quality assessment puts between predictions and opinions before PLCC and RMSE
 * (VQEG 2000): {@code b2 + (b1 - b2) / (1 + exp(-(x - b3) / b4))}. Monotone, unlike the five-parameter form.
 *
 * @param top b1, the label's estimate for large predictions
 * @param bottom b2, the label's estimate for small predictions
 * @param middle b3, the prediction half-way
 * @param width b4, greater than 0
 */
public record LogisticMap(double top, double bottom, double middle, double width) implements MonotoneMap {
    private static final int FEWEST = 5;
    private static final int MOST_STEPS = 500;

    /**
     * Least squares by Levenberg and Marquardt, from VQEG's starting point. Falls back to the straight line of least
     * squares, which {@link #description()} tells, where a logistic cannot be fitted: fewer than {@value #FEWEST} rows, a
     * constant side, no convergence, or a worse fit than the line's (a logistic far from its ends is one).
     *
     * @param predictions [n], finite
     * @param labels [n], finite
     */
    public static MonotoneMap fit(double[] predictions, double[] labels) {
        LinearMap line = LinearMap.fit(predictions, labels);
        Scale x = Scale.of(predictions);
        Scale y = Scale.of(labels);
        if (predictions.length < FEWEST || x.spread == 0 || y.spread == 0) {
            return line;
        }
        double[] scaledX = x.scale(predictions);
        double[] scaledY = y.scale(labels);
        double lowest = scaledY[0];
        double highest = scaledY[0];
        for (double v : scaledY) {
            lowest = Math.min(lowest, v);
            highest = Math.max(highest, v);
        }
        double[] start = line.slope() >= 0
                ? new double[] {highest, lowest, 0, Math.log(0.25)}
                : new double[] {lowest, highest, 0, Math.log(0.25)};
        try {
            LeastSquaresProblem problem = new LeastSquaresBuilder()
                    .start(start)
                    .target(scaledY)
                    .model(point -> valueAndJacobian(point, scaledX))
                    .maxIterations(MOST_STEPS)
                    .maxEvaluations(MOST_STEPS)
                    .build();
            double[] b = new LevenbergMarquardtOptimizer()
                    .optimize(problem)
                    .getPoint()
                    .toArray();
            LogisticMap map = new LogisticMap(
                    y.mean + y.spread * b[0],
                    y.mean + y.spread * b[1],
                    x.mean + x.spread * b[2],
                    x.spread * Math.exp(b[3]));
            return error(map, predictions, labels) <= error(line, predictions, labels) ? map : line;
        } catch (MathRuntimeException e) {
            return line;
        }
    }

    /** Of b1, b2, b3 and the logarithm of b4, which keeps the width positive. */
    private static Pair<RealVector, RealMatrix> valueAndJacobian(RealVector point, double[] x) {
        double top = point.getEntry(0);
        double bottom = point.getEntry(1);
        double middle = point.getEntry(2);
        double width = Math.exp(point.getEntry(3));
        double[] value = new double[x.length];
        double[][] jacobian = new double[x.length][];
        for (int i = 0; i < x.length; i++) {
            double z = (x[i] - middle) / width;
            double s = sigmoid(z);
            double slope = (top - bottom) * s * (1 - s);
            value[i] = bottom + (top - bottom) * s;
            jacobian[i] = new double[] {s, 1 - s, -slope / width, -slope * z};
        }
        return new Pair<>(new ArrayRealVector(value, false), MatrixUtils.createRealMatrix(jacobian));
    }

    private static double error(MonotoneMap map, double[] predictions, double[] labels) {
        double sum = 0;
        for (int i = 0; i < labels.length; i++) {
            double e = map.apply(predictions[i]) - labels[i];
            sum += e * e;
        }
        return Double.isNaN(sum) ? Double.POSITIVE_INFINITY : sum;
    }

    private static double sigmoid(double z) {
        return 1 / (1 + Math.exp(-z));
    }

    @Override
    public double apply(double prediction) {
        return bottom + (top - bottom) * sigmoid((prediction - middle) / width);
    }

    @Override
    public String description() {
        return "4-parameter logistic";
    }

    /** Mean and standard deviation, to bring both sides to one size. */
    private record Scale(double mean, double spread) {
        static Scale of(double[] values) {
            double mean = 0;
            for (double v : values) {
                mean += v / values.length;
            }
            double squares = 0;
            double lowest = Double.POSITIVE_INFINITY;
            double highest = Double.NEGATIVE_INFINITY;
            for (double v : values) {
                squares += (v - mean) * (v - mean) / values.length;
                lowest = Math.min(lowest, v);
                highest = Math.max(highest, v);
            }
            return new Scale(mean, lowest < highest ? Math.sqrt(squares) : 0);
        }

        double[] scale(double[] values) {
            double[] scaled = new double[values.length];
            for (int i = 0; i < values.length; i++) {
                scaled[i] = (values[i] - mean) / spread;
            }
            return scaled;
        }
    }
}
