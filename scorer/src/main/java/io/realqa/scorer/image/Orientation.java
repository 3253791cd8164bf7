package io.realqa.scorer.image;

import com.drew.lang.ByteArrayReader;
import com.drew.metadata.Metadata;
import com.drew.metadata.exif.ExifIFD0Directory;
import com.drew.metadata.exif.ExifReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** How a camera was held, from EXIF or else XMP as Pillow looks for it, and turning the picture upright. */
final class Orientation {
    static final int UPRIGHT = 1;

    private static final String EXIF_PREFIX = "Exif\0\0";
    private static final Pattern XMP = Pattern.compile("tiff:Orientation(?:=\"|>)([0-9])");

    private Orientation() {}

    /**
     * The orientation that the metadata gives, upright if none.
     *
     * @param exif a TIFF structure, with or without "Exif\0\0" before it
     * @param xmp an XMP packet; asked only where EXIF says nothing
     */
    static int of(byte @Nullable [] exif, byte @Nullable [] xmp) {
        Integer found = exif == null ? null : fromExif(exif);
        if (found == null && xmp != null) {
            Matcher matcher = XMP.matcher(new String(xmp, StandardCharsets.ISO_8859_1));
            found = matcher.find() ? Integer.valueOf(matcher.group(1)) : null;
        }
        return found == null ? UPRIGHT : found;
    }

    private static @Nullable Integer fromExif(byte[] exif) {
        byte[] tiff =
                Bytes.has(exif, 0, EXIF_PREFIX) ? Arrays.copyOfRange(exif, EXIF_PREFIX.length(), exif.length) : exif;
        Metadata metadata = new Metadata();
        try {
            new ExifReader().extract(new ByteArrayReader(tiff), metadata);
        } catch (RuntimeException | StackOverflowError e) {
            return null; // Broken metadata around intact pixels: they are shown as stored, as browsers do.
        }
        ExifIFD0Directory directory = metadata.getFirstDirectoryOfType(ExifIFD0Directory.class);
        return directory == null ? null : directory.getInteger(ExifIFD0Directory.TAG_ORIENTATION);
    }

    /** The picture turned and mirrored so that its top is up; sides swap for orientations 5 to 8. */
    static RasterImage upright(RasterImage image, int orientation) {
        if (orientation <= UPRIGHT || orientation > 8) {
            return image;
        }
        int w = image.width();
        int h = image.height();
        boolean swap = orientation >= 5;
        // Bit by bit: which corner of the stored picture becomes the top left one.
        boolean fromRight = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
        boolean fromBottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
        int alongRow = fromRight ? -3 : 3;
        int alongColumn = fromBottom ? -3 * w : 3 * w;
        int start = (fromRight ? 3 * (w - 1) : 0) + (fromBottom ? 3 * w * (h - 1) : 0);
        int stepX = swap ? alongColumn : alongRow;
        int stepY = swap ? alongRow : alongColumn;

        int width = swap ? h : w;
        int height = swap ? w : h;
        byte[] from = image.rgb();
        byte[] to = new byte[from.length];
        int out = 0;
        for (int y = 0; y < height; y++) {
            int in = start + y * stepY;
            for (int x = 0; x < width; x++, in += stepX, out += 3) {
                to[out] = from[in];
                to[out + 1] = from[in + 1];
                to[out + 2] = from[in + 2];
            }
        }
        return new RasterImage(width, height, to);
    }
}
