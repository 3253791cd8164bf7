package io.realqa.trainer.degradation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.realqa.scorer.ScoringProfile;
import io.realqa.scorer.image.ImageDecoder;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.scorer.image.RasterImage;
import io.realqa.trainer.Label;
import io.realqa.trainer.training.TinyModel;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Pictures with made labels are the same each time, within the profile, and worse where they are more spoilt. */
class DegradedSetTest {
    private static final RasterImage PHOTO = photo();

    /** A bright block off the middle of a grey gradient, with some texture. */
    private static RasterImage photo() {
        int width = 480;
        int height = 360;
        byte[] rgb = new byte[3 * width * height];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                boolean block = x > 120 && x < 220 && y > 90 && y < 180;
                int at = 3 * (y * width + x);
                int texture = (x * 7 + y * 13) % 11;
                rgb[at] = (byte) (block ? 220 : 90 + x / 12 + texture);
                rgb[at + 1] = (byte) (block ? 80 : 95 + y / 12 + texture);
                rgb[at + 2] = (byte) (block ? 60 : 100 + texture);
            }
        }
        return new RasterImage(width, height, rgb);
    }

    private static MadeLabel label(double blur, double noise, double jpeg) {
        return MadeLabel.of(PHOTO, PHOTO, new double[] {blur, noise, jpeg}, 0);
    }

    @Test
    void theSameSeedAndNumberGiveTheSamePictureAndLabelAndOthersOthers() {
        DegradedSet.View view = new DegradedSet(3).view(PHOTO, 5);
        DegradedSet.View again = new DegradedSet(3).view(PHOTO, 5);
        assertThat(again.file()).isEqualTo(view.file());
        assertThat(again.label()).isEqualTo(view.label());
        assertThat(new DegradedSet(3).view(PHOTO, 6).file()).isNotEqualTo(view.file());
        assertThat(new DegradedSet(4).view(PHOTO, 5).file()).isNotEqualTo(view.file());
    }

    @Test
    void everyLabelIsWithinTheProfileAndEveryPictureIsAnImage() throws Exception {
        ScoringProfile profile = TinyModel.PROFILE;
        DegradedSet set = new DegradedSet(1);
        Set<String> clarities = new TreeSet<>();
        for (int n = 0; n < 40; n++) {
            DegradedSet.View view = set.view(PHOTO, n);
            Map<String, String> attributes = new LinkedHashMap<>();
            view.label()
                    .path("attributes")
                    .properties()
                    .forEach(e -> attributes.put(e.getKey(), e.getValue().asText()));
            assertThat(attributes).hasSize(profile.attributes().size());
            Label.of(
                    "i",
                    OptionalDouble.of(view.label().path("score").asDouble()),
                    OptionalDouble.empty(),
                    attributes,
                    profile);
            clarities.add(attributes.getOrDefault("image-clarity", ""));
            RasterImage image = new ImageDecoder(ImageLimits.DEFAULTS).decode(view.file());
            assertThat(Math.max(image.width(), image.height())).isLessThanOrEqualTo(Degradation.LONGER_SIDE);
        }
        assertThat(clarities).hasSizeGreaterThan(2);
    }

    @Test
    void theMoreDamageTheLowerScoreAndClarity() {
        assertThat(label(0, 0, 0).attributes()).containsEntry("image-clarity", "excellent");
        assertThat(label(5, 0, 0).attributes()).containsEntry("image-clarity", "poor");
        double last = label(0, 0, 0).score();
        for (double strength : new double[] {0.5, 1, 2.5, 4, 5}) {
            double now = label(0, strength, 0).score();
            assertThat(now).isLessThan(last).isEqualTo(label(strength, 0, 0).score());
            last = now;
        }
        assertThat(label(2, 2, 0).score()).isLessThan(label(2, 0, 0).score());
    }

    @Test
    void exposureAndSaturationAreThoseOfThePictureThatIsShown() {
        RasterImage dark = Tones.expose(PHOTO, -6);
        assertThat(MadeLabel.of(dark, dark, new double[3], 0).attributes())
                .containsEntry("exposure", "severely underexposed");
        RasterImage grey = Tones.saturate(PHOTO, 0);
        assertThat(MadeLabel.of(grey, grey, new double[3], 0).attributes()).containsEntry("saturation", "very low");
        assertThat(MadeLabel.of(PHOTO, PHOTO, new double[3], 9).attributes()).containsEntry("level-shot", "tilted");
    }

    @Test
    void theSubjectIsTheConspicuousBlock() {
        Subject subject = Subject.of(PHOTO);
        assertThat(subject.cut()).isZero();
        assertThat(subject.placement()).isGreaterThan(0.7); // near the upper left crossing of the thirds
        assertThat(subject.contrast()).isGreaterThan(0.15);
    }

    @Test
    void strengthsBetweenWholeOnesLieBetweenThem() {
        for (Degradation kind : Degradation.values()) {
            assertThat(kind.apply(PHOTO, 2.0, 1).rgb())
                    .isEqualTo(kind.apply(PHOTO, 2, 1).rgb());
        }
        double one = luma(Degradation.EXPOSURE.apply(PHOTO, 1, 1));
        double two = luma(Degradation.EXPOSURE.apply(PHOTO, 2, 1));
        assertThat(luma(Degradation.EXPOSURE.apply(PHOTO, 1.5, 1))).isCloseTo((one + two) / 2, within(0.02));
    }

    private static double luma(RasterImage image) {
        double sum = 0;
        for (int i = 0; i < image.rgb().length; i += 3) {
            sum += Subject.luma(image.rgb(), i);
        }
        return 3 * sum / image.rgb().length;
    }
}
