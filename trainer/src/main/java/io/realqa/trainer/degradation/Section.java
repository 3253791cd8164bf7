package io.realqa.trainer.degradation;

import io.realqa.scorer.image.RasterImage;

/** A rectangle of an image. */
public final class Section {
    private Section() {}

    /**
     * Cuts it out.
     *
     * @param mirrored whether left becomes right
     */
    public static RasterImage of(RasterImage image, int left, int top, int width, int height, boolean mirrored) {
        byte[] rgb = new byte[3 * width * height];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int at = 3 * ((top + y) * image.width() + left + (mirrored ? width - 1 - x : x));
                System.arraycopy(image.rgb(), at, rgb, 3 * (y * width + x), 3);
            }
        }
        return new RasterImage(width, height, rgb);
    }
}
