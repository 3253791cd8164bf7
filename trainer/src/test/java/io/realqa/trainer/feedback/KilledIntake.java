package io.realqa.trainer.feedback;

import io.realqa.schemas.AvroSerde;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.avro.generic.GenericContainer;

/** A process that takes labels in and dies, without any farewell, when it has come by a point for the n-th time. */
public final class KilledIntake {
    /** Exit status of a process that reached its point. */
    static final int STATUS = 9;

    /** Small transactions, so that there are several. */
    private static final String LABELS_PER_TRANSACTION = "5";

    private KilledIntake() {}

    /** Arguments: brokers, registry, folder of images, the point, n. */
    public static void main(String[] args) throws Exception {
        FeedbackIntake.Point point = FeedbackIntake.Point.valueOf(args[3]);
        AtomicInteger left = new AtomicInteger(Integer.parseInt(args[4]));
        try (FeedbackIntake intake =
                FeedbackIntake.open(setup(args[0], args[1], Path.of(args[2])), new IntakeListener() {}, reached -> {
                    if (reached == point && left.decrementAndGet() == 0) {
                        Runtime.getRuntime().halt(STATUS);
                    }
                })) {
            long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
            while (System.nanoTime() < deadline) {
                intake.poll(Duration.ofMillis(200));
            }
        }
    }

    static FeedbackIntake.Setup setup(String brokers, String registry, Path images) {
        AvroSerde<GenericContainer> serde = new AvroSerde<>();
        serde.configure(Map.of("schema.registry.url", registry), false);
        return new FeedbackIntake.Setup(
                Map.of("bootstrap.servers", brokers, "consumer.max.poll.records", LABELS_PER_TRANSACTION),
                serde,
                FeedbackTopics.DEFAULTS,
                "trainer-under-test",
                Labels.PROFILE,
                FeedbackSettings.DEFAULTS,
                1000,
                new ImageVault(images),
                new AnyFile(),
                Clock.systemUTC());
    }

    /** Reads file: addresses, whatever they are. */
    private static final class AnyFile implements ContentSource {
        @Override
        public byte[] fetch(String uri) throws UnavailableException {
            try {
                return Files.readAllBytes(Path.of(java.net.URI.create(uri)));
            } catch (java.io.IOException e) {
                throw new UnavailableException("NOT_FOUND: " + uri, false);
            }
        }

        @Override
        public void close() {}
    }
}
