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

    /** What takes the rows of a resized image. */
    interface Sink {
        /**
         * @param levels [3, width] of row y, 0 to 255; the caller's, and written over with the next row
         */
        void row(int y, int[] levels);
    }

    /** The image at the given size; itself where that is its size. */
    static RasterImage resize(RasterImage image, int width, int height) {
        if (width == image.width() && height == image.height()) {
            return image;
        }
        byte[] rgb = new byte[Math.multiplyExact(3 * width, height)];
        resize(image, width, height, (y, levels) -> {
            int at = 3 * width * y;
            for (int x = 0; x < width; x++, at += 3) {
                rgb[at] = (byte) levels[x];
                rgb[at + 1] = (byte) levels[width + x];
                rgb[at + 2] = (byte) levels[2 * width + x];
            }
        });
        return new RasterImage(width, height, rgb);
    }

    /** As above, row by row from the top. */
    static void resize(RasterImage image, int width, int height, Sink out) {
        boolean widthChanges = width != image.width();
        boolean heightChanges = height != image.height();
        if (widthChanges && heightChanges && verticalFirst(image, width, height)) {
            resize(resize(image, image.width(), height), width, height, out);
        } else if (heightChanges) {
            Filter filter = new Filter(image.height(), height);
            vertical(ResampledRows.of(image, width, filter.first[0], filter.size), filter, out);
        } else {
            ResampledRows rows = ResampledRows.of(image, width, 0, 1);
            for (int y = 0; y < height; y++) {
                rows.upTo(y + 1);
                out.row(y, rows.window()[y % rows.window().length]);
            }
        }
    }

    /**
     * Whether columns come first, which decides roundings of one level. Pillow 13 does so where rows are dropped
     * at over twice the number of columns dropped (found by trial, the reference table holds cases on both sides);
     * Pillow up to 12 never did.
     */
    private static boolean verticalFirst(RasterImage image, int width, int height) {
        return height < image.height() && 2L * (image.width() - width) < image.height() - height;
    }

    /** Only rows that the filter reads are made. */
    private static void vertical(ResampledRows rows, Filter filter, Sink out) {
        int[][] window = rows.window();
        int[] sums = new int[window[0].length];
        for (int y = 0; y < filter.first.length; y++) {
            rows.upTo(filter.first[y] + filter.length[y]);
            filter.levels(y, window, sums.length, sums);
            out.row(y, sums);
        }
    }

    /** For each output position, which input positions it sums and with what fixed-point weights. */
    static final class Filter {
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

        /**
         * One output position of several lanes, each rounded to a byte.
         *
         * @param samples the lanes of input position p at p modulo its length, which is at least the size
         */
        void levels(int position, int[][] samples, int lanes, int[] sums) {
            int from = first[position];
            int weight = position * size;
            int count = length[position];
            Arrays.fill(sums, 0, lanes, HALF);
            for (int k = 0; k < count; k += 2) {
                int next = k + 1 < count ? k + 1 : k;
                add(
                        sums,
                        lanes,
                        samples[(from + k) % samples.length],
                        weights[weight + k],
                        samples[(from + next) % samples.length],
                        next > k ? weights[weight + next] : 0);
            }
            for (int i = 0; i < lanes; i++) {
                // to 0..255 by bits alone: of minimum and maximum the compiler makes no vector instructions
                int level = sums[i] >> PRECISION_BITS;
                level &= ~(level >> 31);
                sums[i] = (level | 255 - level >> 31) & 255;
            }
        }

        private static void add(int[] sums, int lanes, int[] a, int weightA, int[] b, int weightB) {
            for (int i = 0; i < lanes; i++) {
                sums[i] += a[i] * weightA + b[i] * weightB;
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
