package io.realqa.streams.adapters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.realqa.events.AdapterRelease;
import io.realqa.events.ImageAttributesAssessed;
import io.realqa.events.ImageScored;
import io.realqa.events.ImageUploaded;
import io.realqa.events.Provenance;
import io.realqa.events.ReleaseState;
import io.realqa.local.LocalBroker;
import io.realqa.local.LocalRegistry;
import io.realqa.schemas.AvroDeserializer;
import io.realqa.schemas.AvroSerializer;
import io.realqa.schemas.ReleaseKey;
import io.realqa.schemas.SchemaRegistryClient;
import io.realqa.schemas.Topics;
import io.realqa.scorer.Adapter;
import io.realqa.scorer.Checkpoint;
import io.realqa.scorer.ModelHandle;
import io.realqa.scorer.Score;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.streams.Model;
import io.realqa.streams.ScoringService;
import io.realqa.streams.ServiceConfig;
import io.realqa.streams.config.AdaptersSection;
import io.realqa.streams.metrics.ServiceMetrics;
import io.realqa.streams.scoring.BatchScorer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.apache.avro.generic.GenericContainer;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serde;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Swaps in running services, against a real broker, a real registry and the demonstration checkpoint. */
class HotSwapTest {
    private static final Duration LONGEST = Duration.ofSeconds(150);
    private static final int AT_LEAST_BETWEEN_SWAPS = 8;

    @TempDir
    static Path data;

    private static LocalBroker broker;
    private static LocalRegistry registry;
    private static ModelHandle model;
    private static AvroSerializer<ImageUploaded> serializer;
    private static AvroDeserializer<GenericContainer> deserializer;
    private static Path root;

    @BeforeAll
    static void start() throws Exception {
        broker = LocalBroker.start(Files.createDirectory(data.resolve("broker")));
        registry = LocalRegistry.start(TestAdapters.HOME.resolve("local/target/registry"));
        List<NewTopic> topics = new ArrayList<>();
        for (Topics t : Topics.values()) {
            topics.add(new NewTopic(t.topic(), 2, (short) 1).configs(t.topicConfig()));
        }
        broker.createTopics(topics);
        SchemaRegistryClient client = new SchemaRegistryClient(registry.url(), null);
        Topics.register(client);
        serializer = new AvroSerializer<>(client);
        serializer.configure(Map.of(), false);
        deserializer = new AvroDeserializer<>(client);
        deserializer.configure(Map.of(), false);
        model = ModelHandle.load(TestAdapters.CHECKPOINT, null, null);
        root = Files.createDirectory(data.resolve("adapters"));
    }

    @AfterAll
    static void stop() {
        model.close();
        registry.close();
        broker.close();
    }

    private static ServiceConfig config(String worker) {
        return ServiceConfig.of(broker.bootstrapServers(), registry.url(), TestAdapters.CHECKPOINT)
                .with(c -> c.kafka(Map.of(
                                "state.dir", data.resolve("state-" + worker).toString(), "num.stream.threads", "1"))
                        .cache(0)
                        .adapters(new AdaptersSection(
                                List.of(root.toString()), null, null, worker, "500ms", "60s", null, null, null)));
    }

    private static ScoringService service(String worker) {
        ServiceConfig config = config(worker);
        return new ScoringService(config, () -> Model.of(model.scorer(), config));
    }

    private static AdapterRelease adapter(Path folder) {
        return AdapterRelease.newBuilder()
                .setPlatform("")
                .setEpoch(0)
                .setState(ReleaseState.UNKNOWN)
                .setAdapterDigest(Adapter.digest(folder))
                .setBaseDigest(model.scorer().checkpoint().digest())
                .setProfileDigest(model.scorer().profile().digest())
                .setLocation(folder.toUri().toString())
                .setReleasedAt(Instant.EPOCH)
                .build();
    }

    /** Uploads the photographs in turn until it is told to stop. */
    private static final class Load {
        private final AtomicBoolean stopping = new AtomicBoolean();
        private final ExecutorService thread = Executors.newSingleThreadExecutor();
        private final Map<String, String> photos = new ConcurrentHashMap<>();
        private Future<?> running = thread.submit(() -> {});

        void begin(Scores scores) {
            running = thread.submit(() -> {
                try (var producer = new KafkaProducer<>(
                        Map.of("bootstrap.servers", broker.bootstrapServers()),
                        new ByteArraySerializer(),
                        new ByteArraySerializer())) {
                    for (int i = 0; !stopping.get(); i++) {
                        String photo = TestAdapters.PHOTOS.get(i % TestAdapters.PHOTOS.size());
                        String id = scores.prefix + i;
                        photos.put(id, photo);
                        ImageUploaded upload = ImageUploaded.newBuilder()
                                .setImageId(id)
                                .setPlatform("shop")
                                .setContent(ByteBuffer.wrap(
                                        Files.readAllBytes(TestAdapters.CHECKPOINT.resolve("photos/" + photo))))
                                .setUploadedAt(Instant.now())
                                .build();
                        producer.send(new ProducerRecord<>(
                                        Topics.UPLOADS.topic(),
                                        id.getBytes(StandardCharsets.UTF_8),
                                        serializer.serialize(Topics.UPLOADS.topic(), upload)))
                                .get(30, TimeUnit.SECONDS);
                        // As fast as they are scored, with some in flight.
                        while (!stopping.get() && photos.size() - scores.size() > 24) {
                            scores.poll();
                        }
                    }
                }
                return null;
            });
        }

        Map<String, String> end() throws Exception {
            stopping.set(true);
            running.get(60, TimeUnit.SECONDS);
            thread.shutdown();
            return photos;
        }
    }

    /** Score and attribute events so far, by image; guarded by itself. */
    private static final class Scores implements AutoCloseable {
        private final CompactedTopic scores = topic(Topics.SCORES);
        private final CompactedTopic attributes = topic(Topics.ATTRIBUTES);
        private final Map<String, ImageScored> scored = new HashMap<>();
        private final Map<String, Provenance> assessed = new HashMap<>();
        private final List<String> twice = new ArrayList<>();
        private final String prefix;

        /** @param prefix of the ids that count */
        Scores(String prefix) {
            this.prefix = prefix;
        }

        private static CompactedTopic topic(Topics topic) {
            return new CompactedTopic(
                    topic.topic(),
                    deserializer,
                    ClientSettings.consumer(Map.of("bootstrap.servers", broker.bootstrapServers())));
        }

        synchronized void poll() {
            scores.poll(Duration.ofMillis(50), e -> {
                if (e.key().startsWith(prefix)
                        && scored.put(e.key(), (ImageScored) Objects.requireNonNull(e.value())) != null) {
                    twice.add(e.key());
                }
            });
            attributes.poll(Duration.ofMillis(10), e -> {
                Provenance p = ((ImageAttributesAssessed) Objects.requireNonNull(e.value())).getProvenance();
                if (e.key().startsWith(prefix) && assessed.put(e.key(), p) != null) {
                    twice.add(e.key());
                }
            });
        }

        synchronized int size() {
            return Math.min(scored.size(), assessed.size());
        }

        synchronized long ofEpoch(long epoch) {
            return scored.values().stream()
                    .filter(s -> s.getProvenance().getEpoch() == epoch)
                    .count();
        }

        @Override
        public synchronized void close() {
            scores.close();
            attributes.close();
        }
    }

    /** Asks again and again, at most for as long as anything here may take. What is asked waits for events itself. */
    private static void until(String what, BooleanSupplier done) {
        long deadline = System.nanoTime() + LONGEST.toNanos();
        while (!done.getAsBoolean()) {
            assertThat(System.nanoTime()).as(what).isLessThan(deadline);
        }
    }

    private static void converge(AdapterAdmin admin, ReleaseBook.Entry release, Set<String> workers) {
        until("all workers serve " + release.key(), () -> {
            Fleet.Progress progress =
                    admin.fleet().progress(release.key(), release.event().getEpoch(), Instant.now());
            assertThat(progress.refusing()).isEmpty();
            Set<String> serving = new HashSet<>();
            progress.serving().forEach(s -> serving.add(s.getWorkerId()));
            return serving.containsAll(workers);
        });
    }

    @Test
    void swapsForwardAndBackUnderLoadLoseNothingAndNeverMixVersions() throws Exception {
        Checkpoint checkpoint = model.scorer().checkpoint();
        List<Path> folders = new ArrayList<>();
        Map<String, Map<String, Score>> expected = new HashMap<>();
        expected.put("", TestAdapters.scores(checkpoint, null));
        for (int alpha : new int[] {4, 6, 8}) {
            Path folder = TestAdapters.make(root.resolve("alpha-" + alpha), alpha);
            TestAdapters.golden(checkpoint, folder, 0);
            folders.add(folder);
            try (Adapter adapter = Adapter.load(checkpoint, folder)) {
                expected.put(adapter.digest(), TestAdapters.scores(checkpoint, adapter));
            }
        }
        AdapterAdmin admin = new AdapterAdmin(config("admin"));
        ReleaseKey key = ReleaseKey.parse("shop/active");
        Load load = new Load();
        long last = 0;
        Map<String, String> photos;
        try (Scores scores = new Scores("under-load-");
                ScoringService one = service("one");
                ScoringService two = service("two")) {
            one.start();
            two.start();
            load.begin(scores);
            // Forward to each, back by a rollback, off, back on by a rollback, and forward.
            for (int i = 0; i < 7; i++) {
                ReleaseBook book = admin.releases();
                Instant now = Instant.now();
                ReleaseBook.Entry release = switch (i) {
                    case 3, 5 -> book.rollback("shop", now);
                    case 4 -> book.retire(key, now);
                    default -> book.release(key, adapter(folders.get(i % 3)), 1, now);
                };
                admin.publish(release);
                converge(admin, release, Set.of("one", "two"));
                last = release.event().getEpoch();
                long epoch = release.event().getState() == ReleaseState.RETIRED ? 0 : last;
                long had = scores.ofEpoch(epoch);
                until("scores of epoch " + epoch, () -> {
                    scores.poll();
                    return scores.ofEpoch(epoch) >= had + AT_LEAST_BETWEEN_SWAPS;
                });
            }
            photos = load.end();
            until("a score for every upload", () -> {
                scores.poll();
                return scores.size() >= photos.size();
            });
            assertThat(scores.twice).isEmpty();
            assertThat(scores.scored.keySet()).isEqualTo(photos.keySet());
            Map<Long, String> digests = new HashMap<>();
            scores.scored.forEach((id, event) -> {
                Provenance by = event.getProvenance();
                String digest = by.getAdapterDigest() == null ? "" : by.getAdapterDigest();
                String photo = Objects.requireNonNull(photos.get(id));
                double should = Objects.requireNonNull(
                                Objects.requireNonNull(expected.get(digest)).get(photo))
                        .expectation();
                assertThat(event.getScore()).as("%s: %s by %s", id, photo, by).isCloseTo(should, within(1e-3));
                assertThat(scores.assessed.get(id)).as(id).isEqualTo(by);
                assertThat(digests.merge(by.getEpoch(), digest, (a, b) -> a.equals(b) ? a : "mixed"))
                        .isEqualTo(digest);
            });
            assertThat(digests.keySet()).contains(0L, 1L, 2L, 3L, 4L, 6L, 7L);
        }
        assertThat(admin.fleet().living(Instant.now()))
                .as("who stopped is off the topic")
                .isEmpty();
        afterwardsANewWorkerStartsWithTheNewestRelease(last);
    }

    @Test
    void aReleaseWhoseStoreIsAwayIsTriedAgainUntilItIsThere() throws Exception {
        ServiceConfig settings = config("patient");
        AdapterAdmin admin = new AdapterAdmin(settings);
        ReleaseKey key = ReleaseKey.parse("gallery/active");
        ReleaseBook.Entry release =
                admin.releases().release(key, adapter(TestAdapters.make(root.resolve("late"), 5)), 1, Instant.now());
        admin.publish(release);
        BatchScorer start = BatchScorer.of(model.scorer(), ImageLimits.DEFAULTS);
        AtomicInteger tries = new AtomicInteger();
        Serde<GenericContainer> serde = settings.newSerde();
        serde.configure(settings.registry(), false);
        AdapterLoader loader = wanted -> {
            if (wanted.key().equals(key) && tries.incrementAndGet() < 3) {
                throw new RefusedException("location: away", new IOException("no answer"), true);
            }
            return new AdapterLoader.Loaded(new Resident(start, () -> {}), "there");
        };
        try (AdapterService service = AdapterService.started(
                Objects.requireNonNull(settings.adaptersConfig()),
                settings.kafka(),
                serde,
                loader,
                start,
                ServiceMetrics.unseen())) {
            // a service does not begin before what can be had is there
            assertThat(service.awaitFollowed()).isTrue();
            assertThat(tries).hasValue(3);
            converge(admin, release, Set.of("patient"));
        }
    }

    private static void afterwardsANewWorkerStartsWithTheNewestRelease(long epoch) throws Exception {
        Load load = new Load();
        try (Scores scores = new Scores("late-");
                ScoringService three = service("three")) {
            three.start();
            load.begin(scores);
            until("scores of a new worker", () -> {
                scores.poll();
                return scores.size() >= AT_LEAST_BETWEEN_SWAPS;
            });
            load.end();
            assertThat(scores.scored.values()).allMatch(e -> e.getProvenance().getEpoch() == epoch);
        }
    }
}
