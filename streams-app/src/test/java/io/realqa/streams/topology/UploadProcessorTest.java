package io.realqa.streams.topology;

import static org.assertj.core.api.Assertions.assertThat;

import io.realqa.events.ImageScored;
import io.realqa.events.ImageUploaded;
import io.realqa.events.UploadDeadLettered;
import io.realqa.schemas.EventClasses;
import io.realqa.schemas.Topics;
import io.realqa.streams.content.ContentPolicy;
import io.realqa.streams.metrics.ServiceMetrics;
import io.realqa.streams.scoring.BatchPolicy;
import io.realqa.streams.scoring.EngineConfig;
import io.realqa.streams.scoring.ScoringEngine;
import io.realqa.streams.scoring.TestModel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.test.TestRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class UploadProcessorTest {
    static {
        EventClasses.trust();
    }

    private static final String TOPIC = Topics.UPLOADS.topic();
    private static final long UPLOADED = 1_790_000_000_000L;
    private static final Clock CLOCK = Clock.fixed(Instant.ofEpochMilli(UPLOADED + 99), ZoneOffset.UTC);
    private static final BatchPolicy ONE_BY_ONE = new BatchPolicy(1, 1000, Duration.ZERO);

    @TempDir
    java.nio.file.Path state;

    private static final String FENCES = "fences";

    private TestRegistry registry;
    private EventSerdes serdes;
    private MockProcessorContext<byte[], byte[]> context;
    private KeyValueStore<Long, byte[]> store;
    /** The device: one image for each permit. */
    private final Semaphore device = new Semaphore(0);

    private final TestModel model = new TestModel(grey -> device.acquireUninterruptibly());
    private ScoringEngine engine;

    @BeforeEach
    void start() throws IOException {
        registry = new TestRegistry();
        serdes = registry.serdes();
        Properties properties = new Properties();
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, "test");
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "none:1");
        context = new MockProcessorContext<>(
                properties, new org.apache.kafka.streams.processor.TaskId(0, 0), state.toFile());
        store = Stores.keyValueStoreBuilder(
                        Stores.inMemoryKeyValueStore(ScoringTopology.PENDING_STORE), Serdes.Long(), Serdes.ByteArray())
                .withLoggingDisabled()
                .build();
        store.init(context.getStateStoreContext(), store);
        engine = engine(new EngineConfig.Limits(50, 50 << 20));
    }

    @AfterEach
    void stop() {
        device.release(1000);
        engine.close();
        registry.close();
    }

    private ScoringEngine engine(EngineConfig.Limits limits) {
        return new ScoringEngine(
                (platform, id) -> model,
                ContentPolicy.defaults().withReadTimeout(Duration.ofSeconds(1)),
                EngineConfig.DEFAULTS.withBatches(ONE_BY_ONE).withLimits(limits).withCacheEntries(0),
                ServiceMetrics.unseen(),
                fault -> {});
    }

    private Tasks tasks(Duration longestWait) {
        return new Tasks(
                engine,
                serdes,
                new Tasks.Settings(1 << 20, longestWait, Duration.ZERO, FENCES, true),
                ServiceMetrics.unseen(),
                CLOCK);
    }

    private UploadProcessor processor() {
        return processor(Duration.ZERO);
    }

    private UploadProcessor processor(Duration longestWait) {
        return new UploadProcessor(tasks(longestWait));
    }

    private UploadProcessor started() {
        UploadProcessor processor = processor();
        processor.init(context);
        return processor;
    }

    private static ImageUploaded.Builder upload(String id, int grey) {
        return ImageUploaded.newBuilder()
                .setImageId(id)
                .setPlatform("tests")
                .setUploadedAt(Instant.ofEpochMilli(UPLOADED - 1))
                .setContent(ByteBuffer.wrap(TestModel.image(grey)));
    }

    private static Headers headers() {
        Headers headers = new Record<>(0, 0, 0).headers();
        headers.add("tenant", bytes("a"));
        headers.add("none", null);
        return headers;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** The record that a task with restored uploads sends to itself comes back. */
    private void fence(UploadProcessor processor) {
        punctuate();
        Record<byte[], byte[]> fence = at(ScoringTopology.FENCE).get(0);
        context.setRecordMetadata(FENCES, Fence.partition(fence.key()), 0);
        processor.process(fence);
    }

    private void process(UploadProcessor processor, long offset, ImageUploaded upload) {
        process(processor, offset, bytes(upload.getImageId()), registry.write(TOPIC, upload), headers());
    }

    private void process(
            UploadProcessor processor, long offset, byte @Nullable [] key, byte @Nullable [] value, Headers headers) {
        context.setRecordMetadata(TOPIC, 1, offset);
        processor.process(record(key, value, UPLOADED + offset, headers));
    }

    /** Kafka Streams hands null keys and values over as they are, which the processor's type does not say. */
    @SuppressWarnings("NullAway")
    private static Record<byte[], byte[]> record(
            byte @Nullable [] key, byte @Nullable [] value, long timestamp, Headers headers) {
        return new Record<>(key, value, timestamp, headers);
    }

    private void punctuate() {
        List<MockProcessorContext.CapturedPunctuator> all = context.scheduledPunctuators();
        MockProcessorContext.CapturedPunctuator last = all.get(all.size() - 1);
        assertThat(last.cancelled()).isFalse();
        last.getPunctuator().punctuate(0);
    }

    /** Forwarded to a sink, after as many punctuations as it takes until there are so many. */
    private List<Record<byte[], byte[]>> forwarded(String sink, int count) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (at(sink).size() < count) {
            assertThat(System.nanoTime())
                    .as("%d records at %s within 20 s", count, sink)
                    .isLessThan(deadline);
            Thread.onSpinWait();
            punctuate();
        }
        return at(sink);
    }

    private List<Record<byte[], byte[]>> at(String sink) {
        List<Record<byte[], byte[]>> records = new ArrayList<>();
        for (MockProcessorContext.CapturedForward<? extends byte[], ? extends byte[]> f : context.forwarded(sink)) {
            Record<? extends byte[], ? extends byte[]> r = f.record();
            records.add(record(r.key(), r.value(), r.timestamp(), r.headers()));
        }
        return records;
    }

    private List<Long> pending() {
        List<Long> offsets = new ArrayList<>();
        try (KeyValueIterator<Long, byte[]> all = store.all()) {
            all.forEachRemaining(e -> offsets.add(e.key));
        }
        return offsets;
    }

    private List<String> scoredImages(int count) {
        return forwarded(ScoringTopology.SCORES, count).stream()
                .map(r -> registry.read(ImageScored.class, r.value()).getImageId())
                .toList();
    }

    private UploadDeadLettered deadLetter() {
        return registry.read(
                UploadDeadLettered.class,
                forwarded(ScoringTopology.DEAD_LETTERS, 1).get(0).value());
    }

    @Test
    void aScoreLeavesFromThePunctuatorWithTheUploadsOwnTimestampAndHeaders() {
        UploadProcessor processor = started();
        process(processor, 5, upload("id", 42).build());
        assertThat(pending()).containsExactly(5L);
        assertThat(context.forwarded()).isEmpty();
        // Another record is current by now, or none.
        context.setRecordMetadata("other", 0, 999);
        device.release();

        for (String sink : List.of(ScoringTopology.SCORES, ScoringTopology.ATTRIBUTES)) {
            Record<byte[], byte[]> r = forwarded(sink, 1).get(0);
            assertThat(r.key()).isEqualTo(bytes("id"));
            assertThat(r.timestamp()).isEqualTo(UPLOADED + 5);
            assertThat(r.headers()).isEqualTo(headers());
        }
        ImageScored scored = registry.read(
                ImageScored.class, forwarded(ScoringTopology.SCORES, 1).get(0).value());
        assertThat(scored.getScore()).isEqualTo(42);
        assertThat(scored.getSource().getOffset()).isEqualTo(5);
        assertThat(scored.getSource().getPartition()).isEqualTo(1);
        assertThat(scored.getScoredAt()).isEqualTo(CLOCK.instant());
        assertThat(pending()).isEmpty();
        assertThat(context.forwarded()).hasSize(2);
    }

    @Test
    void whatWasPendingIsOfferedByTheNextProcessor() {
        UploadProcessor first = started();
        process(first, 1, upload("a", 1).build());
        process(first, 2, upload("b", 2).build());
        first.close();
        device.release(10);
        UploadProcessor second = started();
        fence(second);

        assertThat(scoredImages(2)).containsExactlyInAnyOrder("a", "b");
        assertThat(pending()).isEmpty();
        second.close();
    }

    /** A transaction with outcomes and without offsets would not be refused to an owner that is none any more. */
    @Test
    void outcomesOfRestoredUploadsWaitUntilARecordIsProcessed() throws Exception {
        UploadProcessor first = started();
        process(first, 1, upload("a", 1).build());
        first.close();
        device.release(10);
        UploadProcessor second = started();
        while (!engine.idle()) {
            Thread.onSpinWait();
        }
        for (int i = 0; i < 10; i++) {
            punctuate();
        }
        assertThat(at(ScoringTopology.SCORES)).isEmpty();
        assertThat(pending()).containsExactly(1L);
        assertThat(at(ScoringTopology.FENCE)).as("once").hasSize(1);
        assertThat(context.committed()).isTrue();

        process(second, 2, upload("b", 2).build());
        assertThat(scoredImages(2)).containsExactlyInAnyOrder("a", "b");
    }

    @Test
    void aTaskThatRestoresNothingSendsNoFence() {
        UploadProcessor processor = started();
        punctuate();
        process(processor, 1, upload("a", 1).build());
        device.release();
        assertThat(scoredImages(1)).containsExactly("a");
        assertThat(at(ScoringTopology.FENCE)).isEmpty();
    }

    @Test
    void aProcessorThatIsStartedAgainBeginsAnew() {
        UploadProcessor processor = started();
        process(processor, 1, upload("a", 1).build());
        process(processor, 2, upload("a", 2).build());
        processor.close();
        assertThat(context.scheduledPunctuators().get(0).cancelled()).isTrue();
        processor.init(context);
        device.release(10);
        fence(processor);

        assertThat(scoredImages(2)).containsExactly("a", "a");
        assertThat(pending()).isEmpty();
        process(processor, 3, upload("a", 3).build());
        assertThat(scoredImages(3)).hasSize(3);
    }

    @Test
    void anEventsIdIsTheSameAfterARestart() {
        List<String> ids = new ArrayList<>();
        device.release(10);
        for (int run = 1; run <= 2; run++) {
            UploadProcessor processor = started();
            process(processor, 7, upload("a", 1).build());
            List<Record<byte[], byte[]>> scores = forwarded(ScoringTopology.SCORES, run);
            ids.add(registry.read(ImageScored.class, scores.get(run - 1).value())
                    .getEventId());
            processor.close();
        }
        assertThat(ids.get(0)).isEqualTo(ids.get(1));
    }

    @Test
    void uploadsOfOneImageLeaveInTheirOrderThoughTheyFinishInReverse() {
        UploadProcessor processor = started();
        process(processor, 1, upload("same", 1).build());
        // Refused at once, while the first is on the device.
        process(processor, 2, upload("same", 2).setContent(null).build());
        process(processor, 3, upload("other", 3).setContent(null).build());
        punctuate();

        assertThat(deadLetter().getImageId()).isEqualTo("other");
        assertThat(context.forwarded()).hasSize(1);
        assertThat(pending()).containsExactly(1L, 2L);
        device.release();
        assertThat(scoredImages(1)).containsExactly("same");
        assertThat(forwarded(ScoringTopology.DEAD_LETTERS, 2))
                .last()
                .satisfies(r -> assertThat(r.key()).isEqualTo(bytes("same")));
        assertThat(pending()).isEmpty();
    }

    @Test
    void aDeadLetterHoldsTheUntouchedRecord() {
        UploadProcessor processor = started();
        byte[] value = {0, 0, 0, 9, 9, 1, 2, 3};
        byte[] key = {(byte) 0xff, 1};
        process(processor, 3, key, value, headers());

        UploadDeadLettered dead = deadLetter();
        assertThat(dead.getStage() + " " + dead.getReason()).isEqualTo("DESERIALIZE NOT_AN_UPLOAD_EVENT");
        assertThat(dead.getValue()).isEqualTo(ByteBuffer.wrap(value));
        assertThat(dead.getKey()).isEqualTo(ByteBuffer.wrap(key));
        assertThat(dead.getHeaders()).hasSize(2);
        assertThat(dead.getHeaders().get(1).getValue()).isNull();
        assertThat(dead.getTimestamp()).isEqualTo(Instant.ofEpochMilli(UPLOADED + 3));
        assertThat(dead.getSource().getOffset()).isEqualTo(3);
        Record<byte[], byte[]> r = forwarded(ScoringTopology.DEAD_LETTERS, 1).get(0);
        assertThat(r.key()).isEqualTo(key);
        assertThat(r.timestamp()).isEqualTo(UPLOADED + 3);
        assertThat(r.headers()).isEqualTo(headers());
        assertThat(pending()).isEmpty();
    }

    @Test
    void aTombstoneWithoutAKeyIsADeadLetter() {
        UploadProcessor processor = started();
        process(processor, 3, null, null, headers());

        UploadDeadLettered dead = deadLetter();
        assertThat(dead.getReason()).isEqualTo("NOT_AN_UPLOAD_EVENT");
        assertThat(dead.getValue()).isNull();
        assertThat(dead.getKey()).isNull();
        assertThat(dead.getImageId()).isNull();
        assertThat(forwarded(ScoringTopology.DEAD_LETTERS, 1).get(0).key()).isNull();
    }

    @Test
    void anEventOfAnotherKindIsADeadLetter() {
        UploadProcessor processor = started();
        io.realqa.events.SourcePosition other = new io.realqa.events.SourcePosition("t", 1, 2L);
        process(processor, 3, bytes("k"), registry.write("elsewhere", other), headers());

        assertThat(deadLetter().getMessage()).contains("SourcePosition");
    }

    @Test
    void uploadsWaitForARegistryThatIsAwayOrLetsNobodyIn() {
        byte[] first = registry.write(TOPIC, upload("a", 1).build());
        byte[] second = registry.write(TOPIC, upload("a", 2).build());
        device.release(10);
        for (int status : new int[] {401, 403, 503}) {
            registry.refuse(status);
            serdes = registry.serdes();
            UploadProcessor processor = started();
            process(processor, 1, bytes("a"), first, headers());
            process(processor, 2, bytes("a"), second, headers());
            punctuate();
            assertThat(context.forwarded()).isEmpty();
            assertThat(pending()).containsExactly(1L, 2L);
            processor.close();
        }
        // What is pending is read by init(), and again once the registry is back.
        UploadProcessor processor = started();
        assertThat(context.forwarded()).isEmpty();
        registry.refuse(0);
        fence(processor);

        assertThat(scoredImages(2)).containsExactly("a", "a");
        assertThat(pending()).isEmpty();
        processor.close();
    }

    @Test
    void whileTheInstanceStopsUploadsAreKeptForTheNext() {
        Tasks tasks = tasks(Duration.ofSeconds(5));
        UploadProcessor processor = new UploadProcessor(tasks);
        processor.init(context);
        process(processor, 1, upload("a", 1).build());
        assertThat(tasks.drained()).isFalse();
        tasks.stop();
        device.release(10);
        // Waits for what is in the engine, and does not add to it.
        process(processor, 2, upload("b", 2).build());

        assertThat(scoredImages(1)).containsExactly("a");
        assertThat(pending()).containsExactly(2L);
        assertThat(tasks.drained()).isTrue();
        processor.close();
        fence(started());
        assertThat(scoredImages(2)).containsExactly("a", "b");
    }

    @Test
    void anEngineWithoutRoomTakesTheBacklogInOrderOnceThereIs() {
        engine.close();
        engine = engine(new EngineConfig.Limits(1, 50 << 20));
        UploadProcessor processor = started();
        for (int i = 1; i <= 5; i++) {
            process(processor, i, upload("id" + i, i).build());
        }
        assertThat(engine.counts().inFlight()).isEqualTo(1);
        device.release(5);

        assertThat(scoredImages(5)).containsExactly("id1", "id2", "id3", "id4", "id5");
        assertThat(pending()).isEmpty();
    }

    @Test
    void processWaitsForRoomOnceBetweenTwoPunctuations() {
        engine.close();
        engine = engine(new EngineConfig.Limits(1, 50 << 20));
        Duration wait = Duration.ofMillis(50);
        UploadProcessor processor = processor(wait);
        processor.init(context);
        long start = System.nanoTime();
        process(processor, 0, upload("first", 1).build());
        process(processor, 1, upload("waits", 1).build());
        long waited = System.nanoTime() - start;
        assertThat(waited).isGreaterThanOrEqualTo(wait.toNanos());
        byte[] value = registry.write(TOPIC, upload("id", 1).build());
        start = System.nanoTime();
        // A thousand waits would take 50 s.
        for (int i = 2; i < 1002; i++) {
            process(processor, i, bytes("id"), value, headers());
        }
        assertThat(System.nanoTime() - start).isLessThan(500 * wait.toNanos());
    }

    @Test
    void aRecordThatNeitherStoreNorDeadLetterCanHoldIsNamedByItsPlace() {
        UploadProcessor processor = started();
        byte[] value = new byte[Topics.MAX_UPLOAD_BYTES + 1];
        process(processor, 3, bytes("k"), value, headers());

        UploadDeadLettered dead = deadLetter();
        assertThat(dead.getReason()).isEqualTo("RECORD_TOO_LARGE");
        assertThat(dead.getValue()).isNull();
        assertThat(dead.getSource().getTopic()).isEqualTo(TOPIC);
        assertThat(dead.getSource().getOffset()).isEqualTo(3);
        assertThat(pending()).isEmpty();
    }

    @Test
    void noDeadLetterIsLargerThanItsTopicAllows() {
        UploadProcessor processor = started();
        int most = Topics.MAX_UPLOAD_BYTES;
        byte[] invalid = new byte[most - 1000];
        java.util.Arrays.fill(invalid, (byte) 0xff);
        Headers large = headers();
        large.add("traceparent", invalid);
        process(processor, 1, invalid, new byte[10], headers());
        process(processor, 2, null, invalid, headers());
        process(processor, 3, bytes("k"), new byte[0], large);
        String longText = "ü".repeat(most / 4);
        process(
                processor,
                4,
                bytes("k"),
                registry.write(TOPIC, upload(longText, 1).build()),
                headers());
        ImageUploaded badPlatform = upload("id", 1).setPlatform(longText).build();
        process(processor, 5, bytes("k"), registry.write(TOPIC, badPlatform), headers());
        ImageUploaded badDigest = upload("id", 1).setSha256(longText).build();
        process(processor, 6, bytes("k"), registry.write(TOPIC, badDigest), headers());

        for (Record<byte[], byte[]> r : forwarded(ScoringTopology.DEAD_LETTERS, 6)) {
            long size = r.value().length;
            size += (r.key() == null ? 0 : r.key().length);
            for (var h : r.headers()) {
                size += h.key().length() + (h.value() == null ? 0 : h.value().length);
            }
            assertThat(size).isLessThan(Topics.MAX_DEAD_LETTER_BYTES - 1024);
        }
    }

    @Test
    void headersTooLargeForAScoresTopicStayBehind() {
        UploadProcessor processor = started();
        Headers large = headers();
        large.add("traceparent", new byte[100_000]);
        byte[] value = registry.write(TOPIC, upload("id", 1).build());
        process(processor, 1, bytes("id"), value, large);
        device.release();

        Record<byte[], byte[]> r = forwarded(ScoringTopology.SCORES, 1).get(0);
        assertThat(r.headers()).isEmpty();
        assertThat(registry.read(ImageScored.class, r.value()).getTraceParent()).isNull();
    }

    @Test
    void theTopologyMovesUploadsThroughToItsThreeTopics() {
        Properties properties = new Properties();
        properties.put(StreamsConfig.STATE_DIR_CONFIG, state.toString());
        device.release(10);
        try (TopologyTestDriver driver =
                new TopologyTestDriver(ScoringTopology.build(tasks(Duration.ofSeconds(1))), properties)) {
            var in = driver.createInputTopic(TOPIC, new ByteArraySerializer(), new ByteArraySerializer());
            var scores = driver.createOutputTopic(
                    Topics.SCORES.topic(), new ByteArrayDeserializer(), new ByteArrayDeserializer());
            var attributes = driver.createOutputTopic(
                    Topics.ATTRIBUTES.topic(), new ByteArrayDeserializer(), new ByteArrayDeserializer());
            var dead = driver.createOutputTopic(
                    Topics.DEAD_LETTERS.topic(), new ByteArrayDeserializer(), new ByteArrayDeserializer());
            byte[] value = registry.write(TOPIC, upload("id", 9).build());
            in.pipeInput(new TestRecord<>(bytes("id"), value, headers(), UPLOADED));
            in.pipeInput(new TestRecord<>(bytes("bad"), bytes("{}"), headers(), UPLOADED));
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            while (scores.isEmpty() || dead.isEmpty()) {
                assertThat(System.nanoTime()).isLessThan(deadline);
                driver.advanceWallClockTime(Duration.ofMillis(5));
                Thread.onSpinWait();
            }
            TestRecord<byte[], byte[]> score = scores.readRecord();
            assertThat(score.timestamp()).isEqualTo(UPLOADED);
            assertThat(score.headers()).isEqualTo(headers());
            assertThat(registry.read(ImageScored.class, score.value()).getScore())
                    .isEqualTo(9);
            assertThat(attributes.readRecord().key()).isEqualTo(bytes("id"));
            assertThat(dead.readRecord().key()).isEqualTo(bytes("bad"));
            assertThat(scores.isEmpty() && attributes.isEmpty() && dead.isEmpty())
                    .isTrue();
            KeyValueStore<Long, byte[]> pendingStore =
                    Objects.requireNonNull(driver.getKeyValueStore(ScoringTopology.PENDING_STORE));
            try (var left = pendingStore.all()) {
                assertThat(left.hasNext()).isFalse();
            }
        }
    }
}
