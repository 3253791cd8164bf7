package io.realqa.scorer.image;

import io.realqa.scorer.image.GifLzw.Pixels;

/**
 * GIF: the first frame on its logical screen. As in Pillow, what the frame leaves free has the transparent color or
 * else color 0, and a frame that reaches over the screen widens it.
 */
final class GifReader implements FormatReader {
    private static final int IMAGE = ',';
    private static final int EXTENSION = '!';
    private static final int GRAPHIC_CONTROL = 0xf9;
    private static final int PALETTE = 0x80;
    private static final int INTERLACED = 0x40;
    private static final int[][] PASSES = {{0, 8}, {4, 8}, {2, 4}, {1, 2}};

    @Override
    public StoredImage read(byte[] file, ImageLimits limits) throws ImageRejectedException {
        int width = Bytes.u16le(file, 6);
        int height = Bytes.u16le(file, 8);
        limits.check(width, height);
        int at = 13;
        int palette = -1;
        int paletteSize = 0;
        int flags = Bytes.u8(file, 10);
        if ((flags & PALETTE) != 0) {
            palette = at;
            paletteSize = 2 << (flags & 7);
            at += 3 * paletteSize;
        }
        int background = 0;
        for (int block = Bytes.u8(file, at++); block != IMAGE; block = Bytes.u8(file, at++)) {
            if (block == ';') {
                throw ImageRejectedException.corrupt("GIF frames: 0 (expected: at least 1)");
            }
            if (block == EXTENSION) {
                if (Bytes.u8(file, at) == GRAPHIC_CONTROL && Bytes.u8(file, at + 1) >= 4) {
                    background = (file[at + 2] & 1) != 0 ? Bytes.u8(file, at + 5) : background;
                }
                at++;
                while (Bytes.u8(file, at) != 0) {
                    at += 1 + Bytes.u8(file, at);
                }
                at++;
            } // Any other byte is filler between blocks.
        }
        int left = Bytes.u16le(file, at);
        int top = Bytes.u16le(file, at + 2);
        int frameWidth = Bytes.u16le(file, at + 4);
        int frameHeight = Bytes.u16le(file, at + 6);
        limits.check(frameWidth, frameHeight);
        width = Math.max(width, left + frameWidth);
        height = Math.max(height, top + frameHeight);
        limits.check(width, height);
        flags = Bytes.u8(file, at + 8);
        at += 9;
        if ((flags & PALETTE) != 0) {
            palette = at;
            paletteSize = 2 << (flags & 7);
            at += 3 * paletteSize;
        }

        byte[] frame = GifLzw.decode(file, at, frameWidth * frameHeight);
        byte[] colors = colors(file, palette, paletteSize);
        byte[] rgb = new byte[3 * width * height];
        fill(rgb, colors, background);
        Pixels rows = new Pixels(frame, colors, rgb, width, left, top, frameWidth);
        if ((flags & INTERLACED) == 0) {
            for (int y = 0; y < frameHeight; y++) {
                rows.draw(y, y);
            }
        } else {
            int from = 0;
            for (int[] pass : PASSES) {
                for (int y = pass[0]; y < frameHeight; y += pass[1]) {
                    rows.draw(from++, y);
                }
            }
        }
        return new StoredImage(new RasterImage(width, height, rgb), Orientation.UPRIGHT);
    }

    /** [256, 3]; no palette is a grey ramp, and what a short one lacks is black. */
    private static byte[] colors(byte[] file, int palette, int size) {
        byte[] colors = new byte[3 * 256];
        if (palette >= 0) {
            System.arraycopy(file, palette, colors, 0, 3 * size);
            return colors;
        }
        for (int i = 0; i < colors.length; i++) {
            colors[i] = (byte) (i / 3);
        }
        return colors;
    }

    private static void fill(byte[] rgb, byte[] colors, int index) {
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = colors[3 * index + i % 3];
        }
    }
}
