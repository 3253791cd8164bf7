package io.realqa.trainer.degradation;

import io.realqa.scorer.image.RasterImage;
import java.util.List;
import java.util.Locale;

/**
 * Ways to spoil a photograph, each in five strengths from visible to severe: those the demonstration checkpoint
 * learned from, so that its scores should fall as the strength rises.
 *
 * <p>All of them work on the image shrunk to {@value #LONGER_SIDE} pixels: on a large one, the shrink before scoring
 * would average the noise away and make the blur invisible.
 */
public enum Degradation {
    BLUR,
    NOISE,
    JPEG,
    EXPOSURE,
    SATURATION,
    TILT;

    /** What spoils any picture, whatever the taste; tilt and pale colors may be liked. */
    public static final List<Degradation> UNDISPUTED = List.of(BLUR, NOISE, JPEG, EXPOSURE);

    /** Strengths of each. */
    public static final int STRENGTHS = 5;

    /** Pixels. */
    public static final int LONGER_SIDE = 512;

    /** Pixels of the images whose blur the sigmas below describe. */
    private static final double TRAINING_AREA = 340.0 * 250.0;

    /** Its name in lower case. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * The degraded image, at most {@link #LONGER_SIDE} pixels on its longer side; a tilted one is cropped besides.
     *
     * @param strength 1 to {@link #STRENGTHS}
     * @param seed decides the noise and the direction of a tilt; the same seed gives the same pixels
     */
    public RasterImage apply(RasterImage image, int strength, long seed) {
        if (strength < 1 || strength > STRENGTHS) {
            throw new IllegalArgumentException("strength: " + strength + " (expected: 1 to " + STRENGTHS + ")");
        }
        return apply(image, (double) strength, seed);
    }

    /**
     * The same with strengths between the whole ones.
     *
     * @param strength above 0, up to {@link #STRENGTHS}
     */
    public RasterImage apply(RasterImage image, double strength, long seed) {
        if (!(strength > 0 && strength <= STRENGTHS)) {
            throw new IllegalArgumentException(
                    "strength: " + strength + " (expected: above 0, up to " + STRENGTHS + ")");
        }
        RasterImage small = AreaShrink.toLongerSide(image, LONGER_SIDE);
        return switch (this) {
            case BLUR -> {
                double area = (double) small.width() * small.height();
                // Pixels of standard deviation.
                double sigma = amount(strength, 0, 0.8, 1.5, 2.5, 3.5, 5) * Math.sqrt(area / TRAINING_AREA);
                yield GaussianBlur.apply(small, sigma);
            }
            // Standard deviation as a share of full scale.
            case NOISE -> Tones.addNoise(small, amount(strength, 0, 0.02, 0.05, 0.1, 0.18, 0.28), seed);
            // Of libjpeg's 100.
            case JPEG -> JpegFile.roundTrip(small, (float) (amount(strength, 90, 45, 25, 12, 6, 3) / 100));
            // EV.
            case EXPOSURE -> Tones.expose(small, amount(strength, 0, -0.6, -1.2, -1.8, -2.4, -3));
            // Share of the color that is left.
            case SATURATION -> Tones.saturate(small, amount(strength, 1, 0.7, 0.45, 0.25, 0.1, 0));
            // Degrees.
            case TILT -> {
                double degrees = amount(strength, 0, 4, 8, 12, 17, 22);
                yield Tilt.apply(small, (seed & 1) == 0 ? degrees : -degrees);
            }
        };
    }

    /** The amount at a strength, by straight lines between those at 0, 1, 2 and so on. */
    private static double amount(double strength, double... amounts) {
        int below = Math.min((int) strength, amounts.length - 2);
        return amounts[below] + (strength - below) * (amounts[below + 1] - amounts[below]);
    }
}
