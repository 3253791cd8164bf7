package io.realqa.trainer.degradation;

import io.realqa.scorer.image.RasterImage;

/** Convolution with a Gaussian, rows then columns; beyond an edge its last pixel goes on. */
final class GaussianBlur {
    /** Where the kernel is cut off, in standard deviations. */
    private static final double REACH = 3;

    private GaussianBlur() {}

    /** The blurred image; sigma is in pixels. */
    static RasterImage apply(RasterImage image, double sigma) {
        float[] kernel = kernel(sigma);
        float[] samples = new float[image.rgb().length];
        for (int i = 0; i < samples.length; i++) {
            samples[i] = image.rgb()[i] & 0xff;
        }
        int stride = 3 * image.width();
        float[] rows = new float[samples.length];
        for (int y = 0; y < image.height(); y++) {
            convolve(samples, rows, y * stride, image.width(), 3, kernel);
        }
        float[] columns = samples; // no longer read
        for (int x = 0; x < image.width(); x++) {
            convolve(rows, columns, 3 * x, image.height(), stride, kernel);
        }
        return Samples.image(image.width(), image.height(), columns);
    }

    private static float[] kernel(double sigma) {
        int radius = (int) Math.ceil(REACH * sigma);
        double[] weights = new double[2 * radius + 1];
        double total = 0;
        for (int i = 0; i < weights.length; i++) {
            double distance = (i - radius) / sigma;
            weights[i] = StrictMath.exp(-0.5 * distance * distance);
            total += weights[i];
        }
        float[] kernel = new float[weights.length];
        for (int i = 0; i < kernel.length; i++) {
            kernel[i] = (float) (weights[i] / total);
        }
        return kernel;
    }

    /** One row or column of pixels: {@code length} of them from {@code start}, {@code step} samples apart. */
    private static void convolve(float[] in, float[] out, int start, int length, int step, float[] kernel) {
        int radius = kernel.length / 2;
        for (int i = 0; i < length; i++) {
            float red = 0;
            float green = 0;
            float blue = 0;
            for (int k = 0; k < kernel.length; k++) {
                int at = start + step * Math.max(0, Math.min(length - 1, i + k - radius));
                red += kernel[k] * in[at];
                green += kernel[k] * in[at + 1];
                blue += kernel[k] * in[at + 2];
            }
            int at = start + step * i;
            out[at] = red;
            out[at + 1] = green;
            out[at + 2] = blue;
        }
    }
}
