package io.realqa.trainer.gate;

/**
 * What a candidate must reach.
 *
 * @param minimumImages held-out images under which nothing is decided
 * @param minimumSliceImages images under which a slice is not looked at
 * @param confidence of the interval that must lie above 0 for a promotion, and below 0 for a rejection
 * @param resamples of the bootstrap
 * @param sliceTolerance SRCC that a slice may lose for certain
 * @param accuracyTolerance share of right answers that an attribute may lose for certain
 * @param calibrationTolerance score points by which the mean absolute error may grow for certain
 * @param monotonicityTolerance share of ordered pairs in degradation series that may be lost
 * @param seed of the bootstrap
 */
public record GateSettings(
        int minimumImages,
        int minimumSliceImages,
        double confidence,
        int resamples,
        double sliceTolerance,
        double accuracyTolerance,
        double calibrationTolerance,
        double monotonicityTolerance,
        long seed) {
    /** At 99 % one in two hundred candidates that are no better is promoted by chance; at 95 %, one in forty. */
    public static final GateSettings DEFAULTS = new GateSettings(50, 20, 0.99, 2000, 0.03, 0.03, 0.1, 0.02, 1);

    public GateSettings {
        if (minimumImages < 3 || minimumSliceImages < 3) {
            throw new IllegalArgumentException("minimumImages, minimumSliceImages: " + minimumImages + ", "
                    + minimumSliceImages + " (expected: at least 3)");
        }
        if (!(confidence > 0.5 && confidence < 1)) {
            throw new IllegalArgumentException("confidence: " + confidence + " (expected: above 0.5, less than 1)");
        }
        if (resamples < 100 || resamples > 1_000_000) {
            throw new IllegalArgumentException("resamples: " + resamples + " (expected: 100 to 1000000)");
        }
        tolerance("sliceTolerance", sliceTolerance);
        tolerance("accuracyTolerance", accuracyTolerance);
        tolerance("calibrationTolerance", calibrationTolerance);
        tolerance("monotonicityTolerance", monotonicityTolerance);
    }

    private static void tolerance(String name, double value) {
        if (!(value >= 0) || Double.isInfinite(value)) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: 0 or more)");
        }
    }
}
