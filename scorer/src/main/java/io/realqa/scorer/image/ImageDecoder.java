package io.realqa.scorer.image;

import io.realqa.scorer.image.FormatReader.StoredImage;
import io.realqa.scorer.image.ImageRejectedException.Reason;
import java.io.IOException;

/**
 * From the bytes of an upload to upright RGB pixels, the ones Pillow's {@code exif_transpose(open(f)).convert("RGB")}
 * gives: alpha is dropped and the colour under it kept, colour profiles are not applied, CMYK is inverted naively.
 * One difference: 16-bit grey keeps its high byte, where Pillow clips nearly every value to white.
 *
 * <p>A file that ends early is rejected, never decoded to a half-grey picture. Thread-safe.
 */
public final class ImageDecoder {
    private final ImageLimits limits;

    public ImageDecoder(ImageLimits limits) {
        this.limits = limits;
    }

    /**
     * Decodes the first (or only) picture of a JPEG, PNG, WebP, GIF, BMP or TIFF.
     *
     * <p>An OutOfMemoryError is let through: the limits bound what a file may ask for, so it speaks of this process
     * and not of the image.
     *
     * @throws ImageRejectedException for every input that is not such a picture within the limits
     */
    public RasterImage decode(byte[] file) throws ImageRejectedException {
        if (file.length == 0) {
            throw new ImageRejectedException(Reason.EMPTY, "image: 0 bytes (expected: at least 1)");
        }
        if (file.length > limits.maxBytes()) {
            throw new ImageRejectedException(
                    Reason.TOO_MANY_BYTES,
                    "image: " + file.length + " bytes (expected: at most " + limits.maxBytes() + ")");
        }
        ImageFormat format = ImageFormat.sniff(file);
        FormatReader reader = readerOf(format, file);
        try {
            StoredImage stored = reader.read(file, limits);
            return Orientation.upright(stored.image(), stored.orientation());
        } catch (IOException | RuntimeException | StackOverflowError e) {
            throw new ImageRejectedException(
                    Reason.CORRUPT, format + " data: " + e + " (expected: a readable " + format + ")", e);
        }
    }

    private static FormatReader readerOf(ImageFormat format, byte[] file) throws ImageRejectedException {
        return switch (format) {
            case JPEG -> new JpegReader();
            case PNG -> new PngReader();
            case WEBP -> new WebpReader();
            case GIF -> new GifReader();
            case BMP -> new BmpReader();
            case TIFF -> new TiffReader();
            default ->
                throw ImageRejectedException.unsupported(
                        "image format: " + format.describe(file) + " (expected: JPEG, PNG, WebP, GIF, BMP or TIFF)");
        };
    }
}
