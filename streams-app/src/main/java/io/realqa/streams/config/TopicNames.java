package io.realqa.streams.config;

import com.fasterxml.jackson.annotation.JsonCreator;
import io.realqa.schemas.Topics;
import io.realqa.settings.SettingsException;
import io.realqa.settings.Values;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Names of the topics.
 *
 * @param names by what they hold: uploads, scores, attributes, dead-letters, replays, adapter-releases, adapter-status,
 *     recalibrated-scores, shadow-scores; what is left out has its usual name
 */
public record TopicNames(Map<String, String> names) {
    private static final Set<String> KNOWN = Set.of(
            "uploads",
            "scores",
            "attributes",
            "dead-letters",
            "replays",
            "adapter-releases",
            "adapter-status",
            "recalibrated-scores",
            "shadow-scores");

    /** The usual names. */
    public static final TopicNames DEFAULTS = new TopicNames(Map.of());

    @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
    public TopicNames {
        names = Values.present(names, "topics");
        if (names.containsValue("")) {
            throw new SettingsException("topics: " + names + " (expected: a name for each)");
        }
        Values.known("topics", names.keySet(), KNOWN);
    }

    private String name(String what, Topics usual) {
        return names.getOrDefault(what, usual.topic());
    }

    public String uploads() {
        return name("uploads", Topics.UPLOADS);
    }

    public String scores() {
        return name("scores", Topics.SCORES);
    }

    public String attributes() {
        return name("attributes", Topics.ATTRIBUTES);
    }

    public String deadLetters() {
        return name("dead-letters", Topics.DEAD_LETTERS);
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
        return name("adapter-releases", Topics.ADAPTER_RELEASES);
    }

    /** The topic on which workers say what they serve. */
    public String status() {
        return name("adapter-status", Topics.ADAPTER_STATUS);
    }

    /** The topic of past scores on the scale of later calibrations. */
    public String recalibrated() {
        return names.getOrDefault("recalibrated-scores", scores() + ".recalibrated");
    }

    /** The topic that remembers what was replayed: compacted, keyed by the dead letter's event id. */
    public String replays() {
        return names.getOrDefault("replays", "image.uploads.replays");
    }

    /** The topic of candidates' scores; null: they are not published. */
    public @Nullable String shadows() {
        return names.get("shadow-scores");
    }
}
