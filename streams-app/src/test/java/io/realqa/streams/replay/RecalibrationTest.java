package io.realqa.streams.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.realqa.events.ImageScored;
import io.realqa.events.Provenance;
import io.realqa.events.SourcePosition;
import io.realqa.events.StageTimings;
import io.realqa.local.LocalBroker;
import io.realqa.local.LocalRegistry;
import io.realqa.measures.calibration.Calibration;
import io.realqa.measures.calibration.PiecewiseLinear;
import io.realqa.schemas.AvroDeserializer;
import io.realqa.schemas.AvroSerializer;
import io.realqa.schemas.SchemaRegistryClient;
import io.realqa.streams.ServiceConfig;
import io.realqa.streams.calibration.Calibrations;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.avro.generic.GenericContainer;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Past score events on a real broker and a real registry. */
class RecalibrationTest {
    private static final Path HOME = Path.of(System.getProperty("realqa.home"));
    private static final int PARTITIONS = 2;
    private static final Calibration FIRST = half("photos", 1);
    private static final Calibration SECOND = half("photos", 2);

    @TempDir
    static Path data;

    private static LocalBroker broker;
    private static LocalRegistry registry;
    private static AvroSerializer<GenericContainer> serializer;
    private static AvroDeserializer<GenericContainer> deserializer;
    private static int tests;

    private String scores;

    @BeforeAll
    static void start() throws Exception {
        broker = LocalBroker.start(Files.createDirectory(data.resolve("broker")));
        registry = LocalRegistry.start(HOME.resolve("local/target/registry"));
        SchemaRegistryClient client = new SchemaRegistryClient(registry.url(), null);
        serializer = new AvroSerializer<>(client);
        serializer.configure(Map.of(), false);
        deserializer = new AvroDeserializer<>(client);
        deserializer.configure(Map.of(), false);
    }

    @AfterAll
    static void stop() {
        registry.close();
        broker.close();
    }

    @BeforeEach
    void topic() {
        scores = "scores-" + ++tests;
        broker.createTopics(List.of(new NewTopic(scores, PARTITIONS, (short) 1)));
    }

    private static Calibration half(String platform, double more) {
        return new Calibration(
                platform,
                Map.of("model", "sha256:c"),
                9,
                new PiecewiseLinear(List.of(0.0), List.of(more), 0.5, 0.5, 0, 10));
    }

    private ServiceConfig config() {
        return ServiceConfig.of(broker.bootstrapServers(), registry.url(), Path.of("none"))
                .with(c -> c.topics(Map.of("scores", scores)));
    }

    private Recalibration recalibration(Calibration calibration) {
        return new Recalibration(config(), Calibrations.of(List.of(calibration)), false, 3, () -> {});
    }

    private Recalibration.Summary run(Calibration calibration) {
        return recalibration(calibration).run((done, total, written) -> {});
    }

    private static ImageScored event(String platform, String image, double score, @Nullable Calibration by) {
        return ImageScored.newBuilder()
                .setEventId("event of " + image)
                .setImageId(image)
                .setPlatform(platform)
                .setContentSha256("00")
                .setScore(score)
                .setStandardDeviation(1)
                .setIntervalLow(0)
                .setIntervalHigh(9)
                .setDigits(List.of())
                .setOffGrammarMass(0)
                .setPrunedMass(0)
                .setProvenance(new Provenance(
                        image.startsWith("other") ? "sha256:other" : "sha256:c", null, "sha256:p", "sha256:x", 0L))
                .setSource(new SourcePosition("uploads", 0, 0L))
                .setTimings(new StageTimings(0L, 0L, 0L, 0L, 1, false))
                .setUploadedAt(Instant.EPOCH)
                .setScoredAt(Instant.EPOCH)
                .setCalibratedScore(by == null ? null : (Double) by.apply(score))
                .setCalibrationDigest(by == null ? null : by.digest())
                .build();
    }

    private void publish(ImageScored... events) throws Exception {
        try (var producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", broker.bootstrapServers()),
                new ByteArraySerializer(),
                new ByteArraySerializer())) {
            for (ImageScored e : events) {
                producer.send(new ProducerRecord<>(
                                scores,
                                null,
                                1_790_000_000_000L,
                                e.getImageId().getBytes(StandardCharsets.UTF_8),
                                serializer.serialize(scores, e)))
                        .get(20, TimeUnit.SECONDS);
            }
        }
    }

    /** Reads committed events until there are as many as expected, and a little longer to see that no more come. */
    private List<ImageScored> recalibrated(int expected) {
        List<ImageScored> events = new ArrayList<>();
        try (var consumer = new KafkaConsumer<>(
                Map.of(
                        "bootstrap.servers",
                        broker.bootstrapServers(),
                        "isolation.level",
                        "read_committed",
                        "auto.offset.reset",
                        "earliest"),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = consumer.partitionsFor(scores + ".recalibrated").stream()
                    .map(p -> new TopicPartition(p.topic(), p.partition()))
                    .toList();
            assertThat(partitions).hasSize(PARTITIONS);
            consumer.assign(partitions);
            long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
            int more = 1;
            while (System.nanoTime() < deadline && (events.size() < expected || more-- > 0)) {
                consumer.poll(Duration.ofMillis(500))
                        .forEach(r -> events.add(
                                (ImageScored) Objects.requireNonNull(deserializer.deserialize(r.topic(), r.value()))));
            }
        }
        assertThat(events).hasSize(expected);
        return events;
    }

    private static Map<String, Double> calibrated(List<ImageScored> events) {
        Map<String, Double> byImage = new TreeMap<>();
        events.forEach(e -> byImage.put(e.getImageId(), e.getCalibratedScore()));
        return byImage;
    }

    @Test
    void pastScoresGetTheValueThatTheServiceWouldGiveThemAndNothingElseChanges() throws Exception {
        ImageScored raw = event("photos", "raw", 6, null);
        ImageScored before = event("photos", "before", 7, FIRST);
        ImageScored already = event("photos", "already", 8, SECOND);
        publish(raw, before, already, event("videos", "elsewhere", 5, null), event("photos", "other-model", 5, null));
        assertThat(run(SECOND)).isEqualTo(new Recalibration.Summary(5, 2, 1, 1, 1, 0));
        assertThat(recalibrated(2))
                .containsExactlyInAnyOrder(
                        ImageScored.newBuilder(raw)
                                .setCalibratedScore(SECOND.apply(6))
                                .setCalibrationDigest(SECOND.digest())
                                .build(),
                        ImageScored.newBuilder(before)
                                .setCalibratedScore(SECOND.apply(7))
                                .setCalibrationDigest(SECOND.digest())
                                .build());
    }

    @Test
    void aRepetitionWritesOnlyWhatIsNewAndAnotherCalibrationWritesAllAnew() throws Exception {
        publish(event("photos", "a", 6, null), event("photos", "b", 7, null));
        assertThat(run(FIRST).written()).isEqualTo(2);
        assertThat(run(FIRST)).isEqualTo(new Recalibration.Summary(0, 0, 0, 0, 0, 0));
        publish(event("photos", "c", 8, null));
        assertThat(run(FIRST).written()).isEqualTo(1);
        recalibrated(3);
        assertThat(run(SECOND).written()).isEqualTo(3);
        assertThat(calibrated(recalibrated(6))).isEqualTo(Map.of("a", 5.0, "b", 5.5, "c", 6.0));
    }

    @Test
    void aRunThatEndsInATransactionIsMadeUpByTheNextWithNothingTwice() throws Exception {
        for (int i = 0; i < 10; i++) {
            publish(event("photos", "image-" + i, i, null));
        }
        AtomicInteger commits = new AtomicInteger();
        Recalibration cut = new Recalibration(config(), Calibrations.of(List.of(FIRST)), false, 3, () -> {
            if (commits.incrementAndGet() == 2) {
                throw new IllegalStateException("cut off");
            }
        });
        assertThatExceptionOfType(IllegalStateException.class)
                .isThrownBy(() -> cut.run((done, total, written) -> {}))
                .withMessage("cut off");
        recalibrated(3);
        assertThat(run(FIRST).written()).isEqualTo(7);
        assertThat(calibrated(recalibrated(10))).hasSize(10);
    }

    @Test
    void aDryRunWritesNothing() throws Exception {
        publish(event("photos", "a", 6, null));
        Recalibration dry = new Recalibration(config(), Calibrations.of(List.of(FIRST)), true, 3, () -> {});
        assertThat(dry.run((done, total, written) -> {}).written()).isEqualTo(1);
        assertThat(run(FIRST).written()).isEqualTo(1);
        recalibrated(1);
    }
}
