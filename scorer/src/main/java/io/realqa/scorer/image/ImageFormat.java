package io.realqa.scorer.image;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;

/**
 * What a file is by its first bytes; names and media types given by uploaders are not looked at. The formats that
 * are not read are told apart so that the dead letter can say "HEIC" and not "unknown".
 */
enum ImageFormat {
    JPEG("JPEG"),
    PNG("PNG"),
    WEBP("WebP"),
    GIF("GIF"),
    BMP("BMP"),
    TIFF("TIFF"),
    HEIC("HEIC/HEIF"),
    AVIF("AVIF"),
    JPEG_XL("JPEG XL"),
    JPEG_2000("JPEG 2000"),
    BIG_TIFF("BigTIFF"),
    SVG("SVG"),
    PDF("PDF"),
    PSD("PSD"),
    ICO("ICO"),
    HTML("HTML"),
    MP4("video mp4"),
    WEBM("video webm"),
    TEXT("text"),
    UNKNOWN("unknown");

    /** How far a text is looked through for what it is: an SVG may begin with comments. */
    private static final int TEXT_WINDOW = 4096;

    private static final Set<String> HEIC_BRANDS =
            Set.of("mif1", "msf1", "heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs");

    private final String label;

    ImageFormat(String label) {
        this.label = label;
    }

    /** The name for messages; an unknown format is described by its first bytes. */
    String describe(byte[] file) {
        if (this != UNKNOWN) {
            return label;
        }
        StringBuilder text = new StringBuilder("unknown, first bytes");
        for (int i = 0; i < Math.min(8, file.length); i++) {
            text.append(String.format(Locale.ROOT, " %02x", file[i]));
        }
        return text.toString();
    }

    /** The format of a file of at least one byte. */
    static ImageFormat sniff(byte[] file) {
        if (Bytes.has(file, 0, "\u00ff\u00d8\u00ff")) {
            return JPEG;
        } else if (Bytes.has(file, 0, "\u0089PNG\r\n\u001a\n")) {
            return PNG;
        } else if (Bytes.has(file, 0, "RIFF") && Bytes.has(file, 8, "WEBP")) {
            return WEBP;
        } else if (Bytes.has(file, 0, "GIF87a") || Bytes.has(file, 0, "GIF89a")) {
            return GIF;
        } else if (Bytes.has(file, 0, "II*\0") || Bytes.has(file, 0, "MM\0*")) {
            return TIFF;
        } else if (Bytes.has(file, 0, "II+\0") || Bytes.has(file, 0, "MM\0+")) {
            return BIG_TIFF;
        } else if (isBmp(file)) {
            return BMP;
        } else if (Bytes.has(file, 4, "ftyp")) {
            return isoMedia(file);
        } else if (Bytes.has(file, 0, "\u00ff\n") || Bytes.has(file, 0, "\0\0\0\fJXL \r\n\u0087\n")) {
            return JPEG_XL;
        } else if (Bytes.has(file, 0, "\0\0\0\fjP  \r\n\u0087\n") || Bytes.has(file, 0, "\u00ffO\u00ffQ")) {
            return JPEG_2000;
        } else if (Bytes.has(file, 0, "%PDF-")) {
            return PDF;
        } else if (Bytes.has(file, 0, "8BPS")) {
            return PSD;
        } else if (Bytes.has(file, 0, "\0\0\1\0") || Bytes.has(file, 0, "\0\0\2\0")) {
            return ICO;
        } else if (Bytes.has(file, 0, "\u001aE\u00df\u00a3")) {
            return WEBM;
        }
        return text(file);
    }

    /** "BM" alone also begins prose; the size of the second header is what tells (absent in a file cut that early). */
    private static boolean isBmp(byte[] file) {
        return Bytes.has(file, 0, "BM") && (file.length < 18 || Bytes.u32le(file, 14) <= 255);
    }

    /** By the brands of the ftyp box: a HEIF container with AV1 inside lists both, and AVIF is the truth. */
    private static ImageFormat isoMedia(byte[] file) {
        long end = Math.min(file.length, Math.min(Bytes.u32be(file, 0), 256));
        ImageFormat found = MP4;
        for (int at = 8; at + 4 <= Math.max(end, Math.min(file.length, 12)); at += at == 8 ? 8 : 4) {
            String brand = Bytes.ascii(file, at, 4);
            if (brand.equals("avif") || brand.equals("avis")) {
                return AVIF;
            } else if (HEIC_BRANDS.contains(brand)) {
                found = HEIC;
            } else if (brand.equals("jxl ")) {
                return JPEG_XL;
            } else if (brand.equals("jp2 ") || brand.equals("jpx ")) {
                return JPEG_2000;
            }
        }
        return found;
    }

    private static ImageFormat text(byte[] file) {
        int length = Math.min(file.length, TEXT_WINDOW);
        CharBuffer chars = CharBuffer.allocate(length);
        // A code point cut by the window's end is underflow, not an error; anything else malformed is no text.
        boolean malformed = StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(file, 0, length), chars, false)
                .isError();
        String text = chars.flip().toString();
        if (malformed || text.chars().anyMatch(c -> c < ' ' && "\t\n\r\f".indexOf(c) < 0)) {
            return UNKNOWN;
        }
        String lower = text.replace("\ufeff", "").stripLeading().toLowerCase(Locale.ROOT);
        boolean html = lower.startsWith("<!doctype html") || lower.startsWith("<html") || lower.startsWith("<head");
        if (html || lower.startsWith("<body") || lower.startsWith("<script")) {
            return HTML;
        }
        if (lower.startsWith("<") && lower.contains("<svg")) {
            return SVG;
        }
        return lower.startsWith("<") && lower.contains("<html") ? HTML : TEXT;
    }
}
