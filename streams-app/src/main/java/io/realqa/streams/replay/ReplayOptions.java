package io.realqa.streams.replay;

import io.realqa.schemas.Topics;
import io.realqa.streams.ServiceConfig;

/**
 * What to replay, and where.
 *
 * @param service the service's settings, of which brokers, registry, serde and topics count
 * @param filter which dead letters
 * @param limit most uploads to replay, at least 1
 * @param dryRun only count: nothing is written, and a replay that runs is left alone
 * @param again also what was replayed before
 */
public record ReplayOptions(ServiceConfig service, ReplayFilter filter, long limit, boolean dryRun, boolean again) {
    /** Default name of the topic that remembers what was replayed: compacted, keyed by the dead letter's event id. */
    public static final String MARKS_TOPIC = "image.uploads.replays";

    public ReplayOptions {
        if (limit < 1) {
            throw new IllegalArgumentException("limit: " + limit + " (expected: at least 1)");
        }
    }

    String uploads() {
        return topic("uploads", Topics.UPLOADS.topic());
    }

    String deadLetters() {
        return topic("dead-letters", Topics.DEAD_LETTERS.topic());
    }

    String marks() {
        return topic("replays", MARKS_TOPIC);
    }

    private String topic(String what, String byDefault) {
        var names = service.topics();
        return names == null ? byDefault : names.getOrDefault(what, byDefault);
    }
}
