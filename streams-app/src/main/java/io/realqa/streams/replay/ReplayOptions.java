package io.realqa.streams.replay;

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
    public ReplayOptions {
        if (limit < 1) {
            throw new IllegalArgumentException("limit: " + limit + " (expected: at least 1)");
        }
    }

    String uploads() {
        return service.topics().uploads();
    }

    String deadLetters() {
        return service.topics().deadLetters();
    }

    String marks() {
        return service.topics().replays();
    }
}
