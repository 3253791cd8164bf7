package io.realqa.streams.calibration;

import io.realqa.measures.calibration.Calibration;
import io.realqa.settings.SettingsException;
import io.realqa.streams.scoring.BatchScorer.Identity;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The platforms' calibrations in force. A score gets its platform's, or that of {@code *} if the platform has none; and
 * only if the calibration was fitted on scores of the very model, adapter, profile and preprocessing that gave this one.
 * The calibrated score follows from raw score, platform, digests and the files alone, so it can be had again from a score
 * event. Immutable.
 */
public final class Calibrations {
    /** No platform has one. */
    public static final Calibrations NONE = new Calibrations(Map.of());

    /** Stands for all platforms that have none of their own. */
    public static final String ALL = "*";

    /** What a calibration's {@code scoredBy} says of the adapter where there was none. */
    public static final String NO_ADAPTER = "none";

    /** Names under which a calibration's {@code scoredBy} has its digests. */
    public static final String MODEL = "model";

    public static final String ADAPTER = "adapter";
    public static final String PROFILE = "profile";
    public static final String PREPROCESSING = "preprocessing";

    /** What became of a score. */
    public sealed interface Result {}

    /**
     * It has a calibrated one beside it.
     *
     * @param digest version of the map
     */
    public record Calibrated(double score, String digest) implements Result {}

    /** The platform has a calibration, for scores of another model, adapter, profile or preprocessing. */
    public record OtherModel() implements Result {}

    private static final OtherModel OTHER_MODEL = new OtherModel();

    /** A map with its digest, which takes a while to compute. */
    private record Version(Calibration calibration, String digest) {
        boolean holdsFor(Identity by) {
            Map<String, String> fitted = calibration.scoredBy();
            return same(fitted.get(MODEL), by.checkpoint())
                    && same(fitted.get(ADAPTER), by.adapter() == null ? NO_ADAPTER : by.adapter())
                    && same(fitted.get(PROFILE), by.profile())
                    && same(fitted.get(PREPROCESSING), by.preprocessing());
        }

        /** What a calibration does not say it does not ask for. */
        private static boolean same(@Nullable String fitted, String served) {
            return fitted == null || fitted.equals(served);
        }
    }

    private final Map<String, Version> versions;

    private Calibrations(Map<String, Version> versions) {
        this.versions = Map.copyOf(versions);
    }

    /**
     * Some calibrations, each for its own platform.
     *
     * @throws IllegalArgumentException if two are for the same platform
     */
    public static Calibrations of(Iterable<Calibration> calibrations) {
        Map<String, Version> versions = new HashMap<>();
        for (Calibration c : calibrations) {
            if (versions.put(c.platform(), new Version(c, c.digest())) != null) {
                throw new IllegalArgumentException(
                        "calibration: two for " + c.platform() + " (expected: one for each platform)");
            }
        }
        return new Calibrations(versions);
    }

    /**
     * Reads the files of the settings.
     *
     * @param files calibration files by platform
     * @throws SettingsException if one cannot be read, was changed, or is another platform's
     */
    public static Calibrations read(Map<String, Path> files) {
        Map<String, Version> versions = new HashMap<>();
        files.forEach((platform, file) -> {
            Calibration c;
            try {
                c = Calibration.read(file);
            } catch (IllegalArgumentException e) {
                throw new SettingsException("calibration." + platform + ": " + e.getMessage(), e);
            }
            if (!c.platform().equals(platform)) {
                throw new SettingsException("calibration." + platform + ": " + file + " is for " + c.platform()
                        + " (expected: one fitted for " + platform + ")");
            }
            versions.put(platform, new Version(c, c.digest()));
        });
        return new Calibrations(versions);
    }

    /** Whether no platform has one. */
    public boolean none() {
        return versions.isEmpty();
    }

    /** Digest of the calibration of each platform. */
    public Map<String, String> digests() {
        Map<String, String> digests = new TreeMap<>();
        versions.forEach((platform, version) -> digests.put(platform, version.digest()));
        return digests;
    }

    /** A short name for all of them together: equal for equal calibrations alone. */
    public String name() {
        return UUID.nameUUIDFromBytes(digests().toString().getBytes(StandardCharsets.UTF_8))
                .toString();
    }

    /**
     * Puts a score on its platform's scale.
     *
     * @param by who gave the score
     * @return null where neither the platform nor {@code *} has a calibration
     */
    public @Nullable Result calibrate(String platform, Identity by, double score) {
        if (versions.isEmpty()) {
            return null;
        }
        Version own = versions.get(platform);
        Version version = own == null ? versions.get(ALL) : own;
        if (version == null) {
            return null;
        }
        return version.holdsFor(by)
                ? new Calibrated(version.calibration().apply(score), version.digest())
                : OTHER_MODEL;
    }
}
