package io.realqa.scorer.image;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A JPEG's segments, from SOI to its EOI: what follows (a second picture, a phone's video) is not looked at.
 *
 * @param width pixels
 * @param height pixels
 * @param componentIds the ids in the frame header: one for each component, 1, 3 or 4 of them
 * @param jfif whether a JFIF marker says that three components are YCbCr
 * @param adobeTransform Adobe's color transform (0 none, 1 YCbCr, 2 YCCK), -1 where there is no Adobe marker
 * @param exif of the first EXIF segment
 * @param xmp of the first XMP segment
 * @param pixels the JPEG without application and comment segments: what a decoder needs and nothing that it may
 *     stumble over, such as broken profiles
 */
@SuppressWarnings("ArrayRecordComponent") // a parse result, never compared
record JpegStructure(
        int width,
        int height,
        int[] componentIds,
        boolean jfif,
        int adobeTransform,
        byte @Nullable [] exif,
        byte @Nullable [] xmp,
        byte[] pixels) {
    private static final String EXIF = "Exif\0\0";
    private static final String XMP = "http://ns.adobe.com/xap/1.0/\0";

    /** APP0: 16 bytes, JFIF 1.1, a density of one by one without a unit, no thumbnail. */
    private static final byte[] JFIF = {-1, (byte) 0xe0, 0, 16, 'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0};

    /** A real progressive file has about ten; each one costs a pass over every coefficient. */
    private static final int MAX_SCANS = 100;

    private static final int SOF0 = 0xc0;
    private static final int SOF1 = 0xc1;
    private static final int SOF2 = 0xc2;
    private static final int SOF15 = 0xcf;
    private static final int DHT = 0xc4;
    private static final int JPG = 0xc8;
    private static final int DAC = 0xcc;
    private static final int RST0 = 0xd0;
    private static final int RST7 = 0xd7;
    private static final int SOI = 0xd8;
    private static final int EOI = 0xd9;
    private static final int SOS = 0xda;
    private static final int APP0 = 0xe0;
    private static final int APP1 = 0xe1;
    private static final int APP14 = 0xee;
    private static final int APP15 = 0xef;
    private static final int COM = 0xfe;
    private static final int TEM = 0x01;

    /** Parses the JPEG at the start of the bytes; the limits are checked as soon as the frame header is met. */
    static JpegStructure parse(byte[] file, ImageLimits limits) throws ImageRejectedException {
        return new Parser(file, limits).parse();
    }

    private static final class Parser {
        private final byte[] file;
        private final ImageLimits limits;
        private final ByteArrayOutputStream pixels;
        private int at = 2;
        private int width;
        private int height;
        private int scans;
        private int @Nullable [] componentIds;
        private boolean jfif;
        private int adobeTransform = -1;
        private byte @Nullable [] exif;
        private byte @Nullable [] xmp;

        Parser(byte[] file, ImageLimits limits) {
            this.file = file;
            this.limits = limits;
            this.pixels = new ByteArrayOutputStream(file.length);
        }

        JpegStructure parse() throws ImageRejectedException {
            pixels.write(file, 0, 2);
            int marker = nextMarker();
            while (marker != EOI) {
                if (marker == SOI || marker >= RST0 && marker <= RST7 || marker == TEM) {
                    marker = nextMarker(); // stand-alone markers out of place, which decoders skip
                    continue;
                }
                int length = Bytes.u16be(file, at);
                int end = at + length;
                if (length < 2 || end > file.length) {
                    throw ImageRejectedException.corrupt("JPEG segment " + Integer.toHexString(marker) + ": " + length
                            + " bytes (expected: 2 to " + (file.length - at) + ", what is left of the file)");
                }
                segment(marker, at + 2, end);
                if (marker == SOS) {
                    end = endOfScan(end);
                }
                if (marker != COM && (marker < APP0 || marker > APP15)) {
                    pixels.write(0xff);
                    pixels.write(marker);
                    pixels.write(file, at, end - at);
                }
                at = end;
                marker = nextMarker();
            }
            pixels.write(0xff);
            pixels.write(EOI);
            if (componentIds == null || scans == 0) {
                throw ImageRejectedException.corrupt("JPEG: no picture before its end (expected: a frame and a scan)");
            }
            return new JpegStructure(
                    width, height, componentIds, jfif, adobeTransform, exif, xmp, pixels.toByteArray());
        }

        /** The next marker's code, skipping stray bytes before it as decoders do; {@code at} then is behind it. */
        private int nextMarker() throws ImageRejectedException {
            while (at < file.length - 1) {
                if (file[at++] == -1 && file[at] != -1 && file[at] != 0) {
                    return Bytes.u8(file, at++);
                }
            }
            throw ImageRejectedException.corrupt(
                    "JPEG: ends after " + file.length + " bytes (expected: an EOI marker)");
        }

        /** Where the entropy-coded data ends: the first marker that is neither a stuffed ff nor a restart. */
        private int endOfScan(int from) {
            int end = from;
            while (end < file.length - 1) {
                int next = Bytes.u8(file, end + 1);
                if (file[end] == -1 && next != 0 && next != 0xff && (next < RST0 || next > RST7)) {
                    return end;
                }
                end++;
            }
            return file.length;
        }

        private void segment(int marker, int from, int end) throws ImageRejectedException {
            if (marker >= SOF0 && marker <= SOF15 && marker != DHT && marker != JPG && marker != DAC) {
                frame(marker, from);
            } else if (marker == SOS && ++scans > MAX_SCANS) {
                throw ImageRejectedException.corrupt("JPEG scans: over " + MAX_SCANS + " (expected: at most that)");
            } else if (marker == APP0 && Bytes.has(file, from, "JFIF\0")) {
                jfif = true;
            } else if (marker == APP14 && end - from >= 12 && Bytes.has(file, from, "Adobe")) {
                adobeTransform = Bytes.u8(file, from + 11);
            } else if (marker == APP1 && exif == null && Bytes.has(file, from, EXIF)) {
                exif = Arrays.copyOfRange(file, from + EXIF.length(), end);
            } else if (marker == APP1 && xmp == null && Bytes.has(file, from, XMP)) {
                xmp = Arrays.copyOfRange(file, from + XMP.length(), end);
            }
        }

        private void frame(int marker, int from) throws ImageRejectedException {
            int bits = Bytes.u8(file, from);
            if (marker != SOF0 && marker != SOF1 && marker != SOF2 || bits != 8) {
                throw ImageRejectedException.unsupported("JPEG process: SOF" + (marker - SOF0) + " with " + bits
                        + " bits (expected: baseline, extended or progressive Huffman with 8 bits)");
            }
            if (componentIds != null) {
                throw ImageRejectedException.corrupt("JPEG frames: 2 (expected: 1)");
            }
            height = Bytes.u16be(file, from + 1);
            width = Bytes.u16be(file, from + 3);
            limits.check(width, height);
            int components = Bytes.u8(file, from + 5);
            if (components != 1 && components != 3 && components != 4) {
                throw ImageRejectedException.unsupported("JPEG components: " + components + " (expected: 1, 3 or 4)");
            }
            componentIds = new int[components];
            for (int c = 0; c < components; c++) {
                componentIds[c] = Bytes.u8(file, from + 6 + 3 * c);
            }
        }
    }

    /**
     * The pixels with a JFIF marker, by which three components are YCbCr whatever their ids and sampling. Without it the
     * JDK's reader would take some for RGB.
     */
    byte[] asJfif() {
        ByteArrayOutputStream out = new ByteArrayOutputStream(pixels.length + JFIF.length);
        out.write(pixels, 0, 2);
        out.write(JFIF, 0, JFIF.length);
        out.write(pixels, 2, pixels.length - 2);
        return out.toByteArray();
    }

    /** Whether the first three components are YCbCr rather than RGB or CMY; libjpeg's rules. */
    boolean luminanceFirst() {
        if (componentIds.length == 1) {
            return false;
        } else if (componentIds.length == 4) {
            return adobeTransform > 0;
        } else if (jfif) {
            return true;
        } else if (adobeTransform >= 0) {
            return adobeTransform != 0;
        }
        return !Arrays.equals(componentIds, new int[] {'R', 'G', 'B'});
    }
}
