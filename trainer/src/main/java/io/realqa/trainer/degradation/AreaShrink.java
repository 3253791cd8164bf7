package io.realqa.trainer.degradation;

import io.realqa.scorer.image.RasterImage;
import java.util.Arrays;

/** Shrinks by averaging the area that each pixel comes to cover; no finer detail survives to alias. */
public final class AreaShrink {
    private AreaShrink() {}

    /** The image with its longer side at most so many pixels; itself where it is no larger. */
    public static RasterImage toLongerSide(RasterImage image, int side) {
        int longer = Math.max(image.width(), image.height());
        return longer <= side
                ? image
                : shrink(image, scaled(image.width(), side, longer), scaled(image.height(), side, longer));
    }

    private static int scaled(int length, int side, int longer) {
        return Math.max(1, Math.round((float) length * side / longer));
    }

    /**
     * In units of 1 / (in * out) of a side, where every edge is a whole number: input pixel i covers
     * [i * out, (i + 1) * out), output pixel o covers [o * in, (o + 1) * in).
     */
    private static RasterImage shrink(RasterImage image, int width, int height) {
        float[] sums = new float[3 * width * height];
        float[] row = new float[3 * width];
        for (int y = 0; y < image.height(); y++) {
            shrinkRow(image, y, row);
            int from = y * height;
            int to = from + height;
            for (int out = from / image.height(); out * image.height() < to; out++) {
                float weight = overlap(from, to, out, image.height());
                int at = out * row.length;
                for (int i = 0; i < row.length; i++) {
                    sums[at + i] += weight * row[i];
                }
            }
        }
        return Samples.image(width, height, sums);
    }

    private static void shrinkRow(RasterImage image, int y, float[] row) {
        Arrays.fill(row, 0);
        byte[] rgb = image.rgb();
        int width = row.length / 3;
        int in = 3 * image.width() * y;
        for (int x = 0; x < image.width(); x++, in += 3) {
            int from = x * width;
            int to = from + width;
            for (int out = from / image.width(); out * image.width() < to; out++) {
                float weight = overlap(from, to, out, image.width());
                for (int c = 0; c < 3; c++) {
                    row[3 * out + c] += weight * (rgb[in + c] & 0xff);
                }
            }
        }
    }

    /** The share of output pixel {@code out} that the input pixel fills. */
    private static float overlap(int from, int to, int out, int in) {
        return (float) (Math.min(to, (out + 1) * in) - Math.max(from, out * in)) / in;
    }
}
