package io.realqa.trainer.degradation;

import io.realqa.scorer.image.ImageDecoder;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.scorer.image.ImageRejectedException;
import io.realqa.scorer.image.RasterImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** Images to test on. */
final class TestPhotos {
    static final Path FOLDER = Path.of(System.getProperty("realqa.home", ".."), "models/demo/photos");

    private TestPhotos() {}

    static RasterImage photo(String name) throws IOException {
        return decode(Files.readAllBytes(FOLDER.resolve(name + ".jpg")));
    }

    static RasterImage decode(byte[] file) {
        try {
            return new ImageDecoder(ImageLimits.DEFAULTS).decode(file);
        } catch (ImageRejectedException e) {
            throw new AssertionError(e);
        }
    }

    static RasterImage plain(int width, int height, int value) {
        byte[] rgb = new byte[3 * width * height];
        Arrays.fill(rgb, (byte) value);
        return new RasterImage(width, height, rgb);
    }

    /** Grey, from one to the next row darker. */
    static RasterImage ramp(int width, int height) {
        byte[] rgb = new byte[3 * width * height];
        for (int y = 0; y < height; y++) {
            Arrays.fill(rgb, 3 * width * y, 3 * width * (y + 1), (byte) (255 - 255 * y / height));
        }
        return new RasterImage(width, height, rgb);
    }
}
