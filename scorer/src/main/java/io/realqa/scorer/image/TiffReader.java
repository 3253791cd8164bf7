package io.realqa.scorer.image;

import com.twelvemonkeys.imageio.plugins.tiff.TIFFImageReaderSpi;
import com.twelvemonkeys.imageio.stream.ByteArrayImageInputStream;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.util.function.IntBinaryOperator;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;

/** TIFF: the first page, after its directory has been checked and cleaned. */
final class TiffReader implements FormatReader {
    private static final int SEPARATED = 5;

    @Override
    public StoredImage read(byte[] file, ImageLimits limits) throws IOException, ImageRejectedException {
        TiffPage page = TiffPage.parse(file);
        page.check(limits);
        ImageReader reader = new TIFFImageReaderSpi().createReaderInstance(null);
        try (ImageInputStream stream = new ByteArrayImageInputStream(page.cleaned())) {
            reader.setInput(stream, true, true);
            ImageReadParam param = reader.getDefaultReadParam();
            param.setDestinationType(reader.getRawImageType(0)); // else inks would pass through a profile
            BufferedImage image = reader.read(0, param);
            boolean inks = page.first(TiffPage.PHOTOMETRIC, -1) == SEPARATED;
            RasterImage stored = inks
                    ? withFourth(image, Rasters::ink)
                    : page.multiplied() ? withFourth(image, TiffReader::divided) : Rasters.rgb(image);
            return new StoredImage(stored, page.orientation());
        } finally {
            reader.dispose();
        }
    }

    /** Red, green and blue, each of its own sample and the fourth. */
    private static RasterImage withFourth(BufferedImage image, IntBinaryOperator colour) throws IOException {
        byte[] samples = Rasters.samples(image.getRaster(), image.getColorModel());
        int bands = image.getRaster().getNumBands();
        byte[] rgb = new byte[samples.length / bands * 3];
        for (int in = 0, out = 0; in < samples.length; in += bands, out += 3) {
            int fourth = Bytes.u8(samples, in + 3);
            for (int c = 0; c < 3; c++) {
                rgb[out + c] = (byte) colour.applyAsInt(Bytes.u8(samples, in + c), fourth);
            }
        }
        return new RasterImage(image.getWidth(), image.getHeight(), rgb);
    }

    /** A colour divided by the alpha that it was multiplied by, rounded down as Pillow does; black where that is 0. */
    private static int divided(int colour, int alpha) {
        return alpha == 0 ? 0 : Math.min(255, colour * 255 / alpha);
    }
}
