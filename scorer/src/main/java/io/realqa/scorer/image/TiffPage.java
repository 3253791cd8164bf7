package io.realqa.scorer.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The first directory of a TIFF. A reader follows its numbers all over the file, so every one that leads to an
 * allocation or a seek is checked here first, and the reader is then given a directory of the checked ones only:
 * no further pages (their chain may be a loop), no profiles, no nested directories.
 */
final class TiffPage {
    static final int PHOTOMETRIC = 262;

    private static final int WIDTH = 256;
    private static final int HEIGHT = 257;
    private static final int BITS = 258;
    private static final int COMPRESSION = 259;
    private static final int STRIP_OFFSETS = 273;
    private static final int ORIENTATION = 274;
    private static final int SAMPLES = 277;
    private static final int ROWS_PER_STRIP = 278;
    private static final int STRIP_BYTES = 279;
    private static final int PLANAR = 284;
    private static final int PREDICTOR = 317;
    private static final int EXTRA_SAMPLES = 338;
    private static final int TILE_WIDTH = 322;
    private static final int TILE_HEIGHT = 323;
    private static final int TILE_OFFSETS = 324;
    private static final int TILE_BYTES = 325;
    private static final int XMP = 700;

    /** The tags above, and: fill order, CCITT options, palette, inks, sample format,
     * JPEG tables, and the three about YCbCr with the reference levels. */
    private static final Set<Integer> KEPT = Set.of(
            WIDTH,
            HEIGHT,
            BITS,
            COMPRESSION,
            PHOTOMETRIC,
            STRIP_OFFSETS,
            SAMPLES,
            ROWS_PER_STRIP,
            STRIP_BYTES,
            PLANAR,
            TILE_WIDTH,
            TILE_HEIGHT,
            TILE_OFFSETS,
            TILE_BYTES,
            266,
            292,
            293,
            PREDICTOR,
            320,
            332,
            334,
            EXTRA_SAMPLES,
            339,
            347,
            529,
            530,
            531,
            532);

    private static final int UNCOMPRESSED = 1;
    private static final int CCITT_RLE = 2;
    private static final int CCITT_T4 = 3;
    private static final int CCITT_T6 = 4;
    private static final int LZW = 5;
    private static final int JPEG = 7;
    private static final int DEFLATE = 8;
    private static final int PACK_BITS = 32773;
    private static final int OLD_DEFLATE = 32946;
    private static final Set<Long> COMPRESSIONS = Set.of(
            (long) UNCOMPRESSED,
            (long) CCITT_RLE,
            (long) CCITT_T4,
            (long) CCITT_T6,
            (long) LZW,
            (long) JPEG,
            (long) DEFLATE,
            (long) PACK_BITS,
            (long) OLD_DEFLATE);

    /** Only these know differences between neighbours; elsewhere the tag is ignored. */
    private static final Set<Long> PREDICTED = Set.of((long) LZW, (long) DEFLATE, (long) OLD_DEFLATE);

    private static final int MAX_SAMPLES = 8;

    private static final int GREY = 1;
    private static final int RGB = 2;
    private static final int PALETTE = 3;
    private static final int CIE_LAB = 8;
    private static final int ICC_LAB = 9;

    /** Bytes of one value, by type 1 to 12. */
    private static final List<Integer> TYPE_BYTES = List.of(0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8);

    private final byte[] file;
    private final ByteBuffer buffer;
    private final Map<Integer, Entry> entries = new TreeMap<>();

    /**
     * One directory entry.
     *
     * @param at of its 12 bytes
     * @param count of values
     * @param valueAt of the first value, in the entry or elsewhere; all of them lie inside the file
     */
    private record Entry(int at, int type, int count, int valueAt) {}

    private TiffPage(byte[] file) {
        this.file = file;
        this.buffer =
                ByteBuffer.wrap(file).order(Bytes.has(file, 0, "II") ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
    }

    /** Reads the first directory; values outside the file are refused. */
    static TiffPage parse(byte[] file) throws ImageRejectedException {
        TiffPage page = new TiffPage(file);
        long directory = page.u32(4);
        if (directory > file.length - 2L) {
            throw ImageRejectedException.corrupt(
                    "TIFF directory offset: " + directory + " (expected: within " + file.length + " bytes)");
        }
        int count = page.u16((int) directory);
        for (int i = 0; i < count; i++) {
            page.add((int) directory + 2 + 12 * i);
        }
        return page;
    }

    private void add(int at) throws ImageRejectedException {
        int tag = u16(at);
        if (!KEPT.contains(tag) && tag != ORIENTATION && tag != XMP) {
            return; // Not read, so not checked: private tags are often odd.
        }
        int type = u16(at + 2);
        long count = u32(at + 4);
        int valueBytes = type < TYPE_BYTES.size() ? TYPE_BYTES.get(type) : 0;
        long bytes = valueBytes * count; // below 2^35
        long valueAt = bytes <= 4 ? at + 8 : u32(at + 8);
        if (valueBytes == 0 || count == 0 || valueAt + bytes > file.length) {
            throw ImageRejectedException.corrupt("TIFF tag " + tag + ": " + count + " values of type " + type + " at "
                    + valueAt + " (expected: within " + file.length + " bytes)");
        }
        entries.putIfAbsent(tag, new Entry(at, type, (int) count, (int) valueAt));
    }

    private int u16(int at) {
        return buffer.getShort(at) & 0xffff;
    }

    private long u32(int at) {
        return buffer.getInt(at) & 0xffffffffL;
    }

    /** The values of a whole-number tag; empty where the tag is absent. */
    private long[] values(int tag) {
        @Nullable Entry entry = entries.get(tag);
        if (entry == null) {
            return new long[0];
        }
        long[] values = new long[entry.count()];
        for (int i = 0; i < values.length; i++) {
            values[i] = switch (entry.type()) {
                case 1, 7 -> Bytes.u8(file, entry.valueAt() + i);
                case 3 -> u16(entry.valueAt() + 2 * i);
                case 4 -> u32(entry.valueAt() + 4 * i);
                default -> -1; // signed and fractional types have no place in the tags read here
            };
        }
        return values;
    }

    /** The first value of a tag, or the default. */
    long first(int tag, long absent) {
        long[] values = values(tag);
        return values.length == 0 ? absent : values[0];
    }

    int orientation() {
        if (entries.containsKey(ORIENTATION)) {
            return (int) first(ORIENTATION, Orientation.UPRIGHT);
        }
        @Nullable Entry xmp = entries.get(XMP);
        if (xmp == null) {
            return Orientation.UPRIGHT;
        }
        int length = xmp.count() * TYPE_BYTES.get(xmp.type());
        return Orientation.of(null, Arrays.copyOfRange(file, xmp.valueAt(), xmp.valueAt() + length));
    }

    /** Whether the colours are RGB, already multiplied by the alpha that comes with them. */
    boolean multiplied() {
        return first(PHOTOMETRIC, -1) == RGB && first(SAMPLES, 1) > 3 && first(EXTRA_SAMPLES, 0) == 1;
    }

    /** Refuses what would cost too much, what this service does not read, and pixel data that is not all there. */
    void check(ImageLimits limits) throws ImageRejectedException {
        long width = first(WIDTH, 0);
        long height = first(HEIGHT, 0);
        limits.check(width, height);
        long compression = first(COMPRESSION, UNCOMPRESSED);
        if (!COMPRESSIONS.contains(compression)) {
            throw ImageRejectedException.unsupported(
                    "TIFF compression: " + compression + " (expected: one of " + COMPRESSIONS + ")");
        }
        long samples = first(SAMPLES, 1);
        long bits = Arrays.stream(values(BITS)).max().orElse(1);
        if (samples < 1 || samples > MAX_SAMPLES || bits < 1 || bits > 16) {
            throw ImageRejectedException.unsupported("TIFF samples: " + samples + " of " + bits
                    + " bits (expected: 1 to " + MAX_SAMPLES + " of 1 to 16)");
        }
        long photometric = first(PHOTOMETRIC, -1);
        boolean readable = photometric == ICC_LAB
                ? false
                : photometric == RGB || photometric == CIE_LAB
                        ? bits == 8 || bits == 16
                        : photometric == PALETTE
                                ? samples == 1
                                : photometric > GREY || bits == 12 || Long.bitCount(bits) == 1;
        if (!readable) {
            throw ImageRejectedException.unsupported(
                    "TIFF colours: photometric interpretation " + photometric + " with "
                            + samples + " samples of " + bits
                            + " bits (expected: grey of 1, 2, 4, 8, 12 or 16 bits, RGB or CIE L*a*b* of 8 or 16, a palette of 1"
                            + " sample, or inks)");
        }
        boolean tiled = entries.containsKey(TILE_OFFSETS);
        long tileWidth = tiled ? first(TILE_WIDTH, 0) : width;
        long tileHeight = tiled ? first(TILE_HEIGHT, 0) : Math.min(height, first(ROWS_PER_STRIP, height));
        limits.check(tileWidth, tileHeight);
        if (!tiled && (entries.containsKey(TILE_WIDTH) || entries.containsKey(TILE_HEIGHT))) {
            throw ImageRejectedException.corrupt("TIFF tile size: given (expected: absent without tile offsets)");
        }

        boolean planar = first(PLANAR, 1) == 2 && samples > 1;
        long down = (height + tileHeight - 1) / tileHeight;
        long pieces = (width + tileWidth - 1) / tileWidth * down * (planar ? samples : 1);
        long[] offsets = values(tiled ? TILE_OFFSETS : STRIP_OFFSETS);
        long[] lengths = values(tiled ? TILE_BYTES : STRIP_BYTES);
        if (offsets.length < pieces || lengths.length < pieces) {
            throw ImageRejectedException.corrupt("TIFF pieces: " + offsets.length + " offsets, " + lengths.length
                    + " lengths (expected: " + pieces + ")");
        }
        long rowBytes = (tileWidth * bits * (planar ? 1 : samples) + 7) / 8;
        for (int i = 0; i < pieces; i++) {
            long rows = tiled ? tileHeight : Math.min(tileHeight, height - i % down * tileHeight);
            long needed = compression == UNCOMPRESSED ? rowBytes * rows : 1;
            if (lengths[i] < needed || offsets[i] < 0 || offsets[i] + lengths[i] > file.length) {
                throw ImageRejectedException.corrupt("TIFF piece " + i + ": " + lengths[i] + " bytes at " + offsets[i]
                        + " (expected: at least " + needed + " within " + file.length + ")");
            }
            if (compression == JPEG) {
                int from = (int) offsets[i];
                // Its own header could ask for far more than the tile's size, and its end could be missing.
                JpegStructure.parse(
                        Arrays.copyOfRange(file, from, from + (int) lengths[i]),
                        new ImageLimits(limits.maxBytes(), tileWidth * tileHeight, limits.maxSide()));
            }
        }
    }

    /** The file with a second directory behind it, of the checked tags only, that the header points to. */
    byte[] cleaned() {
        int at = file.length + file.length % 2;
        List<Entry> kept = entries.entrySet().stream()
                .filter(entry -> KEPT.contains(entry.getKey()))
                .filter(entry -> entry.getKey() != PREDICTOR || PREDICTED.contains(first(COMPRESSION, UNCOMPRESSED)))
                .map(Map.Entry::getValue)
                .toList();
        ByteBuffer cleaned = ByteBuffer.wrap(Arrays.copyOf(file, at + 2 + 12 * kept.size() + 4))
                .order(buffer.order());
        cleaned.putInt(4, at);
        cleaned.position(at).putShort((short) kept.size());
        for (Entry entry : kept) {
            cleaned.put(file, entry.at(), 12);
        }
        cleaned.putInt(0);
        return cleaned.array();
    }
}
