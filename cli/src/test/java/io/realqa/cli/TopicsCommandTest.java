package io.realqa.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.realqa.local.LocalBroker;
import io.realqa.local.LocalRegistry;
import io.realqa.schemas.Compatibility;
import io.realqa.schemas.SchemaRegistryClient;
import io.realqa.schemas.Topics;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.apache.avro.SchemaBuilder;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On a real broker and a real registry. */
class TopicsCommandTest {
    private static LocalBroker broker;
    private static LocalRegistry registry;
    private static SchemaRegistryClient client;

    @TempDir
    static Path folder;

    @BeforeAll
    static void start() throws Exception {
        broker = LocalBroker.start(Files.createDirectory(folder.resolve("broker")));
        registry = LocalRegistry.start(LocalStack.registryHome());
        client = new SchemaRegistryClient(registry.url(), null);
    }

    @AfterAll
    static void stop() {
        broker.close();
        registry.close();
    }

    private static String service(String prefix) throws Exception {
        return Files.writeString(folder.resolve(prefix + "serve.yaml"), """
                kafka: {bootstrap.servers: "%s"}
                registry: {schema.registry.url: "%s"}
                model: {checkpoint: models/demo}
                adapters: {roots: [/adapters]}
                topics:
                  uploads: %3$suploads
                  scores: %3$sscores
                  attributes: %3$sattributes
                  dead-letters: %3$sdead
                  shadow-scores: %3$sshadows
                  adapter-releases: %3$sreleases
                  adapter-status: %3$sstatus
                """.formatted(
                                broker.bootstrapServers(), registry.url(), prefix))
                .toString();
    }

    private static int run(List<String> lines, String... arguments) {
        List<String> all = new ArrayList<>(List.of("topics"));
        all.addAll(List.of(arguments));
        StringWriter text = new StringWriter();
        PrintWriter out = new PrintWriter(text);
        int code = Main.commandLine().setOut(out).setErr(out).execute(all.toArray(String[]::new));
        out.flush();
        text.toString().lines().forEach(lines::add);
        return code;
    }

    private static int partitions(Admin admin, String topic) throws Exception {
        TopicDescription there = admin.describeTopics(List.of(topic))
                .allTopicNames()
                .get(30, TimeUnit.SECONDS)
                .get(topic);
        return Objects.requireNonNull(there).partitions().size();
    }

    private static String setting(Admin admin, String topic, String key) throws Exception {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        Config config = admin.describeConfigs(List.of(resource))
                .all()
                .get(30, TimeUnit.SECONDS)
                .get(resource);
        return Objects.requireNonNull(config).get(key).value();
    }

    @Test
    void whatIsNotThereIsMadeOnceAndRegistered() throws Exception {
        String trainer = Files.writeString(folder.resolve("trainer.yaml"), """
                kafka: {bootstrap.servers: "%s"}
                registry: {schema.registry.url: "%s"}
                model: {checkpoint: models/demo}
                folder: %s
                topics: {scores: a.scores, attributes: a.attributes, adapter-releases: a.releases, adapter-status: a.status}
                """.formatted(
                                broker.bootstrapServers(), registry.url(), folder.resolve("trainer")))
                .toString();
        String[] arguments = {"--config", service("a."), "--trainer", trainer, "--partitions", "3", "--replicas", "1"};
        List<String> missing = new ArrayList<>();
        assertThat(run(missing, "--config", service("a."), "--dry-run")).isEqualTo(1);
        assertThat(missing)
                .contains("FAIL  a.uploads                          missing"
                        + " (expected: 12 partitions, max.message.bytes=2097152)")
                .contains(
                        "FAIL  a.uploads-value                    not registered (expected: this version's contract)");
        List<String> lines = new ArrayList<>();
        assertThat(run(lines, arguments)).as(lines.toString()).isZero();
        assertThat(lines)
                .contains(
                        "ok    a.uploads                          created: 3 partitions, max.message.bytes=2097152",
                        "ok    training.labels                    created: 1 partition, retention.ms=-1",
                        "ok    a.scores                           there: 3 partitions",
                        "ok    a.scores-value                     registered, BACKWARD_TRANSITIVE");
        List<String> again = new ArrayList<>();
        assertThat(run(again, arguments)).as(again.toString()).isZero();
        assertThat(again).noneMatch(line -> line.contains("created"));
        assertThat(run(new ArrayList<>(), "--config", service("a."), "--dry-run"))
                .isZero();

        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
            assertThat(partitions(admin, "a.dead")).isEqualTo(3);
            assertThat(partitions(admin, "a.releases")).isEqualTo(1);
            assertThat(setting(admin, "a.releases", "cleanup.policy")).isEqualTo("compact");
            assertThat(setting(admin, "a.dead", "max.message.bytes")).isEqualTo("3145728");
        }
        for (String subject : List.of("a.uploads-value", "a.shadows-value", "image.feedback-value")) {
            assertThat(client.compatibility(subject)).isEqualTo(Compatibility.BACKWARD_TRANSITIVE);
        }
        assertThat(client.latest("a.uploads-value").schema()).isEqualTo(Topics.UPLOADS.schema());
    }

    @Test
    void whatIsThereOtherwiseStaysAsItIsAndIsTold() throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
            admin.createTopics(List.of(
                            new NewTopic("b.uploads", 2, (short) 1).configs(Map.of("max.message.bytes", "4194304")),
                            new NewTopic("b.dead", 2, (short) 1).configs(Map.of("max.message.bytes", "1000000")),
                            new NewTopic("b.releases", 2, (short) 1)))
                    .all()
                    .get(30, TimeUnit.SECONDS);
            client.register(
                    "b.scores-value",
                    SchemaBuilder.record("Other").fields().requiredInt("a").endRecord());
            List<String> lines = new ArrayList<>();
            assertThat(run(lines, "--config", service("b."))).isEqualTo(1);
            assertThat(lines)
                    .contains(
                            "ok    b.uploads                          there: 2 partitions",
                            "FAIL  b.dead                             max.message.bytes=1000000 (expected: 3145728 or more)",
                            "FAIL  b.releases                         cleanup.policy=delete (expected: compact)",
                            "ok    b.attributes                       created: 12 partitions")
                    .anyMatch(line -> line.startsWith("FAIL  b.scores-value") && line.contains("incompatible"));
            assertThat(setting(admin, "b.releases", "cleanup.policy")).isEqualTo("delete");
        }
    }

    @Test
    void wrongUsageIsNamed() throws Exception {
        List<String> lines = new ArrayList<>();
        assertThat(run(lines)).isEqualTo(2);
        assertThat(run(lines, "--config", service("c."), "--partitions", "0")).isEqualTo(2);
        assertThat(run(lines, "--config", service("c."), "--replicas", "0")).isEqualTo(2);
        assertThat(lines)
                .anyMatch(line -> line.startsWith("--config and --trainer are missing"))
                .contains(
                        "realqa: --partitions: 0 (expected: at least 1)",
                        "realqa: --replicas: 0 (expected: at least 1)");
    }

    @Test
    void brokersAndARegistryThatDoNotAnswerAreNamed() throws Exception {
        String settings = Files.readString(Path.of(service("d.")));
        List<String> lines = new ArrayList<>();
        Path noRegistry = folder.resolve("no-registry.yaml");
        Files.writeString(noRegistry, settings.replace(registry.url(), "http://127.0.0.1:1"));
        assertThat(run(lines, "--config", noRegistry.toString())).isEqualTo(2);
        TopicSetup setup = new TopicSetup(
                new TopicSetup.Cluster(
                        Map.of("bootstrap.servers", "127.0.0.1:1"),
                        Map.of("schema.registry.url", registry.url()),
                        Map.of()),
                new TopicSetup.Wanted(null, null),
                false,
                Duration.ofMillis(500),
                lines::add);
        assertThatThrownBy(() -> setup.run(Duration.ZERO))
                .isInstanceOf(KafkaException.class)
                .hasMessageStartingWith("127.0.0.1:1: ")
                .hasMessageEndingWith("(expected: brokers that answer)");
        assertThat(lines)
                .anyMatch(
                        line -> line.startsWith("realqa: schema registry: GET http://127.0.0.1:1/subjects: no answer"));
    }
}
