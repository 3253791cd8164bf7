package io.realqa.trainer.feedback;

import static org.assertj.core.api.Assertions.assertThat;

import io.realqa.scorer.image.ImageDecoder;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.scorer.image.RasterImage;
import io.realqa.trainer.degradation.AreaShrink;
import io.realqa.trainer.degradation.JpegFile;
import io.realqa.trainer.degradation.Tones;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PerceptualHashTest {
    private static RasterImage photo(String name) throws Exception {
        return new ImageDecoder(ImageLimits.DEFAULTS)
                .decode(Files.readAllBytes(Labels.HOME.resolve("models/demo/photos/" + name + ".jpg")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"astronaut", "chelsea", "coffee", "rocket"})
    void aPhotographResizedRecompressedOrPaledIsNearItself(String name) throws Exception {
        RasterImage image = photo(name);
        long hash = PerceptualHash.of(image);
        RasterImage small = AreaShrink.toLongerSide(image, 200);
        RasterImage recompressed = new ImageDecoder(ImageLimits.DEFAULTS).decode(JpegFile.encode(image, 0.4f));
        assertThat(List.of(
                        PerceptualHash.distance(hash, PerceptualHash.of(small)),
                        PerceptualHash.distance(hash, PerceptualHash.of(recompressed)),
                        PerceptualHash.distance(hash, PerceptualHash.of(Tones.saturate(image, 0.3)))))
                .allMatch(bits -> bits <= 6);
    }

    @Test
    void differentPhotographsAreFarApart() throws Exception {
        List<Long> hashes = new ArrayList<>();
        for (String name : List.of("astronaut", "chelsea", "coffee", "rocket")) {
            long hash = PerceptualHash.of(photo(name));
            assertThat(hashes).allMatch(h -> PerceptualHash.distance(h, hash) > 10);
            hashes.add(hash);
        }
    }

    @Test
    void eachBitSaysWhetherAFieldIsBrighterThanItsNeighbour() {
        byte[] rgb = new byte[3 * 9 * 8];
        for (int y = 0; y < 8; y++) {
            for (int x = 0; x < 9; x++) {
                // falling to the right in the first row, rising in the others
                java.util.Arrays.fill(
                        rgb, 3 * (9 * y + x), 3 * (9 * y + x) + 3, (byte) (y == 0 ? 90 - 10 * x : 10 * x));
            }
        }
        assertThat(PerceptualHash.of(new RasterImage(9, 8, rgb))).isEqualTo(0xffL << 56);
        assertThat(PerceptualHash.of(new RasterImage(1, 1, new byte[3]))).isZero();
    }
}
