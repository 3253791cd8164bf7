package io.realqa.trainer.degradation;

import io.realqa.scorer.image.ImageDecoder;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.scorer.image.ImageRejectedException;
import io.realqa.scorer.image.RasterImage;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** Writes JPEG files, with chroma at half size both ways as cameras and web sites do. */
public final class JpegFile {
    private static final ImageDecoder DECODER = new ImageDecoder(ImageLimits.DEFAULTS);

    private JpegFile() {}

    /**
     * The image as a file.
     *
     * @param quality libjpeg's, divided by 100: 0 to 1
     */
    public static byte[] encode(RasterImage image, float quality) {
        ImageWriter writer = writer();
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        try (ImageOutputStream stream = new MemoryCacheImageOutputStream(file)) {
            ImageWriteParam param = writer.getDefaultWriteParam();
            param.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            param.setCompressionQuality(quality);
            writer.setOutput(stream);
            writer.write(null, new IIOImage(buffered(image), null, null), param);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // nothing but memory is written to
        } finally {
            writer.dispose();
        }
        return file.toByteArray();
    }

    /** What is left of the image after a JPEG of that quality. */
    static RasterImage roundTrip(RasterImage image, float quality) {
        try {
            return DECODER.decode(encode(image, quality));
        } catch (ImageRejectedException e) {
            throw new IllegalStateException("own JPEG: " + e.getMessage(), e);
        }
    }

    /** The JDK's own: others may be registered before it, with other tables. Not thread-safe, so one each. */
    private static ImageWriter writer() {
        var writers = ImageIO.getImageWritersByFormatName("jpeg");
        while (writers.hasNext()) {
            ImageWriter writer = writers.next();
            if (writer.getClass().getModule().equals(ImageWriter.class.getModule())) {
                return writer;
            }
        }
        throw new IllegalStateException("JPEG writer of the JDK: none (expected: in module java.desktop)");
    }

    private static BufferedImage buffered(RasterImage image) {
        int width = image.width();
        int height = image.height();
        byte[] rgb = image.rgb();
        int[] packed = new int[width * height];
        for (int i = 0, in = 0; i < packed.length; i++, in += 3) {
            packed[i] = (rgb[in] & 0xff) << 16 | (rgb[in + 1] & 0xff) << 8 | (rgb[in + 2] & 0xff);
        }
        BufferedImage buffered = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        buffered.getRaster().setDataElements(0, 0, width, height, packed);
        return buffered;
    }
}
