package io.realqa.scorer.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.realqa.scorer.image.ImageRejectedException.Reason;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every bad input has its reason, and costs nothing: the whole class has seconds and no memory to speak of. */
@Timeout(20)
class ImageRejectionTest {
    private final ImageDecoder decoder = new ImageDecoder(ImageLimits.DEFAULTS);

    private ImageRejectedException rejected(byte[] file) {
        ImageRejectedException e = catchThrowableOfType(ImageRejectedException.class, () -> decoder.decode(file));
        assertThat(e).isNotNull();
        return e;
    }

    private void assertRejected(byte[] file, Reason reason, String message) {
        assertThat(rejected(file))
                .hasMessageContaining(message)
                .satisfies(e -> assertThat(e.reason()).isEqualTo(reason));
    }

    private static byte[] latin1(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static byte[] fixture(String name) {
        return References.bytes("formats/" + name);
    }

    private static byte[] with(byte[] file, int at, int... values) {
        byte[] copy = file.clone();
        for (int i = 0; i < values.length; i++) {
            copy[at + i] = (byte) values[i];
        }
        return copy;
    }

    @Test
    void noBytesAreEmpty() {
        assertRejected(new byte[0], Reason.EMPTY, "0 bytes");
    }

    @Test
    void aFileOverTheLimitIsNotOpened() {
        byte[] file = fixture("rgb.png");
        ImageDecoder strict = new ImageDecoder(new ImageLimits(file.length - 1, 1000, 1000));
        ImageRejectedException e = catchThrowableOfType(ImageRejectedException.class, () -> strict.decode(file));
        assertThat(e.reason()).isEqualTo(Reason.TOO_MANY_BYTES);
        assertThat(e).hasMessage("image: %d bytes (expected: at most %d)", file.length, file.length - 1);
    }

    @ParameterizedTest
    @CsvSource({
        "heic,mif1,HEIC/HEIF",
        "heix,mif1,HEIC/HEIF",
        "mif1,heic,HEIC/HEIF",
        "msf1,hevc,HEIC/HEIF",
        "avif,mif1,AVIF",
        "mif1,avif,AVIF",
        "avis,msf1,AVIF",
        "isom,mp42,video mp4",
        "'jp2 ','jp2 ',JPEG 2000"
    })
    void isoMediaFilesAreToldApartByTheirBrands(String major, String compatible, String name) {
        byte[] file = latin1("\0\0\0\u0018ftyp" + major + "\0\0\0\0mif1" + compatible + "....mdat");
        if (name.startsWith("video") || name.startsWith("JPEG")) {
            file = latin1("\0\0\0\u0014ftyp" + major + "\0\0\0\0" + compatible + "....mdat");
        }
        assertRejected(file, Reason.UNSUPPORTED_FORMAT, "image format: " + name + " (");
    }

    @Test
    void otherFormatsAreRejectedByName() {
        String[][] files = {
            {"\u00ff\n\u00fa", "JPEG XL"},
            {"\0\0\0\fJXL \r\n\u0087\n", "JPEG XL"},
            {"\0\0\0\fjP  \r\n\u0087\n", "JPEG 2000"},
            {"\u00ffO\u00ffQ", "JPEG 2000"},
            {"<?xml version='1.0'?><!-- a --><svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"},
            {"\u00ef\u00bb\u00bf <svg/>", "SVG"},
            {"%PDF-1.7", "PDF"},
            {"8BPS\0\1", "PSD"},
            {"\0\0\1\0\1\0", "ICO"},
            {"<!DOCTYPE HTML><html>", "HTML"},
            {"<html><body><svg/></body></html>", "HTML"},
            {"\u001aE\u00df\u00a3webm", "video webm"},
            {"II+\0\b\0\0\0", "BigTIFF"},
            {"404 page not found\n", "text"},
            {"BMW and other makers of cars", "text"},
            {"{\"error\": \"t\u00c3\u00bcr\"}", "text"},
            {"\u0089\0\1\2\3\4\5\6\7", "unknown, first bytes 89 00 01 02 03 04 05 06"},
            {"\0", "unknown, first bytes 00"},
        };
        for (String[] file : files) {
            assertRejected(latin1(file[0]), Reason.UNSUPPORTED_FORMAT, "image format: " + file[1] + " (");
        }
    }

    @ParameterizedTest
    @CsvSource({"262, 9, photometric interpretation 9", "262, 3, photometric interpretation 3 with 3 samples"})
    void tiffColoursThatNobodyReadsAreRefused(int tag, int value, String named) {
        byte[] file = fixture("raw.tif");
        for (int at = 0; at < file.length - 12; at++) {
            // an entry of one 16-bit number
            if (Bytes.u16le(file, at) == tag && Bytes.u16le(file, at + 2) == 3 && Bytes.u32le(file, at + 4) == 1) {
                assertRejected(with(file, at + 8, value, 0), Reason.UNSUPPORTED_FORMAT, "TIFF colours: " + named);
                return;
            }
        }
        throw new AssertionError("raw.tif has no tag " + tag);
    }

    /** Sizes are right, but the picture's own data ends early. */
    @ParameterizedTest
    @ValueSource(strings = {"lossless.webp", "lossy.webp", "lossy-large-4.webp"})
    void aWebpWhosePictureEndsEarlyIsRejected(String name) {
        byte[] file = fixture(name);
        String type = new String(file, 12, 4, StandardCharsets.ISO_8859_1);
        byte[] data = Arrays.copyOfRange(file, 20, file.length);
        for (int percent : new int[] {30, 50, 90}) {
            assertRejected(
                    webp(chunk(type, Arrays.copyOf(data, data.length * percent / 100))), Reason.CORRUPT, "WEBP data");
        }
    }

    /** 38 bytes that say 83 x 61 and hold codes without end. */
    @Test
    @Timeout(60)
    void aWebpOfEndlessCodesIsRejected() {
        byte[] file =
                HexFormat.of().parseHex("524946461e000000574542505650384c110000002f52000f0007d0b12680b8ff8188e87f0000");
        assertRejected(file, Reason.CORRUPT, "WEBP data");
    }

    @Test
    void anAnimatedWebpIsRejected() {
        byte[] frame = fixture("lossless.webp");
        byte[] extended = webp(
                chunk("VP8X", new byte[] {2, 0, 0, 0, 44, 0, 0, 32, 0, 0}),
                Arrays.copyOfRange(frame, 12, frame.length));
        byte[] unflagged = webp(chunk("ANIM", new byte[6]), Arrays.copyOfRange(frame, 12, frame.length));
        assertRejected(extended, Reason.ANIMATED, "animated");
        assertRejected(unflagged, Reason.ANIMATED, "animated");
    }

    private static byte[] webp(byte[]... chunks) {
        byte[] body = join(chunks);
        return join(latin1("RIFF"), le32(4 + body.length), latin1("WEBP"), body);
    }

    private static byte[] chunk(String type, byte[] data) {
        return join(latin1(type), le32(data.length), data, new byte[data.length % 2]);
    }

    private static byte[] le32(int value) {
        return ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(value)
                .array();
    }

    private static byte[] join(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }

    @Test
    void hugeHeadersAreRejectedBeforeAnythingIsAllocated() {
        byte[] jpeg = fixture("444.jpg");
        int frame = indexOf(jpeg, 0xff, 0xc0);
        assertRejected(pngOf(60_000, 60_000), Reason.TOO_MANY_PIXELS, "60000x60000");
        assertRejected(pngOf(30_001, 1), Reason.TOO_MANY_PIXELS, "30001x1");
        assertRejected(pngOf(Integer.MAX_VALUE, Integer.MAX_VALUE), Reason.TOO_MANY_PIXELS, "2147483647x");
        assertRejected(pngOf(-1, -1), Reason.TOO_MANY_PIXELS, "4294967295x4294967295");
        assertRejected(with(jpeg, frame + 5, 255, 255, 255, 255), Reason.TOO_MANY_PIXELS, "65535x65535");
        assertRejected(with(fixture("palette.gif"), 6, 255, 255, 255, 255), Reason.TOO_MANY_PIXELS, "65535");
        assertRejected(with(fixture("rgb.bmp"), 18, 0, 0, 1, 0, 0, 0, 1, 0), Reason.TOO_MANY_PIXELS, "65536x65536");
        assertRejected(with(fixture("rgb.bmp"), 22, 0, 0, 0, 128), Reason.TOO_MANY_PIXELS, "x2147483648");
        assertRejected(with(fixture("lossless.webp"), 21, 255, 255, 255, 15), Reason.TOO_MANY_PIXELS, "16384x16384");
        assertRejected(with(fixture("lossy.webp"), 26, 255, 63, 255, 63), Reason.TOO_MANY_PIXELS, "16383x16383");
        assertRejected(tiff("raw.tif", 256, 4, 1, 60_000, 257, 4, 1, 60_000), Reason.TOO_MANY_PIXELS, "60000x60000");
        assertRejected(tiff("raw.tif", 256, 4, 1, -1, 257, 4, 1, -1), Reason.TOO_MANY_PIXELS, "4294967295x4294967295");
    }

    @Test
    void tiffBombsAreRejectedByTheirDirectory() {
        assertRejected(tiff("raw.tif", 273, 4, 1 << 30, 8), Reason.CORRUPT, "TIFF tag 273: 1073741824 values");
        assertRejected(tiff("raw.tif", 279, 4, 1, -1), Reason.CORRUPT, "TIFF piece 0: 4294967295 bytes");
        assertRejected(tiff("raw.tif", 273, 4, 1, -2), Reason.CORRUPT, "TIFF piece 0");
        assertRejected(tiff("raw.tif", 278, 4, 1, 1), Reason.CORRUPT, "TIFF pieces: 1 offsets");
        assertRejected(tiff("raw.tif", 278, 4, 1, 0), Reason.CORRUPT, "45x0");
        assertRejected(tiff("raw.tif", 277, 3, 1, 60_000), Reason.UNSUPPORTED_FORMAT, "TIFF samples: 60000");
        assertRejected(tiff("raw.tif", 259, 3, 1, 50_000), Reason.UNSUPPORTED_FORMAT, "TIFF compression: 50000");
        // A deflated strip that says to be the whole of a picture within the limits, and is not.
        assertThat(rejected(tiff("tiff-adobe-deflate.tif", 256, 4, 1, 5000, 257, 4, 1, 9000, 278, 4, 1, 9000))
                        .reason())
                .isEqualTo(Reason.CORRUPT);
        // The JPEG inside announces more than the strip around it.
        byte[] jpeg = fixture("jpeg.tif");
        int frame = indexOf(jpeg, 0xff, 0xc0);
        assertRejected(with(jpeg, frame + 5, 255, 255, 255, 255), Reason.TOO_MANY_PIXELS, "65535x65535");
        // A directory that is its own next page.
        byte[] loop = fixture("raw.tif");
        int directory = ByteBuffer.wrap(loop).order(ByteOrder.LITTLE_ENDIAN).getInt(4);
        int next = directory + 2 + 12 * loop[directory];
        byte[] looped = with(loop, next, loop[4], loop[5], loop[6], loop[7]);
        assertThat(catchThrowable(() -> decoder.decode(looped))).isNull();
    }

    /** A little-endian fixture with entries (tag, type, count, value) of its directory overwritten. */
    private static byte[] tiff(String name, int... entries) {
        byte[] file = fixture(name);
        ByteBuffer buffer = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        int directory = buffer.getInt(4);
        for (int i = 0; i < entries.length; i += 4) {
            boolean found = false;
            for (int e = 0; e < buffer.getShort(directory); e++) {
                int at = directory + 2 + 12 * e;
                if (buffer.getShort(at) == entries[i]) {
                    buffer.putShort(at + 2, (short) entries[i + 1]).putInt(at + 4, entries[i + 2]);
                    buffer.putInt(at + 8, entries[i + 3]);
                    found = true;
                }
            }
            assertThat(found).as("tag %d of %s", entries[i], name).isTrue();
        }
        return file;
    }

    private static byte[] pngOf(int width, int height) {
        byte[] file = fixture("rgb.png");
        CRC32 crc = new CRC32();
        ByteBuffer.wrap(file).putInt(16, width).putInt(20, height);
        crc.update(file, 12, 17);
        ByteBuffer.wrap(file).putInt(29, (int) crc.getValue());
        return file;
    }

    private static int indexOf(byte[] file, int first, int second) {
        for (int i = 0; i < file.length - 1; i++) {
            if (file[i] == (byte) first && file[i + 1] == (byte) second) {
                return i;
            }
        }
        throw new AssertionError("marker not found");
    }

    @Test
    void aJpegCutAndClosedAgainIsCorrupt() {
        for (String name : new String[] {"444.jpg", "420.jpg", "grey.jpg", "restarts.jpg", "cmyk.jpg"}) {
            byte[] file = fixture(name);
            int scan = indexOf(file, 0xff, 0xda) + 14;
            int half = (scan + file.length) / 2;
            while (file[half - 1] == -1) {
                half--;
            }
            byte[] closed = with(Arrays.copyOf(file, half + 2), half, 0xff, 0xd9);
            assertRejected(closed, Reason.CORRUPT, "");
        }
    }

    @Test
    void aJpegWithStrayBytesAndABrokenProfileIsNoProblem() throws Exception {
        byte[] file = fixture("444.jpg");
        byte[] stray = join(Arrays.copyOf(file, 20), new byte[] {1, 2, 3}, Arrays.copyOfRange(file, 20, file.length));
        byte[] trailing = join(file, new byte[] {1, 2, 3});
        assertThat(decoder.decode(stray).rgb()).isEqualTo(decoder.decode(file).rgb());
        assertThat(decoder.decode(trailing).rgb())
                .isEqualTo(decoder.decode(file).rgb());
    }

    @Test
    void aJpegOfThousandsOfScansIsCorrupt() {
        byte[] file = fixture("grey.jpg");
        int scan = indexOf(file, 0xff, 0xda);
        byte[] once = Arrays.copyOfRange(file, scan, file.length - 2);
        byte[][] parts = new byte[2000][];
        Arrays.fill(parts, once);
        byte[] many = join(Arrays.copyOf(file, scan), join(parts), new byte[] {-1, (byte) 0xd9});
        assertRejected(many, Reason.CORRUPT, "JPEG scans");
    }

    @Test
    void arithmeticAndLosslessJpegAreUnsupported() {
        byte[] file = fixture("444.jpg");
        int frame = indexOf(file, 0xff, 0xc0);
        assertRejected(with(file, frame + 1, 0xc9), Reason.UNSUPPORTED_FORMAT, "SOF9");
        assertRejected(with(file, frame + 1, 0xc3), Reason.UNSUPPORTED_FORMAT, "SOF3");
        assertRejected(with(file, frame + 4, 12), Reason.UNSUPPORTED_FORMAT, "12 bits");
    }

    @Test
    void aPngWithAWrongChecksumIsCorrupt() {
        byte[] file = fixture("rgb.png");
        byte[] damaged = with(file, file.length / 2, file[file.length / 2] ^ 1);
        assertRejected(damaged, Reason.CORRUPT, "PNG checksum of IDAT");
    }

    @Test
    void aGifWhoseDataStopsEarlyIsCorrupt() {
        byte[] file = fixture("palette.gif");
        // The code size, then a block that clears the table and ends.
        int image = indexOf(file, ',', 0) + 10;
        byte[] stopped = join(Arrays.copyOf(file, image), new byte[] {6, 2, (byte) 0xc0, 0x20, 0, ';'});
        assertRejected(stopped, Reason.CORRUPT, "GIF");
    }

    @Test
    void limitsAreChecked() {
        for (long[] bad : new long[][] {{0, 1, 1}, {1, 0, 1}, {1, 1, 0}, {1, Integer.MAX_VALUE, 1}}) {
            assertThat(catchThrowableOfType(
                            IllegalArgumentException.class, () -> new ImageLimits(bad[0], bad[1], (int) bad[2])))
                    .hasMessageContaining("(expected: ");
        }
    }
}
