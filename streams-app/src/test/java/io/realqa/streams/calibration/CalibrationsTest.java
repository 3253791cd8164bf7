package io.realqa.streams.calibration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.realqa.measures.calibration.Calibration;
import io.realqa.measures.calibration.PiecewiseLinear;
import io.realqa.settings.SettingsException;
import io.realqa.streams.calibration.Calibrations.Calibrated;
import io.realqa.streams.calibration.Calibrations.OtherModel;
import io.realqa.streams.scoring.BatchScorer.Identity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CalibrationsTest {
    private static final Identity BASE = new Identity("sha256:c", null, "sha256:p", "sha256:x", 0);
    private static final Identity ADAPTED = new Identity("sha256:c", "sha256:a", "sha256:p", "sha256:x", 7);
    private static final Map<String, String> OF_BASE =
            Map.of("model", "sha256:c", "adapter", "none", "profile", "sha256:p", "preprocessing", "sha256:x");

    @TempDir
    Path folder;

    /** Half the score, and some more. */
    private static Calibration half(String platform, double more, Map<String, String> scoredBy) {
        return new Calibration(
                platform, scoredBy, 9, new PiecewiseLinear(List.of(0.0), List.of(more), 0.5, 0.5, 0, 10));
    }

    @Test
    void aPlatformHasItsOwnScaleAndAllOthersThatOfTheStar() {
        Calibration own = half("photos", 1, Map.of());
        Calibration all = half("*", 2, Map.of());
        Calibrations calibrations = Calibrations.of(List.of(own, all));
        assertThat(calibrations.calibrate("photos", BASE, 6)).isEqualTo(new Calibrated(4, own.digest()));
        assertThat(calibrations.calibrate("unknown", BASE, 6)).isEqualTo(new Calibrated(5, all.digest()));
        assertThat(Calibrations.of(List.of(own)).calibrate("unknown", BASE, 6)).isNull();
        assertThat(Calibrations.NONE.calibrate("photos", BASE, 6)).isNull();
        assertThat(Calibrations.NONE.none()).isTrue();
    }

    @Test
    void aCalibrationHoldsForScoresOfTheModelItWasFittedForAlone() {
        Calibrations calibrations = Calibrations.of(List.of(half("photos", 1, OF_BASE), half("*", 2, Map.of())));
        assertThat(calibrations.calibrate("photos", BASE, 6)).isInstanceOf(Calibrated.class);
        // Not the star's either: the platform's scale is another.
        assertThat(calibrations.calibrate("photos", ADAPTED, 6)).isInstanceOf(OtherModel.class);
        for (Identity other : List.of(
                new Identity("sha256:!", null, "sha256:p", "sha256:x", 0),
                new Identity("sha256:c", null, "sha256:!", "sha256:x", 0),
                new Identity("sha256:c", null, "sha256:p", "sha256:!", 0))) {
            assertThat(calibrations.calibrate("photos", other, 6)).isInstanceOf(OtherModel.class);
        }
        Identity laterEpoch = new Identity("sha256:c", null, "sha256:p", "sha256:x", 3);
        assertThat(calibrations.calibrate("photos", laterEpoch, 6)).isInstanceOf(Calibrated.class);
    }

    @Test
    void theNameTellsVersionsApartAndNotTheirOrder() {
        Calibration a = half("a", 1, Map.of());
        Calibration b = half("b", 1, Map.of());
        assertThat(Calibrations.of(List.of(a, b)).name())
                .isEqualTo(Calibrations.of(List.of(b, a)).name())
                .isNotEqualTo(Calibrations.of(List.of(a)).name())
                .isNotEqualTo(
                        Calibrations.of(List.of(a, half("b", 2, Map.of()))).name());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Calibrations.of(List.of(a, half("a", 2, Map.of()))))
                .withMessage("calibration: two for a (expected: one for each platform)");
    }

    @Test
    void aFileThatIsMissingChangedOrAnothersIsNamed() throws IOException {
        Path file = folder.resolve("c.json");
        half("photos", 1, OF_BASE).write(file);
        assertThat(Calibrations.read(Map.of("photos", file)).digests())
                .containsExactly(Map.entry("photos", half("photos", 1, OF_BASE).digest()));
        assertRefused(
                Map.of("videos", file), "calibration.videos: ", "is for photos (expected: one fitted for videos)");
        assertRefused(Map.of("photos", folder.resolve("none.json")), "calibration.photos: ", "no such file");
        Files.writeString(file, Files.readString(file).replace("0.5", "0.6"));
        assertRefused(Map.of("photos", file), "calibration.photos: ", "digest: ");
    }

    private static void assertRefused(Map<String, Path> files, String... parts) {
        assertThatExceptionOfType(SettingsException.class)
                .isThrownBy(() -> Calibrations.read(files))
                .satisfies(e -> assertThat(e.getMessage()).contains(parts));
    }
}
