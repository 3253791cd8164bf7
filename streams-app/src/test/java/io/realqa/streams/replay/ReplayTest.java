package io.realqa.streams.replay;

import static io.realqa.streams.replay.Letters.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.realqa.events.ImageScored;
import io.realqa.events.ImageUploaded;
import io.realqa.events.RecordHeader;
import io.realqa.events.SourcePosition;
import io.realqa.events.UploadDeadLettered;
import io.realqa.local.LocalBroker;
import io.realqa.local.LocalRegistry;
import io.realqa.schemas.AvroDeserializer;
import io.realqa.schemas.AvroSerializer;
import io.realqa.schemas.SchemaRegistryClient;
import io.realqa.scorer.ModelHandle;
import io.realqa.streams.Model;
import io.realqa.streams.ScoringService;
import io.realqa.streams.ServiceConfig;
import io.realqa.streams.config.ContentSection;
import io.realqa.streams.scoring.Reason;
import io.realqa.streams.scoring.Stage;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.avro.generic.GenericContainer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TransactionListing;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Replays on a real broker and a real registry, with topics of its own for each test. */
class ReplayTest {
    private static final Path HOME = Path.of(System.getProperty("realqa.home"));
    private static final int PARTITIONS = 3;
    private static final Duration LIMIT = Duration.ofSeconds(90);

    @TempDir
    static Path data;

    private static LocalBroker broker;
    private static LocalRegistry registry;
    private static AvroSerializer<GenericContainer> serializer;
    private static AvroDeserializer<GenericContainer> deserializer;
    private static int tests;

    private String uploads;
    private String deadLetters;
    private String marks;

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
    void nameTopics(TestInfo test) {
        uploads = "uploads-" + ++tests;
        deadLetters = uploads + ".dlq";
        marks = uploads + ".replays";
        createTopics(Map.of());
    }

    private void createTopics(Map<String, String> uploadsConfig) {
        broker.createTopics(List.of(
                new NewTopic(uploads, PARTITIONS, (short) 1).configs(uploadsConfig),
                new NewTopic(deadLetters, PARTITIONS, (short) 1)));
    }

    private ServiceConfig service() {
        return KilledReplay.service(broker.bootstrapServers(), registry.url(), uploads, deadLetters, marks);
    }

    private ReplayOptions options(ReplayFilter filter, long limit, boolean dryRun, boolean again) {
        return new ReplayOptions(service(), filter, limit, dryRun, again);
    }

    private ReplayOptions all() {
        return options(ReplayFilter.ALL, Long.MAX_VALUE, false, false);
    }

    private static ReplaySummary run(ReplayOptions options) {
        return new Replay(options).run((phase, done, total, replayed) -> {});
    }

    private UploadDeadLettered letter(String image, Reason reason) {
        return Letters.of(uploads, image, reason).build();
    }

    private void deadLetter(List<UploadDeadLettered> letters) throws Exception {
        try (var producer = producer()) {
            for (UploadDeadLettered l : letters) {
                producer.send(new ProducerRecord<>(
                                deadLetters, bytes(l.getEventId()), serializer.serialize(deadLetters, l)))
                        .get(20, TimeUnit.SECONDS);
            }
        }
    }

    private static KafkaProducer<byte[], byte[]> producer() {
        return new KafkaProducer<>(
                Map.of("bootstrap.servers", broker.bootstrapServers()),
                new ByteArraySerializer(),
                new ByteArraySerializer());
    }

    @Test
    void anUploadGoesOutAsItWasWithAHeaderThatNamesItsDeadLetter() throws Exception {
        byte[] value = {0, 1, 2, (byte) 0xff};
        deadLetter(List.of(Letters.of(uploads, "cat", Reason.TIMEOUT)
                .setKey(ByteBuffer.wrap(bytes("any key")))
                .setValue(ByteBuffer.wrap(value))
                .setSource(new SourcePosition(uploads, 2, 40L))
                .setHeaders(List.of(
                        new RecordHeader("traceparent", ByteBuffer.wrap(bytes("00-1"))),
                        new RecordHeader("empty", null),
                        new RecordHeader("traceparent", ByteBuffer.wrap(bytes("00-2")))))
                .build()));
        assertThat(run(all()).replayed()).isEqualTo(1);
        List<ConsumerRecord<byte[], byte[]>> replayed = committed(uploads);
        assertThat(replayed).hasSize(1);
        ConsumerRecord<byte[], byte[]> upload = replayed.get(0);
        assertThat(upload.key()).isEqualTo(bytes("any key"));
        assertThat(upload.value()).isEqualTo(value);
        assertThat(upload.partition()).isEqualTo(2);
        List<String> headers = new ArrayList<>();
        upload.headers().forEach(h -> headers.add(h.key() + "=" + (h.value() == null ? null : text(h.value()))));
        assertThat(headers)
                .containsExactly(
                        "traceparent=00-1", "empty=null", "traceparent=00-2", "realqa-replay-of=letter of cat");
    }

    @Test
    void aFilterALimitAndADryRunSelectTheSame() throws Exception {
        deadLetter(List.of(
                letter("a", Reason.TIMEOUT),
                letter("b", Reason.CORRUPT),
                letter("c", Reason.UNREACHABLE),
                Letters.of(uploads, "d", Reason.TIMEOUT).setPlatform("others").build(),
                Letters.of(uploads, "e", Reason.RECORD_TOO_LARGE)
                        .setKey(null)
                        .setValue(null)
                        .build()));
        ReplayFilter fetch = new ReplayFilter(Set.of(), Set.of(Stage.FETCH), Set.of("tests"), Set.of(), null, null);
        ReplaySummary dry = run(options(fetch, Long.MAX_VALUE, true, false));
        assertThat(dry.read()).isEqualTo(5);
        assertThat(dry.groups())
                .containsOnly(
                        Map.entry(new ReplaySummary.Group("FETCH", "TIMEOUT", "tests"), 1L),
                        Map.entry(new ReplaySummary.Group("FETCH", "UNREACHABLE", "tests"), 1L));
        assertThat(committed(uploads)).isEmpty();
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
            assertThat(admin.listTopics().names().get(20, TimeUnit.SECONDS)).doesNotContain(marks);
            assertThat(admin.listTransactions().all().get(20, TimeUnit.SECONDS))
                    .extracting(TransactionListing::transactionalId)
                    .doesNotContain("realqa-replay-" + marks);
        }

        assertThat(run(options(fetch, 1, false, false)).replayed()).isEqualTo(1);
        assertThat(committed(uploads)).hasSize(1);
        ReplaySummary rest = run(options(fetch, Long.MAX_VALUE, false, false));
        assertThat(rest.replayed()).isEqualTo(1);
        assertThat(rest.replayedBefore()).isEqualTo(1);
        assertThat(committedKeys()).containsExactlyInAnyOrder("a", "c");
        ReplaySummary everything = run(all());
        assertThat(everything.withoutValue()).isEqualTo(1);
        assertThat(committedKeys()).containsExactlyInAnyOrder("a", "b", "c", "d");
    }

    @Test
    void whatWasReplayedIsReplayedAgainOnlyWhenAskedFor() throws Exception {
        deadLetter(List.of(letter("a", Reason.TIMEOUT), letter("b", Reason.TIMEOUT)));
        assertThat(run(all()).replayed()).isEqualTo(2);
        ReplaySummary second = run(all());
        assertThat(second.replayed()).isZero();
        assertThat(second.replayedBefore()).isEqualTo(2);
        assertThat(committedKeys()).containsExactlyInAnyOrder("a", "b");

        assertThat(run(options(ReplayFilter.ALL, Long.MAX_VALUE, false, true)).replayed())
                .isEqualTo(2);
        assertThat(run(all()).replayed()).isZero();
        assertThat(committedKeys()).containsExactlyInAnyOrder("a", "a", "b", "b");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void aRunThatWasKilledInATransactionIsMadeUpByTheNextWithNothingTwice(int transaction) throws Exception {
        List<UploadDeadLettered> letters = IntStream.range(0, 9)
                .mapToObj(i -> letter("image " + i, Reason.TIMEOUT))
                .toList();
        deadLetter(letters);
        Process killed = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        KilledReplay.class.getName(),
                        broker.bootstrapServers(),
                        registry.url(),
                        uploads,
                        deadLetters,
                        marks,
                        "" + transaction)
                .redirectErrorStream(true)
                .redirectOutput(data.resolve(uploads + ".log").toFile())
                .start();
        assertThat(killed.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(killed.exitValue())
                .as(Files.readString(data.resolve(uploads + ".log")))
                .isEqualTo(KilledReplay.STATUS);
        int before = (transaction - 1) * KilledReplay.UPLOADS_PER_TRANSACTION;

        ReplaySummary next = run(all());

        assertThat(next.replayedBefore()).isEqualTo(before);
        assertThat(next.replayed()).isEqualTo(letters.size() - before);
        assertThat(committedKeys())
                .containsExactlyInAnyOrderElementsOf(
                        letters.stream().map(UploadDeadLettered::getImageId).toList());
        assertThat(readAll(uploads, "read_uncommitted"))
                .as("the aborted ones are there")
                .hasSize(letters.size() + 2);
    }

    @Test
    void ofTwoRunsTheLaterTakesOverAndNothingIsReplayedTwice() throws Exception {
        List<UploadDeadLettered> letters = IntStream.range(0, 6)
                .mapToObj(i -> letter("image " + i, Reason.TIMEOUT))
                .toList();
        deadLetter(letters);
        CountDownLatch second = new CountDownLatch(2);
        CountDownLatch over = new CountDownLatch(1);
        Replay earlier = new Replay(all(), Clock.systemUTC(), new Replay.Batch(2, Long.MAX_VALUE), () -> {
            second.countDown();
            if (second.getCount() == 0) {
                await(over);
            }
        });
        CompletableFuture<ReplaySummary> first =
                CompletableFuture.supplyAsync(() -> earlier.run((phase, done, total, replayed) -> {}));
        await(second);

        ReplaySummary later = run(all());
        over.countDown();

        assertThat(later.replayedBefore()).isEqualTo(2);
        assertThat(later.replayed()).isEqualTo(4);
        assertThatExceptionOfType(ExecutionException.class)
                .isThrownBy(() -> first.get(LIMIT.toSeconds(), TimeUnit.SECONDS))
                .withCauseInstanceOf(ReplayException.class)
                .withMessageContaining("another replay was started and has taken over; 2 uploads were replayed before");
        assertThat(committedKeys())
                .containsExactlyInAnyOrderElementsOf(
                        letters.stream().map(UploadDeadLettered::getImageId).toList());
    }

    @Test
    void whatTheUploadsTopicDoesNotTakeAndWhatIsNoDeadLetterIsCountedAndTheOthersGoOut() throws Exception {
        uploads += "-small";
        createTopics(Map.of("max.message.bytes", "2000"));
        deadLetter(List.of(
                letter("a", Reason.TIMEOUT),
                Letters.of(uploads, "large", Reason.TIMEOUT)
                        .setValue(ByteBuffer.wrap(new byte[3000]))
                        .build(),
                letter("b", Reason.TIMEOUT)));
        try (var producer = producer()) {
            producer.send(new ProducerRecord<>(deadLetters, bytes("k"), bytes("{}")))
                    .get(20, TimeUnit.SECONDS);
            producer.send(new ProducerRecord<>(deadLetters, bytes("k"), new byte[] {0, 0x7f, 0, 0, 0, 1}))
                    .get(20, TimeUnit.SECONDS);
        }
        ReplaySummary summary = run(all());
        assertThat(summary.replayed()).isEqualTo(2);
        assertThat(summary.tooLarge()).isEqualTo(1);
        assertThat(summary.unreadable()).isEqualTo(2);
        assertThat(committedKeys()).containsExactlyInAnyOrder("a", "b");
        assertThat(committed(marks).stream().map(r -> text(r.key())))
                .containsExactlyInAnyOrder("letter of a", "letter of b");
    }

    @Test
    void marksThatCouldExpireAreRefused() {
        broker.createTopics(
                List.of(new NewTopic(marks, 1, (short) 1).configs(Map.of("cleanup.policy", "compact,delete"))));
        assertThatExceptionOfType(ReplayException.class)
                .isThrownBy(() -> run(all()))
                .withMessageContaining("topics.replays: " + marks + ": cleanup.policy=")
                .withMessageContaining("(expected: compact");
    }

    @Test
    void replayingTwiceGivesOneScoreAndWhatFailsAgainIsANewDeadLetter() throws Exception {
        broker.createTopics(List.of(
                new NewTopic(uploads + ".scores", 1, (short) 1), new NewTopic(uploads + ".attributes", 1, (short) 1)));
        Path photos = Files.createDirectory(data.resolve("photos"));
        ServiceConfig service = service()
                .with(c -> c.kafka(Map.of("state.dir", data.resolve("state").toString()))
                        .content(ContentSection.roots(List.of(photos.toString()))));
        try (ModelHandle model = ModelHandle.load(HOME.resolve("models/demo"), null, null);
                ScoringService scoring = new ScoringService(service, () -> Model.of(model.scorer(), service))) {
            scoring.start();
            upload("late", photos.resolve("late.jpg"));
            upload("never", photos.resolve("never.jpg"));
            await(deadLetters, 2);
            Files.copy(HOME.resolve("models/demo/photos/coffee.jpg"), photos.resolve("late.jpg"));

            assertThat(run(all()).replayed()).isEqualTo(2);
            await(uploads + ".scores", 1);
            Set<String> ids = Set.copyOf(await(deadLetters, 3).stream()
                    .map(r -> event(UploadDeadLettered.class, r).getEventId())
                    .toList());
            assertThat(ids).hasSize(3);
            ReplaySummary second = run(all());
            assertThat(second.replayed()).as("the new dead letter").isEqualTo(1);
            assertThat(second.replayedBefore()).isEqualTo(2);
            await(deadLetters, 4);

            // A key's uploads are scored in order: with this one's score, a second score of the replay would be there.
            upload("late", photos.resolve("late.jpg"));
            List<ConsumerRecord<byte[], byte[]>> scores = await(uploads + ".scores", 2);
            assertThat(scores.stream().map(r -> event(ImageScored.class, r).getImageId()))
                    .containsExactly("late", "late");
            assertThat(scores.get(0).headers().lastHeader(UploadWriter.REPLAY_OF))
                    .isNotNull();
            assertThat(scores.get(1).headers().lastHeader(UploadWriter.REPLAY_OF))
                    .isNull();
        }
    }

    private void upload(String image, Path file) throws Exception {
        ImageUploaded event = ImageUploaded.newBuilder()
                .setImageId(image)
                .setPlatform("tests")
                .setUri(file.toUri().toString())
                .setUploadedAt(Instant.now())
                .build();
        try (var producer = producer()) {
            producer.send(new ProducerRecord<>(uploads, bytes(image), serializer.serialize(uploads, event)))
                    .get(20, TimeUnit.SECONDS);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            if (!latch.await(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                throw new AssertionError("not within " + LIMIT);
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static <T> T event(Class<T> type, ConsumerRecord<byte[], byte[]> r) {
        return type.cast(java.util.Objects.requireNonNull(deserializer.deserialize(r.topic(), r.value())));
    }

    private List<String> committedKeys() {
        return committed(uploads).stream().map(r -> text(r.key())).toList();
    }

    private static List<ConsumerRecord<byte[], byte[]>> committed(String topic) {
        return readAll(topic, "read_committed");
    }

    /** Everything up to where the topic ends now. */
    private static List<ConsumerRecord<byte[], byte[]>> readAll(String topic, String isolation) {
        List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
        try (var consumer = consumer(topic, isolation)) {
            Map<TopicPartition, Long> ends = consumer.endOffsets(consumer.assignment());
            long deadline = System.nanoTime() + LIMIT.toNanos();
            while (ends.entrySet().stream().anyMatch(e -> consumer.position(e.getKey()) < e.getValue())) {
                assertThat(System.nanoTime()).as(topic).isLessThan(deadline);
                consumer.poll(Duration.ofMillis(100)).forEach(records::add);
            }
        }
        return records;
    }

    /** The committed records, as soon as there are as many as expected; more fail. */
    private static List<ConsumerRecord<byte[], byte[]>> await(String topic, int expected) {
        List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
        try (var consumer = consumer(topic, "read_committed")) {
            long deadline = System.nanoTime() + LIMIT.toNanos();
            while (records.size() < expected && System.nanoTime() < deadline) {
                consumer.poll(Duration.ofMillis(100)).forEach(records::add);
            }
        }
        assertThat(records).as(topic).hasSize(expected);
        return records;
    }

    private static KafkaConsumer<byte[], byte[]> consumer(String topic, String isolation) {
        var consumer = new KafkaConsumer<>(
                Map.of(
                        "bootstrap.servers",
                        broker.bootstrapServers(),
                        "isolation.level",
                        isolation,
                        "auto.offset.reset",
                        "earliest"),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer());
        consumer.assign(consumer.partitionsFor(topic).stream()
                .map(p -> new TopicPartition(p.topic(), p.partition()))
                .toList());
        return consumer;
    }
}
