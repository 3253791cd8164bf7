package io.realqa.scorer.image;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.stream.Collectors;
import java.util.zip.InflaterInputStream;
import org.jspecify.annotations.Nullable;

/** Metadata that PNG writers put into text chunks: EXIF as hex digits (ImageMagick), and XMP. */
final class TextChunks {
    private static final String RAW_EXIF = "Raw profile type exif\0";
    private static final String XMP = "XML:com.adobe.xmp\0";

    /** A text chunk may inflate to gigabytes; metadata that holds an orientation does not. */
    private static final int MOST_BYTES = 1 << 20;

    private TextChunks() {}

    /** The EXIF structure in a tEXt or zTXt chunk; null: there is none. */
    static byte @Nullable [] exif(String type, byte[] chunk) {
        if (!Bytes.has(chunk, 0, RAW_EXIF)) {
            return null;
        }
        byte @Nullable [] text = type.equals("zTXt")
                ? inflated(chunk, RAW_EXIF.length() + 1)
                : Arrays.copyOfRange(chunk, RAW_EXIF.length(), chunk.length);
        if (text == null) {
            return null;
        }
        // an empty line, the profile's name, its length, then the digits
        String digits = new String(text, StandardCharsets.ISO_8859_1)
                .lines()
                .skip(3)
                .map(String::strip)
                .collect(Collectors.joining());
        try {
            return HexFormat.of().parseHex(digits);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /** The XMP packet in an iTXt chunk; null: there is none. */
    static byte @Nullable [] xmp(byte[] chunk) {
        int flag = XMP.length();
        if (!Bytes.has(chunk, 0, XMP) || chunk.length < flag + 2) {
            return null;
        }
        int text = afterZero(chunk, afterZero(chunk, flag + 2)); // language, translated keyword
        return chunk[flag] == 0 ? Arrays.copyOfRange(chunk, text, chunk.length) : inflated(chunk, text);
    }

    private static int afterZero(byte[] chunk, int from) {
        int at = from;
        while (at < chunk.length && chunk[at] != 0) {
            at++;
        }
        return Math.min(at + 1, chunk.length);
    }

    private static byte @Nullable [] inflated(byte[] chunk, int from) {
        int start = Math.min(from, chunk.length);
        try (InputStream in = new InflaterInputStream(new ByteArrayInputStream(chunk, start, chunk.length - start))) {
            return in.readNBytes(MOST_BYTES);
        } catch (IOException e) {
            return null; // Broken metadata around intact pixels
        }
    }
}
