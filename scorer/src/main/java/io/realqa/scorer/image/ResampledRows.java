package io.realqa.scorer.image;

import io.realqa.scorer.image.BicubicResampler.Filter;

/**
 * Rows of an image at another width, made some at a time from the top: [3, width] levels each. The last few are kept.
 * Ints, not bytes: the compiler makes vector instructions of loops along neighbouring ints, and of no others.
 */
abstract class ResampledRows {
    /** Rows at a time: a photograph's then fit a core's second-level cache. */
    private static final int BAND = 32;

    final RasterImage image;
    private final int[][] window;
    private int next;

    private ResampledRows(RasterImage image, int width, int first, int kept) {
        this.image = image;
        this.next = first;
        this.window = new int[Math.min(kept, image.height()) + BAND][3 * width];
    }

    /**
     * Rows of an image.
     *
     * @param first the first that is wanted
     * @param kept how many are wanted at a time
     */
    static ResampledRows of(RasterImage image, int width, int first, int kept) {
        return width == image.width()
                ? new Stored(image, first, kept)
                : new Narrowed(image, new Filter(image.width(), width), first, kept);
    }

    /** Row y is at y modulo its length. */
    int[][] window() {
        return window;
    }

    /** Makes the rows before the given one. */
    void upTo(int end) {
        while (next < end) {
            int rows = Math.min(BAND, image.height() - next);
            int[][] into = new int[rows][];
            for (int r = 0; r < rows; r++) {
                into[r] = window[(next + r) % window.length];
            }
            make(next, into);
            next += rows;
        }
    }

    /** Fills rows from the given one on. */
    abstract void make(int top, int[][] rows);

    /** Rows as they are. */
    private static final class Stored extends ResampledRows {
        Stored(RasterImage image, int first, int kept) {
            super(image, image.width(), first, kept);
        }

        @Override
        void make(int top, int[][] rows) {
            byte[] in = image.rgb();
            int width = image.width();
            int from = 3 * width * top;
            for (int[] row : rows) {
                for (int x = 0; x < width; x++, from += 3) {
                    row[x] = in[from] & 0xff;
                    row[width + x] = in[from + 1] & 0xff;
                    row[2 * width + x] = in[from + 2] & 0xff;
                }
            }
        }
    }

    /** Rows of another width. They are turned on their side, so that a column's samples are neighbours. */
    private static final class Narrowed extends ResampledRows {
        private final Filter filter;
        private final int width;
        /** [width of the image, 3, rows]. */
        private final int[][] columns;

        private final int[] sums = new int[3 * BAND];

        Narrowed(RasterImage image, Filter filter, int first, int kept) {
            super(image, filter.first.length, first, kept);
            this.filter = filter;
            this.width = filter.first.length;
            this.columns = new int[image.width()][3 * BAND];
        }

        @Override
        void make(int top, int[][] rows) {
            upend(top, rows.length);
            int count = rows.length;
            for (int x = 0; x < width; x++) {
                filter.levels(x, columns, 3 * count, sums);
                for (int r = 0; r < count; r++) {
                    int[] row = rows[r];
                    row[x] = sums[r];
                    row[width + x] = sums[count + r];
                    row[2 * width + x] = sums[2 * count + r];
                }
            }
        }

        private void upend(int top, int rows) {
            byte[] in = image.rgb();
            int stride = 3 * image.width();
            for (int x = 0; x < image.width(); x++) {
                int[] column = columns[x];
                int from = stride * top + 3 * x;
                for (int r = 0; r < rows; r++, from += stride) {
                    column[r] = in[from] & 0xff;
                    column[rows + r] = in[from + 1] & 0xff;
                    column[2 * rows + r] = in[from + 2] & 0xff;
                }
            }
        }
    }
}
