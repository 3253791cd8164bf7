package io.realqa.scorer.image;

/** BMP's run-length coding of 4 and 8 bit indices. */
final class BmpRuns {
    private static final int END_OF_ROW = 0;
    private static final int END_OF_PICTURE = 1;
    private static final int MOVE = 2;

    private BmpRuns() {}

    /**
     * [height, width] indices in stored order; skipped pixels are 0.
     *
     * @throws ImageRejectedException where the file ends before the picture is full or declared ended
     */
    static byte[] decode(byte[] file, int offset, int width, int height, int bits) throws ImageRejectedException {
        byte[] indices = new byte[width * height];
        int at = offset;
        int x = 0;
        int y = 0;
        while (y < height) {
            if (at + 2 > file.length) {
                boolean full = y == height - 1 && x >= width;
                if (full) {
                    break;
                }
                throw ImageRejectedException.corrupt("BMP rows: " + y + " (expected: " + height + ")");
            }
            int count = Bytes.u8(file, at);
            int value = Bytes.u8(file, at + 1);
            at += 2;
            if (count == 0 && value == END_OF_ROW) {
                x = 0;
                y++;
            } else if (count == 0 && value == END_OF_PICTURE) {
                break;
            } else if (count == 0 && value == MOVE) {
                x += Bytes.u8(file, at);
                y += Bytes.u8(file, at + 1);
                at += 2;
            } else {
                boolean literal = count == 0;
                int pixels = literal ? value : count;
                for (int i = 0; i < pixels; i++, x++) {
                    int index = literal ? Bytes.u8(file, at + i * bits / 8) : value;
                    if (bits == 4) {
                        index = i % 2 == 0 ? index >> 4 : index & 15;
                    }
                    if (x < width) {
                        indices[y * width + x] = (byte) index;
                    }
                }
                at += literal ? (pixels * bits + 15) / 16 * 2 : 0;
            }
        }
        return indices;
    }
}
