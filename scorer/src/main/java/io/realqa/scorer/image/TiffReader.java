package io.realqa.scorer.image;

import com.twelvemonkeys.imageio.plugins.tiff.TIFFImageReaderSpi;
import com.twelvemonkeys.imageio.stream.ByteArrayImageInputStream;
import java.awt.image.BufferedImage;
import java.io.IOException;
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
            RasterImage stored = inks ? inksToRgb(image) : page.multiplied() ? divided(image) : Rasters.rgb(image);
            return new StoredImage(stored, page.orientation());
        } finally {
            reader.dispose();
        }
    }

    /** Colours divided by the alpha that they were multiplied by, rounded down as Pillow does; black where it is 0. */
    private static RasterImage divided(BufferedImage image) throws IOException {
        byte[] samples = Rasters.samples(image.getRaster(), image.getColorModel());
        int bands = image.getRaster().getNumBands();
        byte[] rgb = new byte[samples.length / bands * 3];
        for (int in = 0, out = 0; in < samples.length; in += bands, out += 3) {
            int alpha = Bytes.u8(samples, in + 3);
            for (int c = 0; c < 3; c++) {
                rgb[out + c] = (byte) (alpha == 0 ? 0 : Math.min(255, Bytes.u8(samples, in + c) * 255 / alpha));
            }
        }
        return new RasterImage(image.getWidth(), image.getHeight(), rgb);
    }

    private static RasterImage inksToRgb(BufferedImage image) throws IOException {
        byte[] inks = Rasters.samples(image.getRaster(), image.getColorModel());
        int bands = image.getRaster().getNumBands();
        byte[] rgb = new byte[inks.length / bands * 3];
        for (int in = 0, out = 0; in < inks.length; in += bands, out += 3) {
            int key = Bytes.u8(inks, in + 3);
            for (int c = 0; c < 3; c++) {
                rgb[out + c] = (byte) Rasters.ink(Bytes.u8(inks, in + c), key);
            }
        }
        return new RasterImage(image.getWidth(), image.getHeight(), rgb);
    }
}
