package io.realqa.trainer.service.config;

import static io.realqa.settings.Values.elements;
import static io.realqa.settings.Values.or;

import io.realqa.settings.SettingsException;
import io.realqa.trainer.cycle.Cycle;
import io.realqa.trainer.degradation.Degradation;
import io.realqa.trainer.gate.GateSettings;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What a candidate must show, as in {@link GateSettings}, and the monotonicity suite.
 *
 * @param suiteImages photographs that are degraded
 * @param degradations by name; none: the usual ones
 */
public record GateSection(
        @Nullable Integer minimumImages,
        @Nullable Integer minimumSliceImages,
        @Nullable Double confidence,
        @Nullable Integer resamples,
        @Nullable Double sliceTolerance,
        @Nullable Double accuracyTolerance,
        @Nullable Double calibrationTolerance,
        @Nullable Double monotonicityTolerance,
        @Nullable Integer suiteImages,
        @Nullable List<String> degradations) {
    public static final GateSection DEFAULTS =
            new GateSection(null, null, null, null, null, null, null, null, null, null);

    static final int DEFAULT_SUITE_IMAGES = 8;

    public GateSettings settings() {
        GateSettings d = GateSettings.DEFAULTS;
        return new GateSettings(
                or(minimumImages, d.minimumImages()),
                or(minimumSliceImages, d.minimumSliceImages()),
                or(confidence, d.confidence()),
                or(resamples, d.resamples()),
                or(sliceTolerance, d.sliceTolerance()),
                or(accuracyTolerance, d.accuracyTolerance()),
                or(calibrationTolerance, d.calibrationTolerance()),
                or(monotonicityTolerance, d.monotonicityTolerance()),
                d.seed());
    }

    public int suiteSize() {
        return or(suiteImages, DEFAULT_SUITE_IMAGES);
    }

    /** The suite's degradations. */
    public List<Degradation> suite() {
        return degradations == null
                ? Cycle.Settings.DEGRADATIONS
                : elements("gate.degradations", degradations, List.of()).stream()
                        .map(GateSection::degradation)
                        .toList();
    }

    private static Degradation degradation(String name) {
        for (Degradation d : Degradation.values()) {
            if (d.label().equals(name.toLowerCase(Locale.ROOT))) {
                return d;
            }
        }
        throw new SettingsException("gate.degradations: " + name + " (expected: some of "
                + Arrays.stream(Degradation.values()).map(Degradation::label).toList() + ")");
    }
}
