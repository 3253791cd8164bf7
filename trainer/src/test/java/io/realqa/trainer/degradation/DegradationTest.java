package io.realqa.trainer.degradation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.realqa.scorer.image.RasterImage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What each degradation does, measured, grows from strength to strength. */
class DegradationTest {
    private static final long SEED = 5;

    /** The measure of the image itself, then of strengths 1 to 5. */
    private static List<Double> measured(RasterImage image, Degradation degradation, ToDoubleFunction<RasterImage> of) {
        List<Double> values = new ArrayList<>();
        values.add(of.applyAsDouble(image));
        for (int strength = 1; strength <= Degradation.STRENGTHS; strength++) {
            values.add(of.applyAsDouble(degradation.apply(image, strength, SEED)));
        }
        return values;
    }

    private static void assertFalls(List<Double> values) {
        assertThat(values).isSortedAccordingTo(Collections.reverseOrder()).doesNotHaveDuplicates();
    }

    private static void assertGrows(List<Double> values) {
        assertThat(values).isSorted().doesNotHaveDuplicates();
    }

    private static RasterImage small(String photo) throws IOException {
        return AreaShrink.toLongerSide(TestPhotos.photo(photo), Degradation.LONGER_SIDE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"astronaut", "chelsea", "coffee", "rocket"})
    void strongerMeansWorseOnEveryPhotograph(String name) throws IOException {
        RasterImage photo = small(name);
        assertFalls(measured(photo, Degradation.BLUR, Measures::detail));
        assertGrows(measured(photo, Degradation.NOISE, image -> Measures.difference(photo, image)));
        assertGrows(measured(photo, Degradation.JPEG, image -> Measures.difference(photo, image)));
        assertFalls(measured(photo, Degradation.EXPOSURE, Measures::meanLuma));
        assertFalls(measured(photo, Degradation.SATURATION, Measures::chroma));
    }

    @Test
    void tiltTurnsByTheStatedAngleEitherWay() {
        RasterImage ramp = TestPhotos.ramp(300, 250);
        double[] degrees = {4, 8, 12, 17, 22};
        for (int strength = 1; strength <= 5; strength++) {
            double expected = degrees[strength - 1];
            assertThat(Measures.turn(Degradation.TILT.apply(ramp, strength, 2))).isCloseTo(expected, within(0.5));
            assertThat(Measures.turn(Degradation.TILT.apply(ramp, strength, 3))).isCloseTo(-expected, within(0.5));
        }
    }

    @ParameterizedTest
    @CsvSource({"400,300", "300,400", "200,200", "512,12", "12,512", "1,1", "2,1"})
    void tiltShowsNothingBeyondThePicture(int width, int height) {
        RasterImage white = TestPhotos.plain(width, height, 255);
        for (int strength = 1; strength <= 5; strength++) {
            for (long seed = 0; seed < 2; seed++) {
                RasterImage tilted = Degradation.TILT.apply(white, strength, seed);
                assertThat(tilted.rgb()).containsOnly((byte) 255);
                assertThat(tilted.width()).isBetween(1, width);
                assertThat(tilted.height()).isBetween(1, height);
            }
        }
    }

    @Test
    void tiltKeepsWhatFits() {
        RasterImage tilted = Degradation.TILT.apply(TestPhotos.plain(400, 300, 9), 1, SEED);
        assertThat(tilted.width() * tilted.height()).isGreaterThan(400 * 300 * 8 / 10);
    }

    @Test
    void noiseHasTheStatedDeviation() {
        RasterImage grey = TestPhotos.plain(200, 200, 128);
        double deviation = Measures.difference(grey, Degradation.NOISE.apply(grey, 3, SEED));
        assertThat(deviation).isCloseTo(0.1 * 255, within(0.3));
    }

    @Test
    void exposureCountsInLinearLight() {
        // 3 EV below white is an eighth of the light, which sRGB writes as 99.
        assertThat(Degradation.EXPOSURE
                        .apply(TestPhotos.plain(2, 2, 255), 5, SEED)
                        .rgb())
                .containsOnly((byte) 99);
    }

    @Test
    void theStrongestDesaturationLeavesGreyOfTheSameLuma() throws IOException {
        RasterImage photo = small("coffee");
        RasterImage grey = Degradation.SATURATION.apply(photo, 5, SEED);
        assertThat(Measures.chroma(grey)).isZero();
        assertThat(Measures.meanLuma(grey)).isCloseTo(Measures.meanLuma(photo), within(0.1));
    }

    @Test
    void blurSpreadsInProportionToTheImage() {
        // A standard deviation of 5 pixels at 340x250 is one of 2.5 at half the size.
        assertThat(spread(340, 250)).isCloseTo(5, within(0.1));
        assertThat(spread(170, 125)).isCloseTo(2.5, within(0.1));
    }

    /** Standard deviation of what a white line becomes, across it, in pixels. */
    private static double spread(int width, int height) {
        RasterImage line = TestPhotos.plain(width, height, 0);
        for (int y = 0; y < height; y++) {
            for (int c = 0; c < 3; c++) {
                line.rgb()[3 * (y * width + width / 2) + c] = (byte) 255;
            }
        }
        RasterImage blurred = Degradation.BLUR.apply(line, 5, SEED);
        double sum = 0;
        double squares = 0;
        for (int x = 0; x < width; x++) {
            double luma = Measures.luma(blurred, x, height / 2);
            sum += luma;
            squares += luma * (x - width / 2) * (x - width / 2);
        }
        return Math.sqrt(squares / sum);
    }

    @ParameterizedTest
    @EnumSource(Degradation.class)
    void theSameSeedGivesTheSamePixels(Degradation degradation) throws IOException {
        RasterImage photo = small("chelsea");
        byte[] before = photo.rgb().clone();
        byte[] first = degradation.apply(photo, 2, SEED).rgb();
        assertThat(degradation.apply(photo, 2, SEED).rgb()).isEqualTo(first).isNotEqualTo(before);
        assertThat(photo.rgb()).isEqualTo(before);
    }

    @Test
    void anotherSeedGivesOtherNoise() {
        RasterImage grey = TestPhotos.plain(20, 20, 128);
        assertThat(Degradation.NOISE.apply(grey, 1, 1).rgb())
                .isNotEqualTo(Degradation.NOISE.apply(grey, 1, 2).rgb());
    }

    @ParameterizedTest
    @EnumSource(Degradation.class)
    void largeImagesAreShrunkAndTinyOnesSurvive(Degradation degradation) {
        for (int strength = 1; strength <= 5; strength++) {
            RasterImage large = degradation.apply(TestPhotos.plain(1500, 3000, 100), strength, SEED);
            assertThat(large.width()).isLessThanOrEqualTo(256);
            assertThat(large.height()).isBetween(200, 512);
            RasterImage tiny = degradation.apply(TestPhotos.plain(1, 1, 100), strength, SEED);
            assertThat(tiny.width()).isEqualTo(1);
            assertThat(tiny.height()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 6})
    void otherStrengthsAreRefused(int strength) {
        RasterImage image = TestPhotos.plain(4, 4, 0);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Degradation.BLUR.apply(image, strength, SEED))
                .withMessageContaining("1 to 5");
    }

    @Test
    void labelsAreLowerCase() {
        assertThat(Degradation.JPEG.label()).isEqualTo("jpeg");
    }
}
