package io.realqa.scorer.image;

import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentSampleModel;
import java.awt.image.DataBufferByte;
import java.awt.image.IndexColorModel;
import java.awt.image.PixelInterleavedSampleModel;
import java.awt.image.Raster;
import java.util.Arrays;
import java.util.stream.IntStream;
import javax.imageio.IIOException;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;

/**
 * Stored samples to RGB. Samples are read from the raster and never through a color model's color space: Java takes
 * grey for linear light and would brighten it, and would apply embedded profiles.
 */
final class Rasters {
    private Rasters() {}

    /** A new reader of the JDK's own: others may be registered before it. Not thread-safe, so one for each image. */
    static ImageReader jdkReader(String format) throws IIOException {
        var readers = ImageIO.getImageReadersByFormatName(format);
        while (readers.hasNext()) {
            ImageReader reader = readers.next();
            if (reader.getClass().getModule().equals(ImageReader.class.getModule())) {
                return reader;
            }
        }
        throw new IIOException("reader of the JDK for " + format + ": none (expected: in module java.desktop)");
    }

    /** Palette, grey (1 or 2 bands) or RGB (3 or 4 bands) to RGB; alpha is dropped. */
    static RasterImage rgb(BufferedImage image) throws IIOException {
        Raster raster = image.getRaster();
        int width = image.getWidth();
        int height = image.getHeight();
        byte[] rgb = new byte[3 * width * height];
        if (image.getColorModel() instanceof IndexColorModel palette) {
            int[] row = new int[width * raster.getNumBands()];
            int[] colors = new int[Math.max(256, palette.getMapSize())]; // an index past the palette is black
            palette.getRGBs(colors);
            for (int y = 0, out = 0; y < height; y++) {
                raster.getPixels(0, y, width, 1, row);
                for (int x = 0; x < width; x++, out += 3) {
                    int color = colors[row[x * raster.getNumBands()]];
                    rgb[out] = (byte) (color >> 16);
                    rgb[out + 1] = (byte) (color >> 8);
                    rgb[out + 2] = (byte) color;
                }
            }
            return new RasterImage(width, height, rgb);
        }
        int bands = raster.getNumBands();
        byte[] samples = samples(raster, image.getColorModel());
        int green = bands < 3 ? 0 : 1;
        int blue = bands < 3 ? 0 : 2;
        for (int in = 0, out = 0; out < rgb.length; in += bands, out += 3) {
            rgb[out] = samples[in];
            rgb[out + 1] = samples[in + green];
            rgb[out + 2] = samples[in + blue];
        }
        return new RasterImage(width, height, rgb);
    }

    /**
     * [height, width, bands] of bytes: 16-bit samples give their high byte, fewer than 8 bits are scaled up. The raster's
     * own memory where it is laid out so.
     */
    static byte[] samples(Raster raster, ColorModel model) throws IIOException {
        int width = raster.getWidth();
        int height = raster.getHeight();
        int bands = raster.getNumBands();
        int size = Math.multiplyExact(bands, width * height);
        if (raster.getDataBuffer() instanceof DataBufferByte buffer
                && raster.getSampleModel() instanceof PixelInterleavedSampleModel layout
                && raster.getParent() == null
                && layout.getPixelStride() == bands
                && layout.getScanlineStride() == bands * width
                && Arrays.equals(
                        layout.getBandOffsets(), IntStream.range(0, bands).toArray())
                && buffer.getNumBanks() == 1
                && buffer.getOffset() == 0
                && buffer.getSize() == size) {
            return buffer.getData();
        }
        byte[] samples = new byte[size];
        if (raster.getDataBuffer() instanceof DataBufferByte buffer
                && raster.getSampleModel() instanceof ComponentSampleModel layout
                && raster.getParent() == null) {
            copyBytes(buffer, layout, width, height, samples);
            return samples;
        }
        int[] row = new int[width * bands];
        for (int y = 0, out = 0; y < height; y++) {
            raster.getPixels(0, y, width, 1, row);
            for (int i = 0; i < row.length; i++) {
                samples[out++] = (byte) toByte(row[i], model.getComponentSize(i % bands));
            }
        }
        return samples;
    }

    private static void copyBytes(
            DataBufferByte buffer, ComponentSampleModel layout, int width, int height, byte[] samples) {
        int bands = layout.getNumBands();
        for (int b = 0; b < bands; b++) {
            byte[] data = buffer.getData(layout.getBankIndices()[b]);
            int base = layout.getBandOffsets()[b];
            for (int y = 0, out = b; y < height; y++) {
                int in = base + y * layout.getScanlineStride();
                for (int x = 0; x < width; x++, in += layout.getPixelStride(), out += bands) {
                    samples[out] = data[in];
                }
            }
        }
    }

    private static int toByte(int value, int bits) throws IIOException {
        if (bits == 8) {
            return value;
        } else if (bits < 8) {
            return value * 255 / ((1 << bits) - 1);
        } else if (bits <= 16) {
            return value >> bits - 8;
        }
        throw new IIOException("bits per sample: " + bits + " (expected: 1 to 16)");
    }

    /** Naive inversion, as Pillow: channel = (255 - ink) * (255 - key) / 255, rounded as Pillow rounds. */
    static int ink(int ink, int key) {
        int light = 255 - key;
        int product = ink * light + 128;
        return Math.max(0, light - ((product >> 8) + product >> 8));
    }
}
