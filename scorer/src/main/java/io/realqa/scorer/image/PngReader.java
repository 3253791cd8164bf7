package io.realqa.scorer.image;

import com.twelvemonkeys.imageio.stream.ByteArrayImageInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.zip.CRC32;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import org.jspecify.annotations.Nullable;

/**
 * PNG. The chunks are walked here, checksums and the final IEND required; the JDK's reader is then given only the
 * ones that make the pixels, since text and profile chunks are a way to make a reader inflate gigabytes. Of an
 * animated PNG the default picture is read, as every reader without animation does.
 */
final class PngReader implements FormatReader {
    private static final int SIGNATURE_BYTES = 8;

    @Override
    public StoredImage read(byte[] file, ImageLimits limits) throws IOException, ImageRejectedException {
        ByteArrayOutputStream pixels = new ByteArrayOutputStream(file.length);
        pixels.write(file, 0, SIGNATURE_BYTES);
        byte @Nullable [] exif = null;
        byte @Nullable [] raw = null;
        byte @Nullable [] xmp = null;
        String type = "";
        for (int at = SIGNATURE_BYTES; !type.equals("IEND"); ) {
            if (at > file.length - 12) {
                throw ImageRejectedException.corrupt("PNG: ends at " + file.length + " bytes (expected: a chunk IEND)");
            }
            long length = Bytes.u32be(file, at);
            type = Bytes.ascii(file, at + 4, 4);
            if (length > file.length - at - 12L) {
                throw ImageRejectedException.corrupt("PNG chunk " + type + ": " + length + " bytes (expected: at most "
                        + Math.max(0, file.length - at - 12L) + ", what is left of the file)");
            }
            int data = at + 8;
            int end = data + (int) length;
            boolean first = at == SIGNATURE_BYTES;
            if (first != type.equals("IHDR") || first && length != 13) {
                throw ImageRejectedException.corrupt("PNG chunk: " + type + " of " + length
                        + " bytes (expected: IHDR of 13 bytes first, and only there)");
            }
            if (first) {
                limits.check(Bytes.u32be(file, data), Bytes.u32be(file, data + 4));
            }
            if (isCritical(type)) {
                checkSum(file, at, end, type);
                pixels.write(file, at, end + 4 - at);
            } else if (type.equals("eXIf")) {
                exif = Arrays.copyOfRange(file, data, end);
            } else if (type.equals("iTXt")) {
                xmp = xmp == null ? TextChunks.xmp(Arrays.copyOfRange(file, data, end)) : xmp;
            } else if (type.equals("tEXt") || type.equals("zTXt")) {
                raw = raw == null ? TextChunks.exif(type, Arrays.copyOfRange(file, data, end)) : raw;
            }
            at = end + 4;
        }
        return new StoredImage(decode(pixels.toByteArray()), Orientation.of(exif != null ? exif : raw, xmp));
    }

    private static boolean isCritical(String type) {
        return type.equals("IHDR") || type.equals("PLTE") || type.equals("IDAT") || type.equals("IEND");
    }

    private static void checkSum(byte[] file, int at, int end, String type) throws ImageRejectedException {
        CRC32 crc = new CRC32();
        crc.update(file, at + 4, end - at - 4);
        if (crc.getValue() != Bytes.u32be(file, end)) {
            throw ImageRejectedException.corrupt("PNG checksum of " + type + ": "
                    + Long.toHexString(Bytes.u32be(file, end)) + " (expected: " + Long.toHexString(crc.getValue())
                    + ")");
        }
    }

    private static RasterImage decode(byte[] png) throws IOException {
        ImageReader reader = Rasters.jdkReader("png");
        try (ImageInputStream stream = new ByteArrayImageInputStream(png)) {
            reader.setInput(stream, true, true);
            return Rasters.rgb(reader.read(0));
        } finally {
            reader.dispose();
        }
    }
}
