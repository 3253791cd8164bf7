package io.realqa.streams.config;

import static io.realqa.settings.Values.duration;
import static io.realqa.settings.Values.elements;
import static io.realqa.settings.Values.or;
import static io.realqa.settings.Values.path;

import io.realqa.settings.SettingsException;
import io.realqa.store.S3Location;
import io.realqa.store.S3Settings;
import io.realqa.streams.adapters.AdaptersConfig;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How released adapters are taken into service.
 *
 * @param roots folders, or places such as s3://BUCKET/PREFIX, under which released adapters may lie
 * @param cache folder that adapters from S3 are brought to
 * @param s3 how S3 is reached; none: as AWS's tools would
 * @param workerId name of this instance on the status topic; none: of its host and process
 * @param heartbeat how often the status is written again
 * @param patience longest wait for the released adapters at the start
 * @param goldenTolerance largest difference of a golden image's score, as a share of the profile's scale
 * @param goldenRequired whether an adapter without golden images is refused
 * @param autoRollback whether a release with bad live answers is rolled back for all; none: it is
 */
public record AdaptersSection(
        @Nullable List<String> roots,
        @Nullable String cache,
        @Nullable S3Settings s3,
        @Nullable String workerId,
        @Nullable String heartbeat,
        @Nullable String patience,
        @Nullable Double goldenTolerance,
        @Nullable Boolean goldenRequired,
        @Nullable Boolean autoRollback) {
    /** Adapters under some folders, all else by default. */
    public static AdaptersSection roots(List<String> roots) {
        return new AdaptersSection(roots, null, null, null, null, null, null, null, null);
    }

    /** @param offGrammarMass an answer with more than that outside the allowed scores is none */
    public AdaptersConfig config(TopicNames topics, double offGrammarMass) {
        List<String> places = elements("adapters.roots", roots, List.of());
        return new AdaptersConfig(
                places.stream()
                        .filter(r -> !S3Location.isOne(r))
                        .map(r -> path("adapters.roots", r).toAbsolutePath().normalize())
                        .toList(),
                remote(places.stream().filter(S3Location::isOne).toList()),
                workerId == null ? AdaptersConfig.workerOfThisProcess() : workerId,
                topics.releases(),
                topics.status(),
                duration("adapters.heartbeat", heartbeat, AdaptersConfig.DEFAULT_HEARTBEAT),
                duration("adapters.patience", patience, AdaptersConfig.DEFAULT_PATIENCE),
                or(goldenTolerance, AdaptersConfig.DEFAULT_GOLDEN_TOLERANCE),
                or(goldenRequired, false),
                or(autoRollback, true),
                offGrammarMass);
    }

    private AdaptersConfig.@Nullable Remote remote(List<String> places) {
        if (places.isEmpty()) {
            return null;
        }
        if (cache == null) {
            throw new SettingsException(
                    "adapters.cache: missing (expected: a folder for the adapters of " + places + ")");
        }
        try {
            return new AdaptersConfig.Remote(
                    places.stream().map(S3Location::parse).toList(),
                    or(s3, S3Settings.DEFAULTS),
                    path("adapters.cache", cache).toAbsolutePath().normalize());
        } catch (IllegalArgumentException e) {
            throw new SettingsException("adapters.roots: " + e.getMessage(), e);
        }
    }
}
