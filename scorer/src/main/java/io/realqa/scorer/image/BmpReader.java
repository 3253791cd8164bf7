package io.realqa.scorer.image;

/**
 * BMP: 1 to 8 bits with a palette (also run-length coded), 16 to 32 bits with or without masks. Read here whole: the
 * format is small, and the JDK's reader trusts the sizes in its header.
 */
final class BmpReader implements FormatReader {
    private static final int FILE_HEADER = 14;
    private static final int CORE_HEADER = 12;
    private static final int INFO_HEADER = 40;

    private static final int RGB = 0;
    private static final int RLE8 = 1;
    private static final int RLE4 = 2;
    private static final int BITFIELDS = 3;
    private static final int ALPHA_BITFIELDS = 6;

    @Override
    public StoredImage read(byte[] file, ImageLimits limits) throws ImageRejectedException {
        long headerSize = Bytes.u32le(file, FILE_HEADER);
        boolean core = headerSize == CORE_HEADER;
        if (!core && (headerSize < 16 || headerSize > file.length - FILE_HEADER)) {
            throw ImageRejectedException.corrupt("BMP header size: " + headerSize + " (expected: 12, or 16 to "
                    + (file.length - FILE_HEADER) + ", what is left of the file)");
        }
        long signedHeight = core ? Bytes.u16le(file, 20) : Bytes.i32le(file, 22);
        long headerWidth = core ? Bytes.u16le(file, 18) : Bytes.i32le(file, 18);
        limits.check(headerWidth, Math.abs(signedHeight));
        int width = (int) headerWidth;
        int height = (int) Math.abs(signedHeight);
        int bits = Bytes.u16le(file, core ? 24 : 28);
        int compression = headerSize < 20 ? RGB : Bytes.i32le(file, 30);
        long offset = pixels(file, headerSize, bits, compression);
        if (offset < FILE_HEADER + headerSize || offset > file.length) {
            throw ImageRejectedException.corrupt("BMP pixel offset: " + offset + " (expected: "
                    + (FILE_HEADER + headerSize) + " to " + file.length + ")");
        }

        boolean runs = compression == RLE8 && bits == 8 || compression == RLE4 && bits == 4;
        boolean masked = (compression == BITFIELDS || compression == ALPHA_BITFIELDS) && (bits == 16 || bits == 32);
        boolean indexed = bits == 1 || bits == 2 || bits == 4 || bits == 8;
        boolean direct = bits == 16 || bits == 24 || bits == 32;
        if (!(runs || masked || compression == RGB && (indexed || direct))) {
            throw ImageRejectedException.unsupported("BMP compression: " + compression + " with " + bits
                    + " bits (expected: none, run lengths with 4 or 8 bits, masks with 16 or 32)");
        }
        byte[] rgb;
        if (indexed) {
            byte[] indices = runs
                    ? BmpRuns.decode(file, (int) offset, width, height, bits)
                    : indices(file, (int) offset, width, height, bits);
            rgb = colored(indices, palette(file, (int) headerSize, (int) offset, core ? 3 : 4));
        } else {
            rgb = direct(file, (int) offset, width, height, bits, masks(file, (int) headerSize, bits, masked));
        }
        if (signedHeight > 0) {
            flip(rgb, 3 * width);
        }
        return new StoredImage(new RasterImage(width, height, rgb), Orientation.UPRIGHT);
    }

    /** Where the pixels begin. Some writers say that it is where the palette does, or nothing. */
    private static long pixels(byte[] file, long headerSize, int bits, int compression) {
        long told = Bytes.u32le(file, 10);
        long behindHeader = FILE_HEADER + headerSize;
        if (told != 0 && (told != behindHeader || bits > 8)) {
            return told;
        }
        if (bits > 8) {
            return behindHeader + (compression == BITFIELDS && headerSize == INFO_HEADER ? 12 : 0);
        }
        long colors = headerSize >= INFO_HEADER ? Bytes.u32le(file, 46) : 0;
        return behindHeader + (headerSize == CORE_HEADER ? 3 : 4) * (colors == 0 ? 1L << bits : colors);
    }

    /** Bytes of a stored row, padded to four; checks that all rows are there. */
    private static int stride(byte[] file, int offset, int width, int height, int bits) throws ImageRejectedException {
        long stride = ((long) width * bits + 31) / 32 * 4;
        // The last row's padding is no picture, and some writers leave it away.
        long needed = stride * (height - 1) + ((long) width * bits + 7) / 8;
        if (needed > file.length - offset) {
            throw ImageRejectedException.corrupt(
                    "BMP pixel bytes: " + (file.length - offset) + " (expected: " + needed + ")");
        }
        return (int) stride;
    }

    private static byte[] indices(byte[] file, int offset, int width, int height, int bits)
            throws ImageRejectedException {
        int stride = stride(file, offset, width, height, bits);
        int mask = (1 << bits) - 1;
        byte[] indices = new byte[width * height];
        for (int y = 0, out = 0; y < height; y++) {
            int row = offset + y * stride;
            for (int x = 0; x < width; x++) {
                int bit = x * bits;
                indices[out++] = (byte) (file[row + bit / 8] >> 8 - bits - bit % 8 & mask);
            }
        }
        return indices;
    }

    /** [256, 3] in RGB order; what lies between header and pixels, black beyond. */
    private static byte[] palette(byte[] file, int headerSize, int offset, int entryBytes) {
        byte[] palette = new byte[3 * 256];
        int at = FILE_HEADER + headerSize;
        for (int i = 0; i < 256 && at + entryBytes <= offset; i++, at += entryBytes) {
            palette[3 * i] = file[at + 2];
            palette[3 * i + 1] = file[at + 1];
            palette[3 * i + 2] = file[at];
        }
        return palette;
    }

    private static byte[] colored(byte[] indices, byte[] palette) {
        byte[] rgb = new byte[3 * indices.length];
        for (int i = 0; i < indices.length; i++) {
            System.arraycopy(palette, 3 * Bytes.u8(indices, i), rgb, 3 * i, 3);
        }
        return rgb;
    }

    /**
     * Red, green and blue; the masks stand at the same place whether inside the header or behind a short one. Where all
     * are 0 there are none.
     */
    private static int[] masks(byte[] file, int headerSize, int bits, boolean masked) {
        if (masked && headerSize >= INFO_HEADER) {
            int[] masks = {Bytes.i32le(file, 54), Bytes.i32le(file, 58), Bytes.i32le(file, 62)};
            if ((masks[0] | masks[1] | masks[2]) != 0) {
                return masks;
            }
        }
        return bits == 16 ? new int[] {0x7c00, 0x3e0, 0x1f} : new int[] {0xff0000, 0xff00, 0xff};
    }

    private static byte[] direct(byte[] file, int offset, int width, int height, int bits, int[] masks)
            throws ImageRejectedException {
        int stride = stride(file, offset, width, height, bits);
        byte[] rgb = new byte[3 * width * height];
        for (int y = 0, out = 0; y < height; y++) {
            int in = offset + y * stride;
            for (int x = 0; x < width; x++, in += bits / 8) {
                int pixel = Bytes.u16le(file, in);
                pixel |= bits > 16 ? Bytes.u8(file, in + 2) << 16 : 0;
                pixel |= bits > 24 ? Bytes.u8(file, in + 3) << 24 : 0;
                for (int mask : masks) {
                    rgb[out++] = (byte) channel(pixel, mask);
                }
            }
        }
        return rgb;
    }

    /** The masked bits stretched to 0..255, rounded down as Pillow does. */
    private static int channel(int pixel, int mask) {
        if (mask == 0) {
            return 0;
        }
        int shift = Integer.numberOfTrailingZeros(mask);
        long max = Integer.toUnsignedLong(mask) >> shift;
        long value = Integer.toUnsignedLong(pixel & mask) >> shift;
        return (int) (value * 255 / max);
    }

    private static void flip(byte[] rgb, int stride) {
        byte[] row = new byte[stride];
        for (int top = 0, bottom = rgb.length - stride; top < bottom; top += stride, bottom -= stride) {
            System.arraycopy(rgb, top, row, 0, stride);
            System.arraycopy(rgb, bottom, rgb, top, stride);
            System.arraycopy(row, 0, rgb, bottom, stride);
        }
    }
}
