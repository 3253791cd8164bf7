package io.realqa.scorer.image;

/** GIF's LZW: codes of 3 to 12 bits, least significant bit first, in sub-blocks of at most 255 bytes. */
final class GifLzw {
    private static final int MAX_CODES = 4096;

    private final byte[] file;
    private int at;
    private int blockEnd;
    private int bits;
    private int bitCount;

    private GifLzw(byte[] file, int at) {
        this.file = file;
        this.at = at;
        this.blockEnd = at;
    }

    /**
     * The color indices of a frame.
     *
     * @param at of the byte that gives the minimum code size
     * @throws ImageRejectedException where the data ends, by a code or by the file, before the last pixel
     */
    static byte[] decode(byte[] file, int at, int pixels) throws ImageRejectedException {
        int dataBits = Bytes.u8(file, at);
        if (dataBits < 1 || dataBits > 8) {
            throw ImageRejectedException.corrupt("GIF code size: " + dataBits + " (expected: 1 to 8)");
        }
        return new GifLzw(file, at + 1).decode(dataBits, pixels);
    }

    private byte[] decode(int dataBits, int pixels) throws ImageRejectedException {
        int clear = 1 << dataBits;
        int end = clear + 1;
        short[] prefix = new short[MAX_CODES];
        byte[] suffix = new byte[MAX_CODES];
        byte[] first = new byte[MAX_CODES];
        int[] length = new int[MAX_CODES];
        for (int code = 0; code < clear; code++) {
            suffix[code] = (byte) code;
            first[code] = (byte) code;
            length[code] = 1;
        }
        byte[] out = new byte[pixels];
        int codeBits = dataBits + 1;
        int next = end + 1;
        int previous = -1;
        for (int done = 0; done < pixels; ) {
            int code = code(codeBits);
            if (code == clear) {
                codeBits = dataBits + 1;
                next = end + 1;
                previous = -1;
                continue;
            }
            if (code < 0 || code == end) {
                throw ImageRejectedException.corrupt("GIF pixels: " + done + " (expected: " + pixels + ")");
            }
            if (code > next || code == next && previous < 0 || code > end && previous < 0) {
                throw ImageRejectedException.corrupt("GIF code: " + code + " (expected: below " + next + ")");
            }
            if (previous >= 0 && next < MAX_CODES) {
                prefix[next] = (short) previous;
                suffix[next] = code == next ? first[previous] : first[code];
                first[next] = first[previous];
                length[next] = length[previous] + 1;
                next++;
                if (next == 1 << codeBits && codeBits < 12) {
                    codeBits++;
                }
            } else if (code >= next) {
                throw ImageRejectedException.corrupt("GIF code: " + code + " (expected: below " + next + ")");
            }
            // Written from its end; what a last string has over the frame's end is dropped.
            int index = done + length[code] - 1;
            done += length[code];
            for (int link = code; index >= done - length[code]; link = prefix[link], index--) {
                if (index < pixels) {
                    out[index] = suffix[link];
                }
            }
            previous = code;
        }
        return out;
    }

    /** The next code, -1 at the end of the sub-blocks or of the file. */
    private int code(int count) {
        while (bitCount < count) {
            if (at == blockEnd) {
                int size = at < file.length ? Bytes.u8(file, at) : 0;
                if (size == 0) {
                    return -1;
                }
                at++;
                blockEnd = at + size;
            }
            if (at >= file.length) {
                return -1;
            }
            bits |= Bytes.u8(file, at++) << bitCount;
            bitCount += 8;
        }
        int code = bits & (1 << count) - 1;
        bits >>>= count;
        bitCount -= count;
        return code;
    }

    /** A frame's rows drawn onto the screen. */
    @SuppressWarnings("ArrayRecordComponent") // a bundle of arguments, never compared
    record Pixels(byte[] frame, byte[] colors, byte[] rgb, int screenWidth, int left, int top, int width) {
        void draw(int fromRow, int toRow) {
            int in = fromRow * width;
            int out = 3 * ((top + toRow) * screenWidth + left);
            for (int x = 0; x < width; x++, in++, out += 3) {
                System.arraycopy(colors, 3 * Bytes.u8(frame, in), rgb, out, 3);
            }
        }
    }
}
