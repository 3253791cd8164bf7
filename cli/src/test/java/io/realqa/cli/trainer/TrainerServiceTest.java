package io.realqa.cli.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.realqa.events.AdapterRelease;
import io.realqa.events.ImageLabelled;
import io.realqa.events.LabelAccepted;
import io.realqa.events.ReleaseState;
import io.realqa.local.LocalBroker;
import io.realqa.local.LocalRegistry;
import io.realqa.schemas.SchemaRegistryClient;
import io.realqa.schemas.Topics;
import io.realqa.scorer.Adapter;
import io.realqa.scorer.Checkpoint;
import io.realqa.scorer.ScoringProfile;
import io.realqa.store.ContentFolder;
import io.realqa.trainer.Label;
import io.realqa.trainer.cycle.Cycle;
import io.realqa.trainer.cycle.CycleListener;
import io.realqa.trainer.cycle.CycleRecord;
import io.realqa.trainer.feedback.AcceptedLabel;
import io.realqa.trainer.service.TrainerConfig;
import io.realqa.trainer.service.TrainerService;
import io.realqa.trainer.set.Manifest;
import io.realqa.trainer.set.SetBuilder;
import io.realqa.trainer.training.HeldOut;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.imageio.ImageIO;
import org.apache.avro.generic.GenericContainer;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serde;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The trainer as the command composes it, on a real broker and registry, with the demonstration checkpoint. */
class TrainerServiceTest {
    private static final Path HOME = Path.of(System.getProperty("realqa.home", ".."));
    private static final int LABELS = 32;
    private static final long LONGEST_SECONDS = 170;

    @TempDir
    static Path data;

    private static LocalBroker broker;
    private static LocalRegistry registry;
    private static TrainerConfig config;
    private static Serde<GenericContainer> serde;
    private static Checkpoint checkpoint;
    private static ScoringProfile profile;

    @BeforeAll
    static void start() throws Exception {
        broker = LocalBroker.start(Files.createDirectory(data.resolve("broker")));
        registry = LocalRegistry.start(HOME.resolve("local/target/registry"));
        List<NewTopic> topics = new ArrayList<>();
        for (Topics t : Topics.values()) {
            topics.add(new NewTopic(t.topic(), 1, (short) 1).configs(t.topicConfig()));
        }
        broker.createTopics(topics);
        Topics.register(new SchemaRegistryClient(registry.url(), null));
        Path pictures = Files.createDirectory(data.resolve("pictures"));
        Path file = Files.writeString(data.resolve("trainer.yaml"), """
                kafka: {bootstrap.servers: "%s"}
                registry: {schema.registry.url: "%s"}
                model: {checkpoint: "%s"}
                folder: "%s"
                platforms: [p]
                set: {heldOut: 0.3}
                trigger: {minimumLabels: %d, newLabels: %d, every: never, pause: 0s}
                training: {rank: 2, epochs: 1, batch: 8, attributes: 0}
                gate: {minimumImages: 3, suiteImages: 1, degradations: [blur]}
                content: {fileRoots: ["%s"]}
                """.formatted(
                        broker.bootstrapServers(),
                        registry.url(),
                        HOME.resolve("models/demo").toAbsolutePath().normalize(),
                        data.resolve("home"),
                        LABELS,
                        LABELS,
                        pictures));
        config = TrainerConfig.read(file);
        serde = TrainerParts.service(config).newSerde();
        serde.configure(config.registry(), false);
        checkpoint = Checkpoint.load(HOME.resolve("models/demo"));
        profile = ScoringProfile.in(HOME.resolve("models/demo")).orElseThrow();
        label(pictures);
    }

    @AfterAll
    static void stop() {
        checkpoint.close();
        registry.close();
        broker.close();
    }

    /** Pictures by reference, and what somebody says of them. */
    private static void label(Path pictures) throws Exception {
        Random random = new Random(1);
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", broker.bootstrapServers()),
                new ByteArraySerializer(),
                new ByteArraySerializer())) {
            for (int i = 0; i < LABELS; i++) {
                BufferedImage image = new BufferedImage(120, 90, BufferedImage.TYPE_INT_RGB);
                Graphics2D g = image.createGraphics();
                for (int s = 0; s < 12; s++) {
                    g.setColor(new Color(random.nextInt(0x1000000)));
                    g.fillOval(random.nextInt(120) - 20, random.nextInt(90) - 20, 50, 40);
                }
                g.dispose();
                Path file = pictures.resolve(i + ".png");
                ImageIO.write(image, "png", file.toFile());
                ImageLabelled label = ImageLabelled.newBuilder()
                        .setImageId("i" + i)
                        .setPlatform("p")
                        .setScore(2 + 0.2 * i)
                        .setLabeller("ana")
                        .setLabelledAt(Instant.ofEpochMilli(i))
                        .setUri(file.toUri().toString())
                        .build();
                producer.send(new ProducerRecord<>(
                                Topics.FEEDBACK.topic(),
                                label.getImageId().getBytes(StandardCharsets.UTF_8),
                                serde.serializer().serialize(Topics.FEEDBACK.topic(), label)))
                        .get(30, TimeUnit.SECONDS);
            }
        }
    }

    private static TrainerService service(CycleListener listener) {
        return new TrainerService(
                config,
                new TrainerService.Parts(
                        checkpoint,
                        profile,
                        serde,
                        TrainerParts.content(config),
                        TrainerParts.desk(config),
                        new SimpleMeterRegistry(),
                        listener,
                        Clock.systemUTC()));
    }

    /** All committed events of a topic up to its end. */
    private static List<ConsumerRecord<byte[], byte[]>> read(Topics topic) {
        List<ConsumerRecord<byte[], byte[]>> all = new ArrayList<>();
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", broker.bootstrapServers(), "isolation.level", "read_committed"),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer())) {
            TopicPartition partition = new TopicPartition(topic.topic(), 0);
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            long end = consumer.endOffsets(List.of(partition)).getOrDefault(partition, 0L);
            while (consumer.position(partition) < end) {
                consumer.poll(Duration.ofMillis(200)).forEach(all::add);
            }
        }
        return all;
    }

    @Test
    void labelsBecomeOneReleaseWithItsReasonsAndItsReproducibleSet() throws Exception {
        CountDownLatch ended = new CountDownLatch(1);
        try (TrainerService trainer = service(new CycleListener() {
            @Override
            public void reached(CycleRecord cycle) {
                if (cycle.ended()) {
                    ended.countDown();
                }
            }
        })) {
            trainer.start();
            assertThat(ended.await(LONGEST_SECONDS, TimeUnit.SECONDS)).isTrue();
        }
        CycleRecord cycle = Cycle.journal(data.resolve("home")).last("p").orElseThrow();
        assertThat(cycle.stage()).as(cycle.reasons().toString()).isEqualTo(CycleRecord.Stage.RELEASED);

        List<ConsumerRecord<byte[], byte[]>> releases = read(Topics.ADAPTER_RELEASES);
        assertThat(releases).hasSize(1);
        AdapterRelease release = (AdapterRelease) serde.deserializer()
                .deserialize("adapter.releases", releases.get(0).value());
        boolean promoted = "PROMOTE".equals(cycle.decision());
        assertThat(new String(releases.get(0).key(), StandardCharsets.UTF_8))
                .isEqualTo(promoted ? "p/active" : "p/candidate");
        assertThat(release.getState()).isEqualTo(promoted ? ReleaseState.ACTIVE : ReleaseState.RETIRED);
        assertThat(release.getDecision()).startsWith(cycle.decision() + ": ").contains("SRCC");
        assertThat(release.getMetrics()).containsKey("srcc.candidate");
        assertThat(release.getBaseDigest()).isEqualTo(checkpoint.digest());
        Path folder = Path.of(release.getLocation());
        ContentFolder.verify(folder);
        assertThat(Adapter.digest(folder)).isEqualTo(release.getAdapterDigest());
        assertThat(Files.readString(folder.resolve("manifest.json"))).contains(cycle.set());

        sameSetFromManifestAndFromTopic(Path.of(URI.create(release.getManifest())), cycle);
        anotherProcessReleasesNothingMore();
    }

    private static void sameSetFromManifestAndFromTopic(Path file, CycleRecord cycle) throws Exception {
        Manifest manifest = Manifest.read(file);
        assertThat(HeldOut.digest(manifest.build(file, null, profile).split())).isEqualTo(cycle.set());
        Manifest.Range range = manifest.ranges().get(0);
        List<AcceptedLabel> labels = new ArrayList<>();
        for (ConsumerRecord<byte[], byte[]> r : read(Topics.TRAINING_LABELS)) {
            if (r.offset() >= range.from() && r.offset() < range.to()) {
                LabelAccepted a = (LabelAccepted) serde.deserializer().deserialize(r.topic(), r.value());
                labels.add(new AcceptedLabel(
                        r.offset(),
                        "p",
                        a.getLabel().getImageId(),
                        a.getContentSha256(),
                        a.getPerceptualHash(),
                        a.getLabel().getLabeller(),
                        Label.of(a.getLabel(), profile)));
            }
        }
        SetBuilder.Built built = new SetBuilder("p", manifest.heldOut(), manifest.near(), profile)
                .build(labels, data.resolve("elsewhere"), Set.copyOf(manifest.missing()));
        assertThat(labels).hasSize(LABELS);
        assertThat(HeldOut.digest(built.split())).isEqualTo(cycle.set());
    }

    private static void anotherProcessReleasesNothingMore() throws Exception {
        List<CycleRecord> begun = new ArrayList<>();
        try (TrainerService again = service(new CycleListener() {
            @Override
            public void begun(CycleRecord cycle, int trainingImages, int heldOutImages, int left) {
                begun.add(cycle);
            }
        })) {
            again.start();
            assertThat(again.awaitOpened(Duration.ofSeconds(60))).isTrue();
            assertThat(again.labels()).isEqualTo(LABELS);
        }
        assertThat(begun).isEmpty();
        assertThat(read(Topics.ADAPTER_RELEASES)).hasSize(1);
    }
}
