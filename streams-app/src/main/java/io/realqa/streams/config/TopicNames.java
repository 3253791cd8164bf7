package io.realqa.streams.config;

import com.fasterxml.jackson.annotation.JsonCreator;
import io.realqa.schemas.Topics;
import io.realqa.settings.KafkaSettings;
import io.realqa.settings.Values;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Names of the topics.
 *
 * @param names by what they hold: uploads, scores, attributes, dead-letters, replays, adapter-releases, adapter-status,
 *     recalibrated-scores, shadow-scores; what is left out has its usual name
 */
public record TopicNames(Map<String, String> names) {
    private static final String SHADOWS = "shadow-scores";
    private static final String RECALIBRATED = "recalibrated-scores";
    /** Of all but the candidates' scores, which have none, and those on later calibrations' scale. */
    private static final Map<String, String> USUAL = Map.of(
            "uploads", Topics.UPLOADS.topic(),
            "scores", Topics.SCORES.topic(),
            "attributes", Topics.ATTRIBUTES.topic(),
            "dead-letters", Topics.DEAD_LETTERS.topic(),
            "replays", "image.uploads.replays",
            "adapter-releases", Topics.ADAPTER_RELEASES.topic(),
            "adapter-status", Topics.ADAPTER_STATUS.topic());

    /** The usual names. */
    public static final TopicNames DEFAULTS = new TopicNames(Map.of());

    @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
    public TopicNames {
        names = Values.present(names, "topics");
        Map<String, String> roles = new TreeMap<>(USUAL);
        roles.putAll(names);
        roles.putIfAbsent(RECALIBRATED, recalibrated(names));
        Set<String> known = new TreeSet<>(USUAL.keySet());
        known.addAll(Set.of(SHADOWS, RECALIBRATED));
        Values.known("topics", names.keySet(), known);
        KafkaSettings.topics("topics", roles);
    }

    private String name(String what) {
        return names.getOrDefault(what, Objects.requireNonNull(USUAL.get(what)));
    }

    private static String recalibrated(Map<String, String> names) {
        String scores = names.getOrDefault("scores", Topics.SCORES.topic());
        return names.getOrDefault(RECALIBRATED, scores + ".recalibrated");
    }

    public String uploads() {
        return name("uploads");
    }

    public String scores() {
        return name("scores");
    }

    public String attributes() {
        return name("attributes");
    }

    public String deadLetters() {
        return name("dead-letters");
    }

    /** The topics that the service reads and writes events on, by contract; candidates' scores only where theirs is named. */
    public Map<Topics, String> ofEvents() {
        Map<Topics, String> events = new EnumMap<>(Map.of(
                Topics.UPLOADS, uploads(),
                Topics.SCORES, scores(),
                Topics.ATTRIBUTES, attributes(),
                Topics.DEAD_LETTERS, deadLetters()));
        String shadows = shadows();
        if (shadows != null) {
            events.put(Topics.SHADOW_SCORES, shadows);
        }
        return events;
    }

    /** The topic of releases. */
    public String releases() {
        return name("adapter-releases");
    }

    /** The topic on which workers say what they serve. */
    public String status() {
        return name("adapter-status");
    }

    /** The topic of past scores on the scale of later calibrations. */
    public String recalibrated() {
        return recalibrated(names);
    }

    /** The topic that remembers what was replayed: compacted, keyed by the dead letter's event id. */
    public String replays() {
        return name("replays");
    }

    /** The topic of candidates' scores; null: they are not published. */
    public @Nullable String shadows() {
        return names.get(SHADOWS);
    }
}
