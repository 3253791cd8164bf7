package io.realqa.scorer.image;

/**
 * An 8-bit RGB image.
 *
 * @param width pixels, at least 1
 * @param height pixels, at least 1
 * @param rgb [height, width, 3], rows top to bottom; owned by whoever holds the image, never copied
 */
@SuppressWarnings("ArrayRecordComponent") // identity is all that is needed, and a copy of megabytes is not
public record RasterImage(int width, int height, byte[] rgb) {
    public RasterImage {
        if (width < 1 || height < 1) {
            throw new IllegalArgumentException("image size: " + width + "x" + height + " (expected: at least 1x1)");
        }
        long expected = 3L * width * height;
        if (rgb.length != expected) {
            throw new IllegalArgumentException("rgb length: " + rgb.length + " (expected: " + expected + ")");
        }
    }
}
