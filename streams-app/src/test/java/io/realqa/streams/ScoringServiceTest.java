package io.realqa.streams;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import io.realqa.events.ImageAttributesAssessed;
import io.realqa.events.ImageScored;
import io.realqa.events.ImageUploaded;
import io.realqa.events.UploadDeadLettered;
import io.realqa.local.LocalBroker;
import io.realqa.local.LocalRegistry;
import io.realqa.measures.calibration.Calibration;
import io.realqa.measures.calibration.PiecewiseLinear;
import io.realqa.schemas.AvroDeserializer;
import io.realqa.schemas.AvroSerializer;
import io.realqa.schemas.SchemaRegistryClient;
import io.realqa.schemas.Topics;
import io.realqa.scorer.ModelHandle;
import io.realqa.streams.config.ContentSection;
import io.realqa.streams.scoring.ClipConfig;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.avro.generic.GenericContainer;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The service against a real broker, a real registry and the real demonstration checkpoint. */
class ScoringServiceTest {
    private static final Path HOME = Path.of(System.getProperty("realqa.home"));
    private static final Path PHOTOS = HOME.resolve("models/demo/photos");
    private static final Instant UPLOADED = Instant.ofEpochMilli(1_790_000_000_000L);
    private static final String TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    @TempDir
    static Path data;

    private static LocalBroker broker;
    private static LocalRegistry registry;
    private static HttpServer web;
    private static ModelHandle model;
    private static AvroSerializer<ImageUploaded> serializer;
    private static AvroDeserializer<GenericContainer> deserializer;

    @BeforeAll
    static void start() throws Exception {
        broker = LocalBroker.start(Files.createDirectory(data.resolve("broker")));
        registry = LocalRegistry.start(HOME.resolve("local/target/registry"));
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
        model = ModelHandle.load(HOME.resolve("models/demo"), null, null);
        web = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        web.createContext("/rocket.jpg", exchange -> {
            byte[] body = Files.readAllBytes(PHOTOS.resolve("rocket.jpg"));
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        web.start();
    }

    @AfterAll
    static void stop() {
        web.stop(0);
        model.close();
        registry.close();
        broker.close();
    }

    private static ServiceConfig config() {
        return ServiceConfig.of(broker.bootstrapServers(), registry.url(), HOME.resolve("models/demo"))
                .with(c -> c.kafka(Map.of("state.dir", data.resolve("state").toString(), "num.stream.threads", "2"))
                        .content(new ContentSection(
                                List.of(PHOTOS.toString()),
                                List.of("127.0.0.1:" + web.getAddress().getPort()),
                                "5s",
                                null,
                                1,
                                null,
                                null))
                        .http("127.0.0.1", 0));
    }

    private static ImageUploaded.Builder upload(String id) {
        return ImageUploaded.newBuilder().setImageId(id).setPlatform("tests").setUploadedAt(UPLOADED);
    }

    private static ImageUploaded inline(String id, byte[] content) {
        return upload(id).setContent(ByteBuffer.wrap(content)).build();
    }

    private static ImageUploaded clip(String id, byte[] content) {
        return upload(id)
                .setContent(ByteBuffer.wrap(content))
                .setMediaType("video/mp4")
                .build();
    }

    private static ImageUploaded at(String id, String uri) {
        return upload(id).setUri(uri).build();
    }

    private static String url(String path) {
        return "http://127.0.0.1:" + web.getAddress().getPort() + path;
    }

    @Test
    void everyUploadEndsInAScoreAndAttributesOrInOneDeadLetter() throws Exception {
        byte[] coffee = Files.readAllBytes(PHOTOS.resolve("coffee.jpg"));
        byte[] chelsea = Files.readAllBytes(PHOTOS.resolve("chelsea.jpg"));
        byte[] film = Files.readAllBytes(HOME.resolve("cli/src/test/resources/clip.mp4"));
        Map<String, byte[]> values = new LinkedHashMap<>();
        List<ImageUploaded> good = List.of(
                inline("coffee", coffee),
                at("astronaut", PHOTOS.resolve("astronaut.jpg").toUri().toString()),
                at("rocket", url("/rocket.jpg")),
                inline("chelsea", chelsea),
                clip("clip", film));
        Map<String, ImageUploaded> bad = new LinkedHashMap<>();
        Map<String, String> reasons = new LinkedHashMap<>();
        expect(bad, reasons, inline("truncated", BadImages.truncated(chelsea)), "DECODE CORRUPT");
        expect(bad, reasons, clip("cut-clip", BadImages.truncated(film)), "DECODE CORRUPT");
        expect(bad, reasons, inline("undeclared-clip", film), "DECODE UNSUPPORTED_FORMAT");
        expect(bad, reasons, inline("zero", new byte[0]), "DECODE EMPTY");
        expect(bad, reasons, inline("huge", BadImages.hugePng()), "DECODE TOO_MANY_PIXELS");
        expect(bad, reasons, inline("text", BadImages.text()), "DECODE UNSUPPORTED_FORMAT");
        expect(bad, reasons, inline("animated", BadImages.animatedWebp()), "DECODE ANIMATED");
        expect(bad, reasons, inline("bomb", BadImages.tiffBomb()), "DECODE TOO_MANY_PIXELS");
        expect(bad, reasons, inline("heic", BadImages.heic()), "DECODE UNSUPPORTED_FORMAT");
        expect(bad, reasons, inline("large", new byte[(1 << 20) + 1]), "VALIDATE INLINE_TOO_LARGE");
        expect(bad, reasons, upload("empty").build(), "VALIDATE CONTENT_MISSING");
        expect(bad, reasons, at("dead-link", url("/gone.jpg")), "FETCH NOT_FOUND");
        expect(bad, reasons, at("dead-file", PHOTOS.resolve("gone.jpg").toUri().toString()), "FETCH NOT_FOUND");
        expect(bad, reasons, at("scheme", "s3://bucket/photo.jpg"), "FETCH UNKNOWN_SCHEME");
        expect(bad, reasons, at("elsewhere", "http://198.51.100.7/photo.jpg"), "FETCH HOST_NOT_ALLOWED");
        expect(bad, reasons, at("outside", "file:///etc/hostname"), "FETCH PATH_NOT_ALLOWED");
        expect(
                bad,
                reasons,
                ImageUploaded.newBuilder(inline("digest", coffee))
                        .setSha256("00".repeat(32))
                        .build(),
                "VALIDATE SHA256_MISMATCH");
        good.forEach(u -> values.put(u.getImageId(), serializer.serialize(Topics.UPLOADS.topic(), u)));
        bad.forEach((id, u) -> values.put(id, serializer.serialize(Topics.UPLOADS.topic(), u)));
        values.put("schemaless", "{\"image\": 1}".getBytes(StandardCharsets.UTF_8));
        reasons.put("schemaless", "DESERIALIZE NOT_AN_UPLOAD_EVENT");
        values.put("unknown-schema", new byte[] {0, 0x7f, 0x7f, 0x7f, 0x7f, 1, 2});
        reasons.put("unknown-schema", "DESERIALIZE NOT_AN_UPLOAD_EVENT");

        produce(values);
        List<ConsumerRecord<byte[], byte[]>> scores;
        List<ConsumerRecord<byte[], byte[]>> attributes;
        List<ConsumerRecord<byte[], byte[]>> dead;
        Calibration calibration = new Calibration(
                "tests", Map.of(), 9, new PiecewiseLinear(List.of(0.0), List.of(1.0), 0.5, 0.5, 0, 9.99));
        calibration.write(data.resolve("calibration.json"));
        ServiceConfig config = config().with(c ->
                c.calibration(Map.of("tests", data.resolve("calibration.json").toString())));
        try (ScoringService service = new ScoringService(config, () -> Model.of(model.scorer(), config))) {
            service.start();
            scores = consume(Topics.SCORES, good.size());
            attributes = consume(Topics.ATTRIBUTES, good.size());
            dead = consume(Topics.DEAD_LETTERS, reasons.size());
        }

        assertThat(scores.stream().map(ScoringServiceTest::key))
                .containsExactlyInAnyOrder("coffee", "astronaut", "rocket", "chelsea", "clip");
        assertThat(attributes.stream().map(ScoringServiceTest::key))
                .containsExactlyInAnyOrder("coffee", "astronaut", "rocket", "chelsea", "clip");
        JsonNode golden = golden();
        for (ConsumerRecord<byte[], byte[]> r : scores) {
            ImageScored s = event(ImageScored.class, r);
            if (s.getImageId().equals("clip")) {
                assertThat(java.util.Objects.requireNonNull(s.getVideo()).getFrames())
                        .hasSize(ClipConfig.DEFAULTS.frames());
                assertThat(s.getNcm()).isNull();
            } else {
                assertThat(s.getScore())
                        .as(s.getImageId())
                        .isCloseTo(
                                golden.path(s.getImageId() + ".jpg")
                                        .path("expectation")
                                        .asDouble(),
                                within(1e-2));
                assertThat(s.getVideo()).isNull();
                assertThat(java.util.Objects.requireNonNull(s.getNcm()).getNcmStar())
                        .isPositive();
            }
            assertThat(s.getCalibratedScore()).isEqualTo(calibration.apply(s.getScore()));
            assertThat(s.getCalibrationDigest()).isEqualTo(calibration.digest());
            assertThat(s.getUploadedAt()).isEqualTo(UPLOADED);
            assertThat(s.getTraceParent()).isEqualTo(TRACE);
            assertThat(s.getDigits()).hasSize(3);
            assertThat(s.getProvenance().getModelDigest()).startsWith("sha256:");
            assertThat(r.timestamp()).isEqualTo(UPLOADED.toEpochMilli());
        }
        for (ConsumerRecord<byte[], byte[]> r : attributes) {
            ImageAttributesAssessed a = event(ImageAttributesAssessed.class, r);
            assertThat(a.getAttributes()).hasSize(9);
        }
        assertThat(dead.stream().map(ScoringServiceTest::key)).containsExactlyInAnyOrderElementsOf(reasons.keySet());
        for (ConsumerRecord<byte[], byte[]> r : dead) {
            UploadDeadLettered d = event(UploadDeadLettered.class, r);
            assertThat(d.getStage() + " " + d.getReason()).as(key(r)).isEqualTo(reasons.get(key(r)));
            assertThat(d.getMessage()).as(key(r)).contains("expected");
            assertThat(d.getValue()).as(key(r)).isEqualTo(ByteBuffer.wrap(values.get(key(r))));
            assertThat(d.getHeaders()).extracting("key").contains("traceparent");
        }
    }

    private static <T> T event(Class<T> type, ConsumerRecord<byte[], byte[]> r) {
        return type.cast(java.util.Objects.requireNonNull(deserializer.deserialize(r.topic(), r.value())));
    }

    /** What transformers says of the photographs. */
    private static JsonNode golden() throws Exception {
        return new ObjectMapper()
                .readTree(HOME.resolve("models/demo/golden.json").toFile());
    }

    private static void expect(
            Map<String, ImageUploaded> bad, Map<String, String> reasons, ImageUploaded upload, String reason) {
        bad.put(upload.getImageId(), upload);
        reasons.put(upload.getImageId(), reason);
    }

    private static String key(ConsumerRecord<byte[], byte[]> r) {
        return new String(r.key(), StandardCharsets.UTF_8);
    }

    private static void produce(Map<String, byte[]> values) throws Exception {
        try (var producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", broker.bootstrapServers(), "max.request.size", "4194304"),
                new ByteArraySerializer(),
                new ByteArraySerializer())) {
            for (Map.Entry<String, byte[]> v : values.entrySet()) {
                var record = new ProducerRecord<>(
                        Topics.UPLOADS.topic(),
                        null,
                        UPLOADED.toEpochMilli(),
                        v.getKey().getBytes(StandardCharsets.UTF_8),
                        v.getValue());
                record.headers().add("traceparent", TRACE.getBytes(StandardCharsets.UTF_8));
                producer.send(record).get(20, TimeUnit.SECONDS);
            }
        }
    }

    /** Reads committed records until there are as many as expected, and a little longer to see that no more come. */
    private static List<ConsumerRecord<byte[], byte[]>> consume(Topics topic, int expected) {
        List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
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
            var partitions = consumer.partitionsFor(topic.topic()).stream()
                    .map(p -> new org.apache.kafka.common.TopicPartition(p.topic(), p.partition()))
                    .toList();
            consumer.assign(partitions);
            long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
            while (records.size() < expected && System.nanoTime() < deadline) {
                consumer.poll(Duration.ofMillis(200)).forEach(records::add);
            }
            consumer.poll(Duration.ofMillis(500)).forEach(records::add);
        }
        assertThat(records).as(topic.topic()).hasSize(expected);
        return records;
    }
}
