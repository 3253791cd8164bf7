package io.realqa.scorer.image;

import io.realqa.scorer.image.ImageRejectedException.Reason;

/**
 * What an upload may cost, checked from its header before any pixel buffer exists.
 *
 * @param maxBytes of the file
 * @param maxPixels width times height; a decoder needs up to 10 bytes for each
 * @param maxSide pixels of the longer side
 */
public record ImageLimits(long maxBytes, long maxPixels, int maxSide) {
    /** The most pixels whose RGB bytes fit one Java array. */
    private static final long ADDRESSABLE_PIXELS = (Integer.MAX_VALUE - 8) / 3;

    /** 32 MiB, 50 million pixels (a large camera's), 30,000 pixels a side. */
    public static final ImageLimits DEFAULTS = new ImageLimits(32L << 20, 50_000_000L, 30_000);

    public ImageLimits {
        if (maxBytes < 1) {
            throw new IllegalArgumentException("maxBytes: " + maxBytes + " (expected: at least 1)");
        }
        if (maxPixels < 1 || maxPixels > ADDRESSABLE_PIXELS) {
            throw new IllegalArgumentException(
                    "maxPixels: " + maxPixels + " (expected: 1 to " + ADDRESSABLE_PIXELS + ")");
        }
        if (maxSide < 1) {
            throw new IllegalArgumentException("maxSide: " + maxSide + " (expected: at least 1)");
        }
    }

    /** Passes only a size that may be decoded; takes longs so that no header can overflow the check. */
    void check(long width, long height) throws ImageRejectedException {
        if (width < 1 || height < 1) {
            throw ImageRejectedException.corrupt("image size: " + width + "x" + height + " (expected: at least 1x1)");
        }
        // The sides first: with both within an int, the product cannot overflow a long.
        if (width > maxSide || height > maxSide || width * height > maxPixels) {
            throw new ImageRejectedException(
                    Reason.TOO_MANY_PIXELS,
                    "image size: " + width + "x" + height + " (expected: at most " + maxPixels
                            + " pixels, no side over " + maxSide + ")");
        }
    }
}
