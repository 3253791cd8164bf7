package io.realqa.trainer.degradation;

import io.realqa.scorer.image.RasterImage;

/** Between stored samples, 0 to 255, and the numbers that effects compute with. */
final class Samples {
    private Samples() {}

    /** Rounded to the nearest and clipped to 0 to 255. */
    static byte toByte(double value) {
        return (byte) Math.max(0, Math.min(255, Math.round(value)));
    }

    /**
     * The image of computed samples.
     *
     * @param samples [height, width, 3]
     */
    static RasterImage image(int width, int height, float[] samples) {
        byte[] rgb = new byte[samples.length];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = toByte(samples[i]);
        }
        return new RasterImage(width, height, rgb);
    }
}
