package io.realqa.scorer.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.realqa.scorer.image.ImageRejectedException.Reason;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Against Pillow and transformers, bit for bit. */
class PreprocessingTest {
    private static final Preprocessing DEFAULTS = Preprocessing.parse("{}");

    private static int number(String cell) {
        return Integer.parseInt(cell);
    }

    @Test
    void bicubicResizingIsPillowsToTheBit() throws Exception {
        for (String[] row : References.table("resize.tsv")) {
            RasterImage image = References.image("photos/" + row[0] + ".png");
            RasterImage resized = BicubicResampler.resize(image, number(row[1]), number(row[2]));
            assertThat(References.sha256(resized.rgb()))
                    .as("%s to %sx%s", row[0], row[1], row[2])
                    .isEqualTo(row[3]);
        }
    }

    @Test
    void nearestShrinkIsPillowsToTheBit() throws Exception {
        for (String[] row : References.table("nearest.tsv")) {
            RasterImage image = pattern(number(row[0]), number(row[1]));
            if (row[4].equals("-")) {
                ImageRejectedException e =
                        catchThrowableOfType(ImageRejectedException.class, () -> NearestShrink.apply(image));
                assertThat(e.reason()).isEqualTo(Reason.TOO_NARROW);
                continue;
            }
            RasterImage shrunk = NearestShrink.apply(image);
            assertThat(shrunk.width() + "x" + shrunk.height()).isEqualTo(row[2] + "x" + row[3]);
            assertThat(References.sha256(shrunk.rgb()))
                    .as("%sx%s", row[0], row[1])
                    .isEqualTo(row[4]);
        }
    }

    /** What the reference script's pattern() makes. */
    private static RasterImage pattern(int width, int height) {
        byte[] rgb = new byte[3 * width * height];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) (i * 0x9e3779b1 >>> 24);
        }
        return new RasterImage(width, height, rgb);
    }

    @Test
    void sizesAreThoseOfTransformers() throws Exception {
        for (String[] row : References.table("smart_resize.tsv")) {
            Preprocessing settings = DEFAULTS.withPixels(number(row[2]), number(row[3]));
            int width = number(row[0]);
            int height = number(row[1]);
            if (row[4].equals("0")) {
                ImageRejectedException e =
                        catchThrowableOfType(ImageRejectedException.class, () -> settings.resizedTo(width, height));
                assertThat(e.reason()).isEqualTo(Reason.TOO_NARROW);
            } else {
                assertThat(settings.resizedTo(width, height))
                        .as("%dx%d in %s..%s", width, height, row[2], row[3])
                        .isEqualTo(new Preprocessing.Size(number(row[4]), number(row[5])));
            }
        }
    }

    @Test
    void pixelValuesAreThoseOfTransformersToTheBit() throws Exception {
        for (String[] row : References.table("pixels.tsv")) {
            VisualInput input = DEFAULTS.withPixels(number(row[1]), number(row[2]))
                    .apply(References.image("photos/" + row[0] + ".png"));
            assertThat(List.of(input.gridRows(), input.gridColumns()))
                    .isEqualTo(List.of(number(row[3]), number(row[4])));
            assertThat(input.visualTokens()).isEqualTo(input.gridRows() * input.gridColumns() / 4);
            assertThat(input.patches(2)).hasSize(input.gridRows() * input.gridColumns() * 3 * 2 * 14 * 14);
            assertThat(List.of(input.width(), input.height()))
                    .isEqualTo(List.of(14 * input.gridColumns(), 14 * input.gridRows()));
            assertThat(References.sha256(input.patches(2)))
                    .as("%s in %s..%s", row[0], row[1], row[2])
                    .isEqualTo(row[5]);
        }
    }

    @Test
    void theNearestShrinkComesBeforeTheResize() throws Exception {
        RasterImage image = pattern(700, 500);
        Preprocessing released = DEFAULTS.withPixels(200_704, 401_408).withNearestShrink(true);
        VisualInput shrunk = released.apply(image);
        VisualInput byHand = released.withNearestShrink(false).apply(NearestShrink.apply(image));
        assertThat(shrunk.patches(2)).isEqualTo(byHand.patches(2));
        assertThat(shrunk.patches(2))
                .isNotEqualTo(released.withNearestShrink(false).apply(image).patches(2));
    }

    @Test
    void aStripOfAnImageIsTooNarrow() throws Exception {
        RasterImage image = pattern(402, 2);
        ImageRejectedException e = catchThrowableOfType(ImageRejectedException.class, () -> DEFAULTS.apply(image));
        assertThat(e.reason()).isEqualTo(Reason.TOO_NARROW);
        assertThat(DEFAULTS.apply(pattern(400, 2)).visualTokens()).isPositive();
    }

    @Test
    void absentSettingsAreQwen2VlsDefaults() {
        assertThat(DEFAULTS)
                .isEqualTo(new Preprocessing(
                        14,
                        2,
                        2,
                        3136,
                        1_003_520,
                        List.of(0.48145466, 0.4578275, 0.40821073),
                        List.of(0.26862954, 0.26130258, 0.27577711),
                        1 / 255.0,
                        false));
    }

    @Test
    void bothWaysToGiveTheAreaAreRead() {
        Preprocessing size = Preprocessing.parse("{\"size\": {\"shortest_edge\": 200704, \"longest_edge\": 401408}}");
        Preprocessing pixels = Preprocessing.parse("{\"min_pixels\": 200704, \"max_pixels\": 401408}");
        assertThat(size).isEqualTo(pixels).isEqualTo(DEFAULTS.withPixels(200_704, 401_408));
        assertThat(Preprocessing.parse("{\"size\": null, \"resample\": 3, \"do_resize\": true}"))
                .isEqualTo(DEFAULTS);
    }

    @Test
    void whatIsNotOfferedIsRefusedByName() {
        for (String step : List.of("do_resize", "do_rescale", "do_normalize", "do_convert_rgb")) {
            assertRefused("{\"" + step + "\": false}", step + ": false (expected: true");
        }
        assertRefused("{\"resample\": 2}", "resample: 2 (expected: 3, which is bicubic)");
        assertRefused("{\"image_mean\": [0.5]}", "mean: [0.5] (expected: 3");
        assertRefused("{\"image_std\": [0.5, 0, 0.5]}", "std: [0.5, 0.0, 0.5] (expected: 3");
        assertRefused("{\"image_std\": 0.5}", "image_std: 0.5 (expected: 3");
        assertRefused("{\"patch_size\": \"14\"}", "patch_size: \"14\" (expected: a whole number");
        assertRefused("{\"min_pixels\": 9, \"max_pixels\": 8}", "maxPixels: 8 (expected: 9 to");
        assertRefused("[]", "preprocessor_config.json: ARRAY (expected: an object)");
        assertRefused("{", "preprocessor_config.json: ");
    }

    private static void assertRefused(String json, String message) {
        assertThatThrownBy(() -> Preprocessing.parse(json))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    @Test
    void theDigestTellsEverySettingApart() {
        assertThat(DEFAULTS.digest())
                .matches("sha256:[0-9a-f]{64}")
                .isEqualTo(Preprocessing.parse("{\"patch_size\": 14}").digest());
        assertThat(List.of(
                        DEFAULTS.withNearestShrink(true).digest(),
                        DEFAULTS.withPixels(3136, 1_003_519).digest(),
                        DEFAULTS.withPixels(3137, 1_003_520).digest(),
                        Preprocessing.parse("{\"image_mean\": [0.5, 0.5, 0.5]}").digest(),
                        Preprocessing.parse("{\"image_std\": [0.5, 0.5, 0.5]}").digest(),
                        Preprocessing.parse("{\"rescale_factor\": 0.5}").digest(),
                        Preprocessing.parse("{\"patch_size\": 16}").digest(),
                        Preprocessing.parse("{\"merge_size\": 1}").digest(),
                        Preprocessing.parse("{\"temporal_patch_size\": 1}").digest()))
                .doesNotHaveDuplicates()
                .doesNotContain(DEFAULTS.digest());
    }
}
