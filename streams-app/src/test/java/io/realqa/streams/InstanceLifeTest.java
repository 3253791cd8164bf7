package io.realqa.streams;

import static org.assertj.core.api.Assertions.assertThat;

import io.realqa.events.ImageScored;
import io.realqa.events.ImageUploaded;
import io.realqa.local.LocalBroker;
import io.realqa.local.LocalRegistry;
import io.realqa.schemas.AvroDeserializer;
import io.realqa.schemas.AvroSerializer;
import io.realqa.schemas.SchemaRegistryClient;
import io.realqa.schemas.Topics;
import io.realqa.streams.config.BatchSection;
import io.realqa.streams.scoring.TestModel;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;
import org.apache.avro.generic.GenericContainer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** How instances start, stop, hang and take over, on a real broker and registry. */
@Timeout(180)
class InstanceLifeTest {
    private static final Path HOME = Path.of(System.getProperty("realqa.home"));
    private static final int PARTITIONS = 4;

    @TempDir
    static Path data;

    private static LocalBroker broker;
    private static LocalRegistry registry;

    @BeforeAll
    static void start() throws Exception {
        broker = LocalBroker.start(Files.createDirectory(data.resolve("broker")));
        registry = LocalRegistry.start(HOME.resolve("local/target/registry"));
        Topics.register(new SchemaRegistryClient(registry.url(), null));
    }

    @AfterAll
    static void stop() {
        registry.close();
        broker.close();
    }

    /** Topics and a group of one test's own. */
    private record Place(String name, int partitions) {
        static Place of(TestInfo test) {
            return of(test, PARTITIONS);
        }

        static Place of(TestInfo test, int partitions) {
            Place place = new Place(test.getTestMethod().orElseThrow().getName(), partitions);
            List<NewTopic> topics = new ArrayList<>();
            for (Topics t : List.of(Topics.UPLOADS, Topics.SCORES, Topics.ATTRIBUTES, Topics.DEAD_LETTERS)) {
                topics.add(new NewTopic(place.topic(t), partitions, (short) 1).configs(t.topicConfig()));
            }
            broker.createTopics(topics);
            return place;
        }

        String topic(Topics t) {
            return name + "." + t.topic();
        }

        ServiceConfig config(String instance, String callTimeout) {
            return ServiceConfig.of(broker.bootstrapServers(), registry.url(), Path.of("none"))
                    .with(c -> c.kafka(Map.of(
                                    "application.id",
                                    name,
                                    "state.dir",
                                    data.resolve(name + instance).toString()))
                            .topics(Map.of(
                                    "uploads", topic(Topics.UPLOADS),
                                    "scores", topic(Topics.SCORES),
                                    "attributes", topic(Topics.ATTRIBUTES),
                                    "dead-letters", topic(Topics.DEAD_LETTERS)))
                            .batch(new BatchSection(4, null, "5ms", 1, callTimeout, null))
                            .http("127.0.0.1", 0)
                            .stop("30s"));
        }

        void upload(int from, int to) throws Exception {
            AvroSerializer<ImageUploaded> serializer = new AvroSerializer<>();
            serializer.configure(Map.of("schema.registry.url", registry.url()), false);
            try (var producer = new KafkaProducer<>(
                    Map.of("bootstrap.servers", broker.bootstrapServers()), new StringSerializer(), serializer)) {
                for (int i = from; i < to; i++) {
                    ImageUploaded event = ImageUploaded.newBuilder()
                            .setImageId("image-" + i)
                            .setPlatform("tests")
                            .setContent(ByteBuffer.wrap(TestModel.image(i)))
                            .setUploadedAt(Instant.now())
                            .build();
                    producer.send(new ProducerRecord<>(topic(Topics.UPLOADS), "image-" + i, event))
                            .get(20, TimeUnit.SECONDS);
                }
            }
        }

        /** Image ids of all committed scores, once there are as many as expected. */
        List<String> scored(int expected) {
            AvroDeserializer<GenericContainer> deserializer =
                    new AvroDeserializer<>(new SchemaRegistryClient(registry.url(), null));
            deserializer.configure(Map.of(), false);
            return committed(topic(Topics.SCORES), expected).stream()
                    .map(r -> ((ImageScored) Objects.requireNonNull(deserializer.deserialize(r.topic(), r.value())))
                            .getImageId())
                    .toList();
        }

        /** Waits until so many uploads are taken in, to be scored by whoever has the tasks. */
        void awaitPending(int expected) {
            assertThat(committed(name + "-pending-changelog", expected)).hasSize(expected);
        }

        /** Waits until a task that has restored uploads has committed the record that it sends to itself. */
        void awaitFence() {
            assertThat(committed(name + "-fence", 1)).hasSize(1);
        }

        /** What is committed on a topic, once there are as many records as expected; with what comes right after. */
        private List<ConsumerRecord<String, byte[]>> committed(String topic, int expected) {
            List<ConsumerRecord<String, byte[]>> records = new ArrayList<>();
            try (var consumer = new KafkaConsumer<>(
                    Map.of("bootstrap.servers", broker.bootstrapServers(), "isolation.level", "read_committed"),
                    new StringDeserializer(),
                    new ByteArrayDeserializer())) {
                List<TopicPartition> all = new ArrayList<>();
                for (int p = 0; p < partitions; p++) {
                    all.add(new TopicPartition(topic, p));
                }
                consumer.assign(all);
                consumer.seekToBeginning(all);
                await(topic, () -> {
                    consumer.poll(Duration.ofMillis(100)).forEach(records::add);
                    return records.size() >= expected;
                });
                consumer.poll(Duration.ofMillis(300)).forEach(records::add);
            }
            return records;
        }
    }

    private static void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as(what + " within 60 s").isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    private static HttpResponse<String> get(ScoringService service, String path) throws Exception {
        return HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + service.httpPort() + path))
                                .timeout(Duration.ofSeconds(10))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
    }

    private static Set<String> kafkasMetricsOfAlertsAndDashboard() throws IOException {
        Set<String> names = new HashSet<>();
        for (String file : List.of("alerts.yaml", "dashboard.json")) {
            Pattern.compile("kafka_\\w+")
                    .matcher(Files.readString(
                            HOME.resolve("helm/realqa-stream/files").resolve(file)))
                    .results()
                    .forEach(m -> names.add(m.group()));
        }
        assertThat(names).hasSizeGreaterThan(1);
        return names;
    }

    private static List<String> images(int from, int to) {
        List<String> ids = new ArrayList<>();
        for (int i = from; i < to; i++) {
            ids.add("image-" + i);
        }
        return ids;
    }

    @Test
    void anInstanceIsNotReadyWhileItLoadsAndReadyWhenItHasTasks(TestInfo test) throws Exception {
        Place place = Place.of(test);
        CountDownLatch loaded = new CountDownLatch(1);
        Model model = new Model(new TestModel(grey -> {}), 1);
        try (ScoringService service = new ScoringService(place.config("", "30s"), () -> {
            try {
                assertThat(loaded.await(60, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return model;
        })) {
            CompletableFuture<Void> starting = CompletableFuture.runAsync(service::start);
            await("HTTP", () -> service.httpPort() > 0);
            HttpResponse<String> loading = get(service, "/health/ready");
            assertThat(loading.statusCode()).isEqualTo(503);
            assertThat(loading.body()).contains("loading the model");
            assertThat(get(service, "/health/live").statusCode()).isEqualTo(200);
            loaded.countDown();
            starting.get(60, TimeUnit.SECONDS);
            await("readiness", () -> service.health().ready());
            assertThat(get(service, "/health/ready").body()).contains(PARTITIONS + " tasks");
            place.upload(0, 3);
            assertThat(place.scored(3)).containsExactlyInAnyOrderElementsOf(images(0, 3));
            assertThat(get(service, "/metrics").body())
                    .contains("realqa_scores_total 3.0")
                    .contains("realqa_ready 1.0")
                    .contains(kafkasMetricsOfAlertsAndDashboard());
        }
    }

    @Test
    void anInstanceWaitsForTheRegistryAndCanBeStoppedMeanwhile(TestInfo test) throws Exception {
        Place place = Place.of(test);
        ServiceConfig lost =
                place.config("", "30s").with(c -> c.registry(Map.of("schema.registry.url", "http://127.0.0.1:1")));
        ScoringService service = new ScoringService(lost, () -> new Model(new TestModel(grey -> {}), 1));
        CompletableFuture<Void> starting = CompletableFuture.runAsync(service::start);
        await("waiting", () -> service.health().message().contains("registry: "));
        assertThat(service.health().ready()).isFalse();
        service.close();
        starting.get(60, TimeUnit.SECONDS);
        assertThat(service.end()).isEqualTo(ScoringService.End.STOPPED);
    }

    @Test
    void aStopFinishesWhatIsInTheEngine(TestInfo test) throws Exception {
        Place place = Place.of(test);
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        TestModel model = new TestModel(grey -> {
            started.countDown();
            awaitLatch(go);
        });
        ScoringService service = new ScoringService(place.config("", "60s"), model, 1);
        service.start();
        place.upload(0, 8);
        assertThat(started.await(60, TimeUnit.SECONDS)).isTrue();
        await("all in the engine", () -> service.counts().inFlight() == 8);
        CompletableFuture<Void> closing = CompletableFuture.runAsync(service::close);
        await("stopping", () -> service.health().message().equals("stopping"));
        go.countDown();
        closing.get(60, TimeUnit.SECONDS);

        assertThat(place.scored(8)).containsExactlyInAnyOrderElementsOf(images(0, 8));
    }

    @Test
    void theUploadsOfAnInstanceThatHangsAreScoredByAnother(TestInfo test) throws Exception {
        Place place = Place.of(test);
        CountDownLatch never = new CountDownLatch(1);
        TestModel hangs = new TestModel(grey -> awaitLatch(never));
        try (ScoringService bad = new ScoringService(place.config("-bad", "500ms"), hangs, 1);
                ScoringService good = new ScoringService(place.config("-good", "60s"), new TestModel(grey -> {}), 1)) {
            bad.start();
            await("tasks", () -> bad.health().ready());
            place.upload(0, 12);
            await("the hang is seen", () -> bad.health().message().startsWith("HUNG"));
            assertThat(get(bad, "/health/ready").statusCode()).isEqualTo(503);
            assertThat(get(bad, "/health/live").statusCode()).isEqualTo(503);
            good.start();

            assertThat(place.scored(12)).containsExactlyInAnyOrderElementsOf(images(0, 12));
            assertThat(bad.awaitStopped(Duration.ofSeconds(60))).isTrue();
            assertThat(bad.end()).isEqualTo(ScoringService.End.FAULT);
            never.countDown();
        }
    }

    /**
     * A member that the group has dropped, and that does not know it yet, has restored pending uploads and processed no
     * upload since. Kafka Streams would commit its outcomes without offsets, which nobody refuses.
     *
     * <p>A commit with offsets, or a heartbeat, would tell the member, and it would ask for its tasks again before the
     * other has scored anything. So both are rare here, and one task alone asks for commits.
     */
    @Test
    void anInstanceThatLostItsTasksWithoutKnowingItCommitsNothingOfWhatItRestored(TestInfo test) throws Exception {
        Place place = Place.of(test, 1);
        CountDownLatch late = new CountDownLatch(1);
        CountDownLatch atWork = new CountDownLatch(1);
        CountDownLatch never = new CountDownLatch(1);
        // Uploads that are taken in and not scored.
        ServiceConfig hasty = place.config("-first", "100s").with(c -> c.stop("0s"));
        try (ScoringService first = new ScoringService(hasty, new TestModel(grey -> awaitLatch(never)), 1)) {
            first.start();
            place.upload(0, 6);
            place.awaitPending(6);
            CompletableFuture<Void> closed = CompletableFuture.runAsync(first::close);
            // Kafka Streams has ended: whatever the model says now is not committed.
            assertThat(first.awaitStopped(Duration.ofSeconds(60))).isTrue();
            never.countDown();
            closed.get(60, TimeUnit.SECONDS);
        }
        TestModel slow = new TestModel(grey -> {
            atWork.countDown();
            awaitLatch(late);
        });
        ServiceConfig config = place.config("-unaware", "100s");
        ServiceConfig unaware = config.with(c -> c.kafka(Map.of(
                "session.timeout.ms",
                "60000",
                "heartbeat.interval.ms",
                "50000",
                "commit.interval.ms",
                "50000",
                "producer.transaction.timeout.ms",
                "60000")));
        try (ScoringService zombie = new ScoringService(unaware, slow, 1);
                ScoringService next = new ScoringService(place.config("-next", "60s"), new TestModel(grey -> {}), 1)) {
            zombie.start();
            assertThat(atWork.await(60, TimeUnit.SECONDS)).isTrue();
            // It has asked for the only commit that it wants before there is an outcome.
            place.awaitFence();
            try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
                admin.removeMembersFromConsumerGroup(place.name(), new RemoveMembersFromConsumerGroupOptions())
                        .all()
                        .get(30, TimeUnit.SECONDS);
            }
            next.start();
            assertThat(place.scored(6)).containsExactlyInAnyOrderElementsOf(images(0, 6));
            late.countDown();
            await(
                    "the other's outcomes are in or refused",
                    () -> zombie.counts().inFlight() == 0);
            place.upload(6, 8);
            assertThat(place.scored(8)).containsExactlyInAnyOrderElementsOf(images(0, 8));
        }
    }

    private static void awaitLatch(CountDownLatch latch) {
        try {
            assertThat(latch.await(120, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
