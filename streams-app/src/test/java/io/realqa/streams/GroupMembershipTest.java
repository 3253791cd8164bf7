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
import io.realqa.streams.scoring.TestModel;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.apache.avro.generic.GenericContainer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.FeatureUpdate;
import org.apache.kafka.clients.admin.MemberDescription;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.UpdateFeaturesOptions;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The group settings that operators are offered, on a real broker: an instance joins, scores, stops and comes back. */
@Timeout(180)
class GroupMembershipTest {
    private static final Path HOME = Path.of(System.getProperty("realqa.home"));
    private static final int PARTITIONS = 2;

    @TempDir
    static Path data;

    private static LocalBroker broker;
    private static LocalRegistry registry;

    @BeforeAll
    static void start() throws Exception {
        broker = LocalBroker.start(Files.createDirectory(data.resolve("broker")));
        registry = LocalRegistry.start(HOME.resolve("local/target/registry"));
        Topics.register(new SchemaRegistryClient(registry.url(), null));
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
            // As operators switch it on: kafka-features.sh upgrade --feature streams.version=1
            admin.updateFeatures(
                            Map.of("streams.version", new FeatureUpdate((short) 1, FeatureUpdate.UpgradeType.UPGRADE)),
                            new UpdateFeaturesOptions())
                    .all()
                    .get(20, TimeUnit.SECONDS);
        }
    }

    @AfterAll
    static void stop() {
        registry.close();
        broker.close();
    }

    private static ServiceConfig config(String group, Map<String, String> settings) {
        List<NewTopic> topics = new ArrayList<>();
        Map<String, String> names = new HashMap<>();
        Map<String, Topics> all = Map.of(
                "uploads", Topics.UPLOADS,
                "scores", Topics.SCORES,
                "attributes", Topics.ATTRIBUTES,
                "dead-letters", Topics.DEAD_LETTERS);
        all.forEach((key, topic) -> {
            names.put(key, group + "." + key);
            topics.add(new NewTopic(group + "." + key, PARTITIONS, (short) 1).configs(topic.topicConfig()));
        });
        broker.createTopics(topics);
        return ServiceConfig.of(broker.bootstrapServers(), registry.url(), Path.of("none"))
                .with(c -> c.kafka(settings)
                        .kafka(Map.of(
                                "application.id",
                                group,
                                "state.dir",
                                data.resolve(group).toString()))
                        .topics(names));
    }

    private static ScoringService started(ServiceConfig config) {
        ScoringService service = new ScoringService(config, new TestModel(grey -> {}), 1);
        service.start();
        await("readiness", () -> service.health().ready());
        return service;
    }

    private static void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(90);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as(what + " within 90 s").isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    private static void upload(String group, int from, int to) throws Exception {
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
                producer.send(new ProducerRecord<>(group + ".uploads", "image-" + i, event))
                        .get(20, TimeUnit.SECONDS);
            }
        }
    }

    /** Each of the images 0 to number - 1 has one committed score. */
    private static void assertScored(String group, int number) {
        AvroDeserializer<GenericContainer> deserializer =
                new AvroDeserializer<>(new SchemaRegistryClient(registry.url(), null));
        deserializer.configure(Map.of(), false);
        List<String> ids = new ArrayList<>();
        try (var consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", broker.bootstrapServers(), "isolation.level", "read_committed"),
                new StringDeserializer(),
                new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = IntStream.range(0, PARTITIONS)
                    .mapToObj(p -> new TopicPartition(group + ".scores", p))
                    .toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            await("scores", () -> {
                consumer.poll(Duration.ofMillis(100))
                        .forEach(r -> ids.add(
                                ((ImageScored) Objects.requireNonNull(deserializer.deserialize(r.topic(), r.value())))
                                        .getImageId()));
                return ids.size() >= number;
            });
            assertThat(consumer.poll(Duration.ofMillis(300)).count()).isZero();
        }
        assertThat(new TreeSet<>(ids)).hasSize(number);
        assertThat(ids).hasSize(number);
    }

    private static GroupType type(Admin admin, String group) throws Exception {
        return admin.listGroups().all().get(20, TimeUnit.SECONDS).stream()
                .filter(g -> g.groupId().equals(group))
                .findFirst()
                .orElseThrow()
                .type()
                .orElseThrow();
    }

    private static Collection<MemberDescription> members(Admin admin, String group) throws Exception {
        return Objects.requireNonNull(admin.describeConsumerGroups(List.of(group))
                        .all()
                        .get(20, TimeUnit.SECONDS)
                        .get(group))
                .members();
    }

    @Test
    void aStaticMemberKeepsItsPlaceWhileItRestarts() throws Exception {
        String group = "static";
        ServiceConfig config = config(group, Map.of("group.instance.id", "worker-1", "session.timeout.ms", "45000"));
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
            try (ScoringService service = started(config)) {
                assertThat(service.health().message()).contains(PARTITIONS + " tasks");
                upload(group, 0, 5);
                assertScored(group, 5);
            }
            assertThat(members(admin, group))
                    .as("after its stop")
                    .hasSize(1)
                    .allSatisfy(m -> assertThat(m.groupInstanceId().orElse("")).startsWith("worker-1"));
            upload(group, 5, 9);
            try (ScoringService service = started(config)) {
                assertScored(group, 9);
                assertThat(members(admin, group)).hasSize(1);
                assertThat(service.health().message()).contains(PARTITIONS + " tasks");
            }
        }
    }

    @Test
    void aGroupOfTheStreamsProtocolScoresAndRestarts() throws Exception {
        String group = "streams";
        ServiceConfig config = config(group, Map.of("group.protocol", "streams"));
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
            try (ScoringService service = started(config)) {
                assertThat(type(admin, group)).isEqualTo(GroupType.STREAMS);
                assertThat(service.health().message()).contains(PARTITIONS + " tasks");
                upload(group, 0, 5);
                assertScored(group, 5);
            }
            upload(group, 5, 9);
            try (ScoringService service = started(config)) {
                assertScored(group, 9);
                assertThat(service.health().message()).contains(PARTITIONS + " tasks");
            }
        }
    }
}
