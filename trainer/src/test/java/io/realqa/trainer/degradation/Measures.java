package io.realqa.trainer.degradation;

import io.realqa.scorer.image.RasterImage;

/** Numbers that say how an image looks; levels are 0 to 255. */
final class Measures {
    private Measures() {}

    /** BT.601. */
    static double luma(RasterImage image, int x, int y) {
        int at = 3 * (y * image.width() + x);
        return 0.299 * (image.rgb()[at] & 0xff)
                + 0.587 * (image.rgb()[at + 1] & 0xff)
                + 0.114 * (image.rgb()[at + 2] & 0xff);
    }

    static double meanLuma(RasterImage image) {
        double sum = 0;
        for (int y = 0; y < image.height(); y++) {
            for (int x = 0; x < image.width(); x++) {
                sum += luma(image, x, y);
            }
        }
        return sum / ((double) image.width() * image.height());
    }

    /** Mean squared response to the Laplacian: fine detail. */
    static double detail(RasterImage image) {
        double sum = 0;
        for (int y = 1; y < image.height() - 1; y++) {
            for (int x = 1; x < image.width() - 1; x++) {
                double response = 4 * luma(image, x, y)
                        - luma(image, x - 1, y)
                        - luma(image, x + 1, y)
                        - luma(image, x, y - 1)
                        - luma(image, x, y + 1);
                sum += response * response;
            }
        }
        return sum / ((image.width() - 2.0) * (image.height() - 2.0));
    }

    /** Mean spread between the channels of a pixel. */
    static double chroma(RasterImage image) {
        byte[] rgb = image.rgb();
        double sum = 0;
        for (int i = 0; i < rgb.length; i += 3) {
            int red = rgb[i] & 0xff;
            int green = rgb[i + 1] & 0xff;
            int blue = rgb[i + 2] & 0xff;
            sum += Math.max(red, Math.max(green, blue)) - Math.min(red, Math.min(green, blue));
        }
        return sum / (rgb.length / 3.0);
    }

    /** Root mean square of the samples' differences. */
    static double difference(RasterImage a, RasterImage b) {
        double sum = 0;
        for (int i = 0; i < a.rgb().length; i++) {
            double difference = (a.rgb()[i] & 0xff) - (b.rgb()[i] & 0xff);
            sum += difference * difference;
        }
        return Math.sqrt(sum / a.rgb().length);
    }

    /** By how much a ramp that darkened downwards was turned clockwise, degrees. */
    static double turn(RasterImage ramp) {
        double across = 0;
        double down = 0;
        for (int y = 1; y < ramp.height(); y++) {
            for (int x = 1; x < ramp.width(); x++) {
                across += luma(ramp, x, y) - luma(ramp, x - 1, y);
                down += luma(ramp, x, y) - luma(ramp, x, y - 1);
            }
        }
        return Math.toDegrees(Math.atan2(across, -down));
    }
}
