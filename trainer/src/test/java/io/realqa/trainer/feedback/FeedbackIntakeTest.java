package io.realqa.trainer.feedback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import io.realqa.events.AttributeAssessment;
import io.realqa.events.AttributeLevel;
import io.realqa.events.FeedbackRejected;
import io.realqa.events.ImageAttributesAssessed;
import io.realqa.events.ImageLabelled;
import io.realqa.events.ImageScored;
import io.realqa.events.ImageUploaded;
import io.realqa.events.LabelAccepted;
import io.realqa.events.SourcePosition;
import io.realqa.local.LocalBroker;
import io.realqa.local.LocalRegistry;
import io.realqa.schemas.SchemaRegistryClient;
import io.realqa.schemas.Topics;
import io.realqa.scorer.Digests;
import io.realqa.trainer.feedback.FeedbackIntake.Point;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import javax.imageio.ImageIO;
import org.apache.avro.generic.GenericContainer;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** On a real broker and registry; later tests go on with the topics as the earlier ones leave them. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class FeedbackIntakeTest {
    private static final int IMAGES = 12;
    private static final Duration LONGEST = Duration.ofSeconds(90);

    @TempDir
    static Path data;

    private static LocalBroker broker;
    private static LocalRegistry registry;
    private static KafkaProducer<byte[], byte[]> producer;
    private static FeedbackIntake.Setup setup;
    private static final List<byte[]> PICTURES = new ArrayList<>();
    private static final List<ImageScored> SCORES = new ArrayList<>();
    private static final byte[] GARBAGE = "no label".getBytes(StandardCharsets.UTF_8);
    private static int sent;

    @BeforeAll
    static void start() throws Exception {
        broker = LocalBroker.start(Files.createDirectory(data.resolve("broker")));
        registry = LocalRegistry.start(Labels.HOME.resolve("local/target/registry"));
        List<NewTopic> topics = new ArrayList<>();
        for (Topics t : Topics.values()) {
            topics.add(new NewTopic(t.topic(), t == Topics.FEEDBACK ? 2 : 1, (short) 1).configs(t.topicConfig()));
        }
        broker.createTopics(topics);
        Topics.register(new SchemaRegistryClient(registry.url(), null));
        producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", broker.bootstrapServers()),
                new ByteArraySerializer(),
                new ByteArraySerializer());
        setup = KilledIntake.setup(broker.bootstrapServers(), registry.url(), data.resolve("images"));
        for (int i = 0; i <= IMAGES; i++) {
            upload(i);
        }
        feedback();
    }

    @AfterAll
    static void stop() {
        producer.close(Duration.ofSeconds(5));
        registry.close();
        broker.close();
    }

    private static byte[] picture(int i) throws Exception {
        BufferedImage image = new BufferedImage(40 + i, 30, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = image.createGraphics();
        g.setColor(new Color(20 * i % 256, 255 - 20 * i % 256, 90));
        g.fillRect(3 * i, 5, 20, 15);
        g.dispose();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageIO.write(image, "png", out);
        return out.toByteArray();
    }

    private static long send(Topics topic, String key, byte[] value) throws Exception {
        return producer.send(new ProducerRecord<>(topic.topic(), key.getBytes(StandardCharsets.UTF_8), value))
                .get(30, TimeUnit.SECONDS)
                .offset();
    }

    private static long send(Topics topic, String key, GenericContainer event) throws Exception {
        return send(topic, key, setup.serde().serializer().serialize(topic.topic(), event));
    }

    /** An upload with its content, its score and its attributes. */
    private static void upload(int i) throws Exception {
        byte[] content = picture(i);
        PICTURES.add(content);
        String id = "i" + i;
        long offset = send(
                Topics.UPLOADS,
                id,
                ImageUploaded.newBuilder()
                        .setImageId(id)
                        .setPlatform("p")
                        .setContent(ByteBuffer.wrap(content))
                        .setUploadedAt(Instant.ofEpochMilli(1))
                        .build());
        ImageScored score = Labels.score(id, 4 + 0.1 * i, null, Digests.hex(content), offset);
        SCORES.add(score);
        send(Topics.SCORES, id, score);
        send(
                Topics.ATTRIBUTES,
                id,
                ImageAttributesAssessed.newBuilder()
                        .setEventId("a-" + id)
                        .setScoreEventId(score.getEventId())
                        .setImageId(id)
                        .setPlatform("p")
                        .setContentSha256(score.getContentSha256())
                        .setAttributes(List.of(AttributeAssessment.newBuilder()
                                .setName("level-shot")
                                .setLevel(AttributeLevel.MIDDLE)
                                .setValue("tilted")
                                .setOffGrammarMass(0)
                                .build()))
                        .setProvenance(score.getProvenance())
                        .setSource(score.getSource())
                        .setTimings(score.getTimings())
                        .setUploadedAt(score.getUploadedAt())
                        .setScoredAt(score.getScoredAt())
                        .build());
    }

    private static void label(ImageLabelled event) throws Exception {
        send(Topics.FEEDBACK, event.getImageId(), event);
        sent++;
    }

    /** Two good labels for each image, and one of each kind of bad ones between them. */
    private static void feedback() throws Exception {
        Path other = Files.write(data.resolve("other.png"), picture(30));
        Path broken = Files.write(data.resolve("broken.png"), GARBAGE);
        for (int i = 0; i < IMAGES; i++) {
            label(Labels.label("i" + i, "ana")
                    .setScoreEventId(SCORES.get(i).getEventId())
                    .build());
            switch (i) {
                case 0 -> label(Labels.label("i0", "ana").build());
                case 1 -> label(Labels.label("i1", "cleo").setScore(99.0).build());
                case 2 ->
                    label(Labels.label("i2", "cleo")
                            .setAttributes(Map.of("bokeh", "creamy"))
                            .build());
                case 3 -> label(Labels.label("nowhere", "cleo").build());
                case 4 ->
                    label(Labels.label("i4", "cleo")
                            .setContentSha256(Digests.hex(picture(31)))
                            .build());
                case 5 ->
                    label(Labels.label("i" + IMAGES, "cleo")
                            .setUri(other.toUri().toString())
                            .build());
                case 6 ->
                    label(Labels.label("fresh", "cleo")
                            .setUri(data.resolve("gone.png").toUri().toString())
                            .build());
                case 7 ->
                    label(Labels.label("bad", "cleo")
                            .setUri(broken.toUri().toString())
                            .build());
                case 8 ->
                    label(Labels.label("i8", "cleo")
                            .setScoreEventId(SCORES.get(9).getEventId())
                            .build());
                case 9 -> {
                    send(Topics.FEEDBACK, "i9", GARBAGE);
                    sent++;
                }
                case 10 -> {
                    label(Labels.label("i10", "").build());
                    label(Labels.label("i10", "cleo")
                            .setContentSha256("SHA-256 of i10")
                            .build());
                }
                default ->
                    label(Labels.label("i11", "cleo")
                            .setScore(0.0)
                            .setPlatform("q")
                            .build());
            }
            label(Labels.label("i" + i, "ben").setScore(5.5).build());
        }
    }

    private static List<GenericContainer> read(Topics topic) {
        List<GenericContainer> all = new ArrayList<>();
        try (TopicTail tail = new TopicTail(
                Clients.consumer(setup.kafka()),
                setup.serde().deserializer(),
                List.of(topic.topic()),
                Long.MAX_VALUE)) {
            tail.catchUp(LONGEST, (r, event) -> all.add(event));
        }
        return all;
    }

    private static int die(Point point, int n) throws Exception {
        Process child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-Drealqa.home=" + Labels.HOME,
                        "-cp",
                        System.getProperty("java.class.path"),
                        KilledIntake.class.getName(),
                        broker.bootstrapServers(),
                        registry.url(),
                        data.resolve("images").toString(),
                        point.name(),
                        Integer.toString(n))
                .redirectErrorStream(true)
                .redirectOutput(data.resolve("child-" + point + ".log").toFile())
                .start();
        if (!child.waitFor(LONGEST.toSeconds(), TimeUnit.SECONDS)) {
            child.destroyForcibly();
        }
        return child.waitFor();
    }

    @Test
    @Order(1)
    void killedAtAnyPointNoLabelIsLostAndNoneCountsTwice() throws Exception {
        assertThat(die(Point.DECIDED, 2)).isEqualTo(KilledIntake.STATUS);
        assertThat(die(Point.SENT, 1)).isEqualTo(KilledIntake.STATUS);
        assertThat(die(Point.OFFSETS, 2)).isEqualTo(KilledIntake.STATUS);
        assertThat(die(Point.COMMITTED, 1)).isEqualTo(KilledIntake.STATUS);
        List<AcceptedLabel> told = new ArrayList<>();
        try (FeedbackIntake intake = FeedbackIntake.open(setup, new IntakeListener() {
            @Override
            public void accepted(AcceptedLabel label, LabelAccepted event, boolean restored) {
                told.add(label);
            }
        })) {
            long deadline = System.nanoTime() + LONGEST.toNanos();
            while (read(Topics.TRAINING_LABELS).size()
                                    + read(Topics.FEEDBACK_REJECTS).size()
                            < sent
                    && System.nanoTime() < deadline) {
                intake.poll(Duration.ofMillis(200));
            }
            // and there is nothing more to come
            assertThat(intake.poll(Duration.ofMillis(500))).isZero();
        }
        List<String> sources = new ArrayList<>();
        read(Topics.TRAINING_LABELS)
                .forEach(e -> sources.add(((LabelAccepted) e).getSource().toString()));
        read(Topics.FEEDBACK_REJECTS)
                .forEach(e -> sources.add(((FeedbackRejected) e).getSource().toString()));
        assertThat(sources).hasSize(sent).doesNotHaveDuplicates();
        assertThat(told).hasSize(2 * IMAGES);
        assertThat(told).extracting(AcceptedLabel::offset).isSorted().doesNotHaveDuplicates();
    }

    @Test
    @Order(2)
    void eachAcceptedLabelHasItsImageAndTheAnswerThatItCorrects() throws Exception {
        List<LabelAccepted> accepted = read(Topics.TRAINING_LABELS).stream()
                .map(e -> (LabelAccepted) e)
                .toList();
        Map<String, Integer> labels = new HashMap<>();
        for (LabelAccepted a : accepted) {
            int i = Integer.parseInt(a.getLabel().getImageId().substring(1));
            labels.merge(a.getLabel().getImageId() + a.getLabel().getLabeller(), 1, Integer::sum);
            assertThat(a.getCorrected()).isEqualTo(SCORES.get(i));
            assertThat(a.getAnswers()).isEqualTo(Map.of("level-shot", "tilted"));
            assertThat(setup.vault().file(a.getContentSha256())).hasBinaryContent(PICTURES.get(i));
        }
        assertThat(labels)
                .hasSize(2 * IMAGES)
                .allSatisfy((who, n) -> assertThat(n).isEqualTo(1));
    }

    @Test
    @Order(3)
    void eachRejectedLabelIsUntouchedWithItsReason() {
        Map<String, Integer> reasons = new TreeMap<>();
        for (GenericContainer e : read(Topics.FEEDBACK_REJECTS)) {
            FeedbackRejected r = (FeedbackRejected) e;
            reasons.merge(r.getReason(), 1, Integer::sum);
            assertThat(r.getMessage()).isNotBlank();
            if (r.getReason().equals("UNREADABLE")) {
                assertThat(r.getValue()).isEqualTo(ByteBuffer.wrap(GARBAGE));
                assertThat(r.getLabel()).isNull();
            } else {
                assertThat(setup.serde()
                                .deserializer()
                                .deserialize("image.feedback", r.getValue().array()))
                        .isEqualTo(r.getLabel());
            }
        }
        assertThat(reasons)
                .containsOnly(
                        entry("DUPLICATE", 1),
                        entry("OUT_OF_RANGE", 1),
                        entry("UNKNOWN_ATTRIBUTE", 1),
                        // one image that nobody uploaded, one label on a platform that did not
                        entry("IMAGE_UNKNOWN", 2),
                        // another digest, and a URI with another picture
                        entry("IMAGE_CHANGED", 2),
                        entry("IMAGE_GONE", 1),
                        entry("IMAGE_UNDECODABLE", 1),
                        entry("SHA256_INVALID", 1),
                        entry("FOREIGN_ANSWER", 1),
                        entry("UNREADABLE", 1),
                        entry("INCOMPLETE", 1));
    }

    @Test
    @Order(4)
    void whoStartsLaterUnderTheSameNameTakesOver() throws Exception {
        try (FeedbackIntake first = FeedbackIntake.open(setup, new IntakeListener() {});
                FeedbackIntake second = FeedbackIntake.open(setup, new IntakeListener() {})) {
            label(Labels.label("i0", "dan").build());
            assertThatThrownBy(() -> {
                        long deadline = System.nanoTime() + LONGEST.toNanos();
                        while (System.nanoTime() < deadline) {
                            first.poll(Duration.ofMillis(200));
                        }
                    })
                    .hasMessageContaining("not committed");
            long deadline = System.nanoTime() + LONGEST.toNanos();
            int taken = 0;
            while (taken == 0 && System.nanoTime() < deadline) {
                taken = second.poll(Duration.ofMillis(200));
            }
            assertThat(taken).isEqualTo(1);
        }
        assertThat(read(Topics.TRAINING_LABELS)).hasSize(2 * IMAGES + 1);
    }

    @Test
    @Order(5)
    void theEarlierOneNoticesItWithoutALabel() throws Exception {
        AtomicReference<Instant> now = new AtomicReference<>(Instant.now());
        InstantSource clock = now::get;
        FeedbackIntake.Setup early = new FeedbackIntake.Setup(
                setup.kafka(),
                setup.serde(),
                setup.topics(),
                setup.name(),
                setup.profile(),
                setup.settings(),
                setup.answers(),
                setup.vault(),
                setup.content(),
                clock.withZone(ZoneOffset.UTC));
        try (FeedbackIntake first = FeedbackIntake.open(early, new IntakeListener() {})) {
            now.updateAndGet(t -> t.plus(FeedbackIntake.BETWEEN_COMMITS));
            assertThat(first.poll(Duration.ofMillis(10))).isZero();
            try (FeedbackIntake second = FeedbackIntake.open(setup, new IntakeListener() {})) {
                assertThat(first.poll(Duration.ofMillis(10))).isZero();
                now.updateAndGet(t -> t.plus(FeedbackIntake.BETWEEN_COMMITS));
                assertThatThrownBy(() -> first.poll(Duration.ofMillis(10))).hasMessageContaining("not committed");
                assertThat(second.poll(Duration.ofMillis(10))).isZero();
            }
        }
    }

    @Test
    @Order(6)
    void aHugeLabelAndAScoreOfATopicThatIsGoneAreRejectedAndTheNextLabelIsTaken() throws Exception {
        List<Double> ratings = java.util.Collections.nCopies(60_000, 5.0);
        label(Labels.label("i1", "eve").setScore(5.0).setRatings(ratings).build());
        ImageScored orphan = ImageScored.newBuilder(SCORES.get(2))
                .setEventId("orphan")
                .setImageId("orphan")
                .setContentSha256(Digests.hex(picture(40)))
                .setSource(new SourcePosition("image.uploads.of-old", 0, 5L))
                .build();
        send(Topics.SCORES, "orphan", orphan);
        label(Labels.label("orphan", "eve").build());
        ImageScored later = ImageScored.newBuilder(orphan)
                .setEventId("later")
                .setImageId("later")
                .setSource(new SourcePosition(Topics.UPLOADS.topic(), 0, 1_000_000L))
                .build();
        send(Topics.SCORES, "later", later);
        label(Labels.label("later", "eve").build());
        label(Labels.label("i3", "eve").build());
        Map<RejectReason, String> rejected = new java.util.EnumMap<>(RejectReason.class);
        List<String> accepted = new ArrayList<>();
        try (FeedbackIntake intake = FeedbackIntake.open(setup, new IntakeListener() {
            @Override
            public void accepted(AcceptedLabel label, LabelAccepted event, boolean restored) {
                if (!restored) {
                    accepted.add(label.label().imageId());
                }
            }

            @Override
            public void rejected(RejectReason reason, String message) {
                rejected.merge(reason, message, (a, b) -> a + "; " + b);
            }
        })) {
            long deadline = System.nanoTime() + LONGEST.toNanos();
            while (accepted.isEmpty() && System.nanoTime() < deadline) {
                intake.poll(Duration.ofMillis(200));
            }
        }
        assertThat(accepted).containsExactly("i3");
        assertThat(rejected.keySet()).containsExactlyInAnyOrder(RejectReason.INCOMPLETE, RejectReason.IMAGE_GONE);
        assertThat(rejected.get(RejectReason.INCOMPLETE)).hasSizeLessThan(2100);
        assertThat(rejected.get(RejectReason.IMAGE_GONE)).contains("image.uploads.of-old", "1000000");
        FeedbackRejected huge = read(Topics.FEEDBACK_REJECTS).stream()
                .map(e -> (FeedbackRejected) e)
                .filter(r -> r.getValue() != null && r.getValue().remaining() > 400_000)
                .findFirst()
                .orElseThrow();
        assertThat(huge.getLabel()).as("the value says it as well").isNull();
    }
}
