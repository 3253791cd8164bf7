package io.realqa.scorer.image;

import com.luciad.imageio.webp.WebPImageReaderSpi;
import com.twelvemonkeys.imageio.stream.ByteArrayImageInputStream;
import io.realqa.scorer.image.ImageRejectedException.Reason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import org.jspecify.annotations.Nullable;

/**
 * WebP, lossy and lossless, by libwebp. The chunks are walked here; the decoder is given the color data alone, since the
 * alpha plane would be dropped and the profile not applied.
 */
final class WebpReader implements FormatReader {
    private static final int ANIMATION = 0x02;

    @Override
    public StoredImage read(byte[] file, ImageLimits limits) throws IOException, ImageRejectedException {
        long size = Bytes.u32le(file, 4);
        if (size > file.length - 8L) {
            throw ImageRejectedException.corrupt(
                    "WebP size: " + size + " bytes (expected: at most " + (file.length - 8L) + ", the file's)");
        }
        int end = (int) size + 8;
        byte @Nullable [] exif = null;
        byte @Nullable [] xmp = null;
        byte @Nullable [] color = null;
        String colorType = "";
        for (int at = 12; at + 8 <= end; ) {
            String type = Bytes.ascii(file, at, 4);
            long length = Bytes.u32le(file, at + 4);
            int data = at + 8;
            if (length > end - data) {
                throw ImageRejectedException.corrupt("WebP chunk " + type + ": " + length + " bytes (expected: at most "
                        + (end - data) + ", what is left)");
            }
            int dataEnd = data + (int) length;
            switch (type) {
                case "VP8X" -> {
                    limits.check(1 + u24(file, data + 4), 1 + u24(file, data + 7));
                    rejectAnimated((file[data] & ANIMATION) != 0);
                }
                case "ANIM", "ANMF" -> rejectAnimated(true);
                case "VP8 ", "VP8L" -> {
                    if (color == null) {
                        color = Arrays.copyOfRange(file, data, dataEnd);
                        colorType = type;
                    }
                }
                case "EXIF" -> exif = Arrays.copyOfRange(file, data, dataEnd);
                case "XMP " -> xmp = Arrays.copyOfRange(file, data, dataEnd);
                default -> {}
            }
            at = dataEnd + (int) (length & 1);
        }
        if (color == null) {
            throw ImageRejectedException.corrupt("WebP picture: none (expected: a VP8 or VP8L chunk)");
        }
        checkSize(color, colorType, limits);
        return new StoredImage(decode(color, colorType), Orientation.of(exif, xmp));
    }

    private static void rejectAnimated(boolean animated) throws ImageRejectedException {
        if (animated) {
            throw new ImageRejectedException(Reason.ANIMATED, "WebP: animated (expected: a still picture)");
        }
    }

    private static int u24(byte[] file, int at) {
        return Bytes.u16le(file, at) | Bytes.u8(file, at + 2) << 16;
    }

    private static void checkSize(byte[] color, String type, ImageLimits limits) throws ImageRejectedException {
        if (type.equals("VP8L")) {
            int packed = Bytes.i32le(color, 1);
            limits.check(1 + (packed & 0x3fff), 1 + (packed >> 14 & 0x3fff));
            return;
        }
        int partition = u24(color, 0) >> 5;
        if ((color[0] & 1) != 0 || partition > color.length - 10) {
            throw ImageRejectedException.corrupt("VP8 first partition: " + partition
                    + " bytes (expected: a key frame's, at most " + (color.length - 10) + ")");
        }
        limits.check(Bytes.u16le(color, 6) & 0x3fff, Bytes.u16le(color, 8) & 0x3fff);
    }

    private static RasterImage decode(byte[] color, String type) throws IOException {
        int padded = color.length + (color.length & 1);
        byte[] simple = ByteBuffer.allocate(20 + padded)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put("RIFF".getBytes(StandardCharsets.US_ASCII))
                .putInt(12 + padded)
                .put(("WEBP" + type).getBytes(StandardCharsets.US_ASCII))
                .putInt(color.length)
                .put(color)
                .array();
        ImageReader reader = new WebPImageReaderSpi().createReaderInstance(null);
        try (ImageInputStream stream = new ByteArrayImageInputStream(simple)) {
            reader.setInput(stream, true, true);
            return Rasters.rgb(reader.read(0));
        } finally {
            reader.dispose();
        }
    }
}
