package io.realqa.streams.replay;

import io.realqa.streams.ServiceConfig;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/** A replay in a process of its own that dies, as if killed, with its n-th transaction open on the brokers. */
final class KilledReplay {
    static final int STATUS = 137;
    static final int UPLOADS_PER_TRANSACTION = 2;

    private KilledReplay() {}

    /** Arguments: brokers, registry, the topics of uploads, dead letters and marks, n. */
    public static void main(String[] args) {
        AtomicInteger left = new AtomicInteger(Integer.parseInt(args[5]));
        ServiceConfig service = service(args[0], args[1], args[2], args[3], args[4]);
        new Replay(
                        new ReplayOptions(service, ReplayFilter.ALL, Long.MAX_VALUE, false, false),
                        Clock.systemUTC(),
                        new Replay.Batch(UPLOADS_PER_TRANSACTION, Long.MAX_VALUE),
                        () -> {
                            if (left.decrementAndGet() == 0) {
                                Runtime.getRuntime().halt(STATUS);
                            }
                        })
                .run((phase, done, total, replayed) -> {});
    }

    static ServiceConfig service(String brokers, String registry, String uploads, String deadLetters, String marks) {
        return ServiceConfig.of(brokers, registry, Path.of("models/demo"))
                .with(c -> c.topics(Map.of(
                        "uploads", uploads,
                        "dead-letters", deadLetters,
                        "replays", marks,
                        "scores", uploads + ".scores",
                        "attributes", uploads + ".attributes")));
    }
}
