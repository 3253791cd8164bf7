package io.realqa.scorer.image;

import com.twelvemonkeys.imageio.stream.ByteArrayImageInputStream;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;

/**
 * JPEG: grey, RGB, YCbCr, CMYK and YCCK, baseline or progressive. The JDK's reader converts YCbCr to RGB, as Pillow does
 * by libjpeg, and gives other components as stored; what is left to convert is done here.
 */
final class JpegReader implements FormatReader {
    private static final int SCALE = 16;
    private static final int HALF = 1 << SCALE - 1;
    private static final int CR_TO_R = fixed(1.40200);
    private static final int CB_TO_B = fixed(1.77200);
    private static final int CR_TO_G = -fixed(0.71414);
    private static final int CB_TO_G = -fixed(0.34414);

    /** Only says how wide a sample is; its color space is never used. */
    private static final ColorModel BYTES = new ComponentColorModel(
            ColorSpace.getInstance(ColorSpace.CS_GRAY), false, false, ColorModel.OPAQUE, DataBuffer.TYPE_BYTE);

    /** Asks the JDK's reader for its conversion from YCbCr. */
    private static final ColorModel RGB = new ComponentColorModel(
            ColorSpace.getInstance(ColorSpace.CS_sRGB), false, false, ColorModel.OPAQUE, DataBuffer.TYPE_BYTE);

    private static int fixed(double factor) {
        return (int) (factor * (1 << SCALE) + 0.5);
    }

    @Override
    public StoredImage read(byte[] file, ImageLimits limits) throws IOException, ImageRejectedException {
        JpegStructure jpeg = JpegStructure.parse(file, limits);
        byte[] samples = decode(jpeg);
        byte[] rgb = switch (jpeg.componentIds().length) {
            case 1 -> greyToRgb(samples);
            case 3 -> samples;
            default -> inksToRgb(samples, jpeg.luminanceFirst());
        };
        return new StoredImage(
                new RasterImage(jpeg.width(), jpeg.height(), rgb), Orientation.of(jpeg.exif(), jpeg.xmp()));
    }

    /** [height, width, components]: RGB for YCbCr, else as stored. */
    private static byte[] decode(JpegStructure jpeg) throws IOException, ImageRejectedException {
        boolean toRgb = jpeg.componentIds().length == 3 && jpeg.luminanceFirst();
        ImageReader reader = Rasters.jdkReader("jpeg");
        List<String> warnings = new ArrayList<>();
        try (ImageInputStream stream = new ByteArrayImageInputStream(toRgb ? jpeg.asJfif() : jpeg.pixels())) {
            reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
            reader.setInput(stream, true, true);
            Raster raster = toRgb ? rgb(reader, jpeg) : reader.readRaster(0, null);
            for (String warning : warnings) {
                if (isLoss(warning)) {
                    throw ImageRejectedException.corrupt(
                            "JPEG data: " + warning + " (expected: every block of the picture)");
                }
            }
            if (raster.getNumBands() != jpeg.componentIds().length) {
                throw ImageRejectedException.corrupt(
                        "JPEG bands: " + raster.getNumBands() + " (expected: " + jpeg.componentIds().length + ")");
            }
            return Rasters.samples(raster, BYTES);
        } finally {
            reader.dispose();
        }
    }

    private static Raster rgb(ImageReader reader, JpegStructure jpeg) throws IOException {
        WritableRaster raster =
                Raster.createInterleavedRaster(DataBuffer.TYPE_BYTE, jpeg.width(), jpeg.height(), 3, null);
        ImageReadParam into = reader.getDefaultReadParam();
        into.setDestination(new BufferedImage(RGB, raster, false, null));
        reader.read(0, into);
        return raster;
    }

    /**
     * libjpeg goes on after damage, filling what is missing with grey. Of its warnings these are about pixels; those
     * about stray bytes between segments and about version numbers are not.
     */
    private static boolean isLoss(String warning) {
        return warning.contains("premature end")
                || warning.contains("Premature end")
                || warning.contains("Truncated")
                || warning.contains("bad Huffman code")
                || warning.contains("found marker")
                || warning.contains("Inconsistent progression")
                || warning.contains("restart");
    }

    private static byte[] greyToRgb(byte[] grey) {
        byte[] rgb = new byte[3 * grey.length];
        for (int i = 0; i < grey.length; i++) {
            rgb[3 * i] = grey[i];
            rgb[3 * i + 1] = grey[i];
            rgb[3 * i + 2] = grey[i];
        }
        return rgb;
    }

    /**
     * Every program stores CMYK in JPEG upside down, as Adobe does, and Pillow takes that for granted.
     *
     * @param samples [pixels, 4]: 255 - CMY and 255 - K, or YCC and 255 - K, written over
     */
    private static byte[] inksToRgb(byte[] samples, boolean ycck) {
        if (ycck) {
            // leaves CMY, the complement of libjpeg's
            luminanceToRgb(samples);
        }
        byte[] rgb = new byte[samples.length / 4 * 3];
        for (int in = 0, out = 0; in < samples.length; in += 4, out += 3) {
            int key = 255 - Bytes.u8(samples, in + 3);
            for (int c = 0; c < 3; c++) {
                int value = Bytes.u8(samples, in + c);
                rgb[out + c] = (byte) Rasters.ink(ycck ? value : 255 - value, key);
            }
        }
        return rgb;
    }

    /** libjpeg's YCbCr to RGB in place, on the first three of each pixel's four components. */
    private static void luminanceToRgb(byte[] samples) {
        for (int i = 0; i < samples.length; i += 4) {
            int y = Bytes.u8(samples, i);
            int cb = Bytes.u8(samples, i + 1) - 128;
            int cr = Bytes.u8(samples, i + 2) - 128;
            samples[i] = clamp(y + (CR_TO_R * cr + HALF >> SCALE));
            samples[i + 1] = clamp(y + (CB_TO_G * cb + CR_TO_G * cr + HALF >> SCALE));
            samples[i + 2] = clamp(y + (CB_TO_B * cb + HALF >> SCALE));
        }
    }

    private static byte clamp(int value) {
        return (byte) Math.max(0, Math.min(255, value));
    }
}
