package io.realqa.trainer.feedback;

import io.realqa.scorer.image.RasterImage;

/**
 * Difference hash: the image averaged down to 9 x 8 fields of luma; each bit says whether a field is brighter than the
 * one to its right. Resizing, recompression and changes of tone turn few of the 64 bits. (Krawetz, "Kind of like that",
 * 2013.)
 */
public final class PerceptualHash {
    /** Bits. */
    public static final int BITS = 64;

    private static final int ROWS = 8;
    private static final int COLUMNS = 9;

    private PerceptualHash() {}

    /** The image's hash; row by row, the highest bit first. */
    public static long of(RasterImage image) {
        double[] sums = new double[ROWS * COLUMNS];
        int[] counts = new int[ROWS * COLUMNS];
        byte[] rgb = image.rgb();
        for (int y = 0, at = 0; y < image.height(); y++) {
            int row = y * ROWS / image.height();
            for (int x = 0; x < image.width(); x++, at += 3) {
                int field = row * COLUMNS + x * COLUMNS / image.width();
                // BT.601 luma
                sums[field] += 0.299 * (rgb[at] & 0xff) + 0.587 * (rgb[at + 1] & 0xff) + 0.114 * (rgb[at + 2] & 0xff);
                counts[field]++;
            }
        }
        long hash = 0;
        for (int row = 0; row < ROWS; row++) {
            for (int column = 0; column + 1 < COLUMNS; column++) {
                int field = row * COLUMNS + column;
                // an image of fewer pixels than fields has empty ones: they count as black
                double left = sums[field] / Math.max(1, counts[field]);
                double right = sums[field + 1] / Math.max(1, counts[field + 1]);
                hash = hash << 1 | (left > right ? 1 : 0);
            }
        }
        return hash;
    }

    /** In how many bits two hashes differ, 0 to 64. */
    public static int distance(long a, long b) {
        return Long.bitCount(a ^ b);
    }
}
