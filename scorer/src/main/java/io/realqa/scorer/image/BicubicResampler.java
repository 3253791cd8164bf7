package io.realqa.scorer.image;

import java.util.Arrays;

/**
 * Pillow's 8-bit {@code resize(size, BICUBIC)}, bit for bit: cubic convolution with a = -0.5 whose support grows
 * with the shrink factor (so it antialiases), in fixed point, one direction after the other, each pass rounded to a byte.
 */
final class BicubicResampler {
    private static final double A = -0.5;
    private static final double SUPPORT = 2.0;

    /** Pillow's: 32 bits less 8 for the sample and 2 for overshoot. */
    private static final int PRECISION_BITS = 32 - 8 - 2;

    private static final int HALF = 1 << PRECISION_BITS - 1;

    private BicubicResampler() {}

    /** The image at the given size; itself where that is its size. */
    static RasterImage resize(RasterImage image, int width, int height) {
        boolean widthChanges = width != image.width();
        boolean heightChanges = height != image.height();
        if (widthChanges && heightChanges && verticalFirst(image, width, height)) {
            RasterImage rows = vertical(image, new Filter(image.height(), height));
            return horizontal(rows, width, 0, height);
        }
        RasterImage current = image;
        Filter filter = new Filter(image.height(), height);
        if (widthChanges) {
            // Only rows that the second pass reads are made; the others stay black and unread.
            int from = heightChanges ? filter.first[0] : 0;
            int to = heightChanges ? filter.first[height - 1] + filter.length[height - 1] : height;
            current = horizontal(current, width, from, to);
        }
        return heightChanges ? vertical(current, filter) : current;
    }

    /**
     * Whether columns come first, which decides roundings of one level. Pillow 13 does so where rows are dropped
     * at over twice the number of columns dropped (found by trial, the reference table holds cases on both sides);
     * Pillow up to 12 never did.
     */
    private static boolean verticalFirst(RasterImage image, int width, int height) {
        return height < image.height() && 2L * (image.width() - width) < image.height() - height;
    }

    private static RasterImage horizontal(RasterImage image, int width, int fromRow, int toRow) {
        Filter filter = new Filter(image.width(), width);
        byte[] in = image.rgb();
        byte[] out = new byte[3 * width * image.height()];
        int at = 3 * width * fromRow;
        for (int y = fromRow; y < toRow; y++) {
            int row = 3 * image.width() * y;
            for (int x = 0; x < width; x++) {
                int weight = x * filter.size;
                int end = weight + filter.length[x];
                int red = HALF;
                int green = HALF;
                int blue = HALF;
                for (int p = row + 3 * filter.first[x]; weight < end; weight++, p += 3) {
                    int w = filter.weights[weight];
                    red += (in[p] & 0xff) * w;
                    green += (in[p + 1] & 0xff) * w;
                    blue += (in[p + 2] & 0xff) * w;
                }
                out[at++] = clip(red);
                out[at++] = clip(green);
                out[at++] = clip(blue);
            }
        }
        return new RasterImage(width, image.height(), out);
    }

    /** A whole row of sums at a time, so that memory is read in order. */
    private static RasterImage vertical(RasterImage image, Filter filter) {
        int stride = 3 * image.width();
        int height = filter.first.length;
        byte[] in = image.rgb();
        byte[] out = new byte[stride * height];
        int[] sums = new int[stride];
        for (int y = 0; y < height; y++) {
            Arrays.fill(sums, HALF);
            for (int k = 0; k < filter.length[y]; k++) {
                int w = filter.weights[y * filter.size + k];
                int row = stride * (filter.first[y] + k);
                for (int i = 0; i < stride; i++) {
                    sums[i] += (in[row + i] & 0xff) * w;
                }
            }
            int at = stride * y;
            for (int i = 0; i < stride; i++) {
                out[at + i] = clip(sums[i]);
            }
        }
        return new RasterImage(image.width(), height, out);
    }

    private static byte clip(int sum) {
        return (byte) Math.max(0, Math.min(255, sum >> PRECISION_BITS));
    }

    /** For each output position, which input positions it sums and with what fixed-point weights. */
    private static final class Filter {
        final int size;
        final int[] first;
        final int[] length;
        final int[] weights;

        Filter(int in, int out) {
            double scale = (double) in / out;
            double stretch = Math.max(scale, 1.0);
            double support = SUPPORT * stretch;
            size = (int) Math.ceil(support) * 2 + 1;
            first = new int[out];
            length = new int[out];
            weights = new int[Math.multiplyExact(out, size)];
            double[] exact = new double[size];
            for (int x = 0; x < out; x++) {
                double center = (x + 0.5) * scale;
                int from = Math.max(0, (int) (center - support + 0.5));
                int count = Math.min(in, (int) (center + support + 0.5)) - from;
                double inverse = 1.0 / stretch;
                double total = 0;
                for (int k = 0; k < count; k++) {
                    exact[k] = cubic((k + from - center + 0.5) * inverse);
                    total += exact[k];
                }
                for (int k = 0; k < count; k++) {
                    double weight = (total == 0 ? exact[k] : exact[k] / total) * (1 << PRECISION_BITS);
                    weights[x * size + k] = (int) (weight < 0 ? weight - 0.5 : weight + 0.5);
                }
                first[x] = from;
                length[x] = count;
            }
        }

        private static double cubic(double distance) {
            double x = Math.abs(distance);
            if (x < 1.0) {
                return ((A + 2.0) * x - (A + 3.0)) * x * x + 1;
            }
            return x < 2.0 ? (((x - 5) * x + 8) * x - 4) * A : 0.0;
        }
    }
}
