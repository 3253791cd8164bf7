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

    /** Rows of the first pass at a time: a photograph's then fit a core's second-level cache. */
    private static final int BAND = 32;

    /** Samples of the second pass at a time, which bounds its window for any image. */
    private static final int LANES = 1536;

    private static final byte[] CLIPPED = clipped();

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

    /**
     * Rows are taken some at a time and turned on their side, so that the innermost loop runs along neighbouring ints: the
     * compiler makes vector instructions of such a loop, and of no other.
     */
    private static RasterImage horizontal(RasterImage image, int width, int fromRow, int toRow) {
        Filter filter = new Filter(image.width(), width);
        byte[] out = new byte[3 * width * image.height()];
        int[][] columns = new int[image.width()][3 * BAND];
        int[] sums = new int[3 * BAND];
        for (int top = fromRow; top < toRow; top += BAND) {
            int rows = Math.min(BAND, toRow - top);
            int lanes = 3 * rows;
            upend(image, top, rows, columns);
            for (int x = 0; x < width; x++) {
                filter.sum(x, columns, lanes, sums);
                int at = 3 * (top * width + x);
                for (int i = 0; i < lanes; i += 3, at += 3 * width) {
                    out[at] = clip(sums[i]);
                    out[at + 1] = clip(sums[i + 1]);
                    out[at + 2] = clip(sums[i + 2]);
                }
            }
        }
        return new RasterImage(width, image.height(), out);
    }

    /** Some rows as columns: [width, rows, 3]. */
    private static void upend(RasterImage image, int top, int rows, int[][] columns) {
        byte[] in = image.rgb();
        int stride = 3 * image.width();
        for (int x = 0; x < image.width(); x++) {
            int[] column = columns[x];
            int from = stride * top + 3 * x;
            for (int to = 0; to < 3 * rows; from += stride, to += 3) {
                column[to] = in[from] & 0xff;
                column[to + 1] = in[from + 1] & 0xff;
                column[to + 2] = in[from + 2] & 0xff;
            }
        }
    }

    /** Columns some at a time; of each input row that is still needed, the bytes widened once. */
    private static RasterImage vertical(RasterImage image, Filter filter) {
        int stride = 3 * image.width();
        int height = filter.first.length;
        byte[] in = image.rgb();
        byte[] out = new byte[stride * height];
        int[][] window = new int[filter.size][Math.min(LANES, stride)];
        int[] sums = new int[LANES];
        for (int left = 0; left < stride; left += LANES) {
            int lanes = Math.min(LANES, stride - left);
            int next = filter.first[0];
            for (int y = 0; y < height; y++) {
                for (int end = filter.first[y] + filter.length[y]; next < end; next++) {
                    int[] row = window[next % window.length];
                    int from = stride * next + left;
                    for (int i = 0; i < lanes; i++) {
                        row[i] = in[from + i] & 0xff;
                    }
                }
                filter.sum(y, window, lanes, sums);
                int at = stride * y + left;
                for (int i = 0; i < lanes; i++) {
                    out[at + i] = clip(sums[i]);
                }
            }
        }
        return new RasterImage(image.width(), height, out);
    }

    private static byte clip(int sum) {
        return CLIPPED[sum >>> PRECISION_BITS];
    }

    /** What is left of a sum above the fraction, taken for unsigned, to a byte: the upper half are negative sums. */
    private static byte[] clipped() {
        byte[] table = new byte[1 << Integer.SIZE - PRECISION_BITS];
        for (int i = 0; i < table.length / 2; i++) {
            table[i] = (byte) Math.min(255, i);
        }
        return table;
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

        /**
         * Sums of one output position, for several lanes.
         *
         * @param samples the lanes of input position p at p modulo its length, which is at least the size
         */
        void sum(int position, int[][] samples, int lanes, int[] sums) {
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
