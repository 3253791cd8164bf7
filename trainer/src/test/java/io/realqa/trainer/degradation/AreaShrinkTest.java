package io.realqa.trainer.degradation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.realqa.scorer.image.RasterImage;
import org.junit.jupiter.api.Test;

class AreaShrinkTest {
    @Test
    void imagesWithinTheSizeAreLeftAlone() {
        RasterImage image = TestPhotos.plain(512, 20, 7);
        assertThat(AreaShrink.toLongerSide(image, 512)).isSameAs(image);
    }

    @Test
    void pixelsAreAveragedByTheAreaTheyShare() {
        byte[] rgb = new byte[3 * 3];
        rgb[0] = 30; // red of the three pixels: 30, 60, 90
        rgb[3] = 60;
        rgb[6] = 90;
        RasterImage small = AreaShrink.toLongerSide(new RasterImage(3, 1, rgb), 2);
        // The middle pixel is shared: (30 + 60 / 2) / 1.5 and (60 / 2 + 90) / 1.5.
        assertThat(small).extracting(RasterImage::width, RasterImage::height).containsExactly(2, 1);
        assertThat(small.rgb()).containsExactly(40, 0, 0, 80, 0, 0);
    }

    @Test
    void evenTonesAndTheMeanAreKept() {
        RasterImage white = AreaShrink.toLongerSide(TestPhotos.plain(1001, 703, 255), 512);
        assertThat(white.rgb()).containsOnly((byte) 255);
        RasterImage ramp = TestPhotos.ramp(640, 777);
        RasterImage small = AreaShrink.toLongerSide(ramp, 512);
        assertThat(small).extracting(RasterImage::width, RasterImage::height).containsExactly(422, 512);
        assertThat(Measures.meanLuma(small)).isCloseTo(Measures.meanLuma(ramp), within(0.1));
    }

    @Test
    void threadsOfPixelsKeepOnePixel() {
        RasterImage small = AreaShrink.toLongerSide(TestPhotos.plain(30_000, 1, 50), 512);
        assertThat(small).extracting(RasterImage::width, RasterImage::height).containsExactly(512, 1);
        assertThat(small.rgb()).containsOnly(50);
    }
}
