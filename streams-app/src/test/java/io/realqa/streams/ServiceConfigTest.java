package io.realqa.streams;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.realqa.schemas.Topics;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.settings.SettingsException;
import io.realqa.streams.adapters.AdaptersConfig;
import io.realqa.streams.config.AdaptersSection;
import io.realqa.streams.config.LimitsSection;
import io.realqa.streams.content.ContentPolicy;
import io.realqa.streams.scoring.BatchPolicy;
import io.realqa.streams.scoring.ClipConfig;
import io.realqa.streams.scoring.EngineConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ServiceConfigTest {
    private static final String REQUIRED = """
            kafka: {bootstrap.servers: "kafka:9092"}
            registry: {schema.registry.url: "http://registry:8081"}
            model: {checkpoint: /models/base}
            """;

    private static final String COMPLETE = """
            kafka:
              bootstrap.servers: kafka:9092
              num.stream.threads: 4
              state.dir: /var/lib/realqa
            registry:
              schema.registry.url: http://registry:8081
              auto.register.schemas: false
            serde: io.realqa.schemas.AvroSerde
            topics:
              uploads: in
              scores: out
              attributes: more
              dead-letters: dead
            model:
              checkpoint: /models/base
              adapter: /models/adapter
              profile: /models/profile.yaml
              precision: bfloat16
            batch:
              images: 8
              visualTokens: 4096
              delay: 35ms
            limits:
              inFlightImages: 32
              inFlightBytes: 1048576
              inlineBytes: 4096
              imageBytes: 8192
              imagePixels: 1000000
            content:
              fileRoots: [/data/photos, /data/more]
              httpHosts: ["*.example.org", "images.example.com:8443"]
              timeout: 2m
              redirects: 0
              attempts: 5
            """;

    @TempDir
    Path folder;

    private ServiceConfig read(String yaml) throws IOException {
        return ServiceConfig.read(Files.writeString(folder.resolve("service.yaml"), yaml));
    }

    private void assertRefused(String yaml, String... parts) {
        assertThatExceptionOfType(SettingsException.class)
                .isThrownBy(() -> read(yaml))
                .satisfies(e -> assertThat(e.getMessage())
                        .contains("service.yaml: ", "(expected: ")
                        .contains(parts));
    }

    @Test
    void everySettingOfACompleteFileArrives() throws IOException {
        ServiceConfig config = read(COMPLETE);

        assertThat(config.kafka())
                .containsEntry("bootstrap.servers", "kafka:9092")
                .containsEntry("num.stream.threads", "4")
                .containsEntry("state.dir", "/var/lib/realqa");
        assertThat(config.registry()).containsEntry("auto.register.schemas", "false");
        assertThat(config.serde()).isEqualTo("io.realqa.schemas.AvroSerde");
        assertThat(config.topics().uploads()).isEqualTo("in");
        assertThat(config.topics().deadLetters()).isEqualTo("dead");
        assertThat(config.model())
                .isEqualTo(
                        new ServiceConfig.Model("/models/base", "/models/adapter", "/models/profile.yaml", "bfloat16"));
        assertThat(config.engine(1).batches()).isEqualTo(new BatchPolicy(8, 4096, Duration.ofMillis(35)));
        assertThat(config.engine(1).limits()).isEqualTo(new EngineConfig.Limits(32, 1 << 20));
        assertThat(config.limits().inline()).isEqualTo(4096);
        assertThat(config.imageLimits()).isEqualTo(new ImageLimits(8192, 1_000_000, ImageLimits.DEFAULTS.maxSide()));
        assertThat(config.contentPolicy())
                .isEqualTo(ContentPolicy.defaults()
                        .withMaxBytes(8192)
                        .withFileRoots(List.of(Path.of("/data/photos"), Path.of("/data/more")))
                        .withHttpHosts(Set.of("*.example.org", "images.example.com:8443"))
                        .withReadTimeout(Duration.ofMinutes(2))
                        .withMaxRedirects(0)
                        .withAttempts(5));
    }

    @Test
    void clipsAndCalibrationsHaveTheirSettings() throws IOException {
        ServiceConfig config = read(REQUIRED
                + "limits: {video: {frames: 4, length: 90s, bytes: 1000, pixels: 2000, decoding: 5s, inFlight: 2}}\n"
                + "topics: {shadow-scores: shadows, recalibrated-scores: anew}\n");
        assertThat(config.engine(1).clips())
                .isEqualTo(new ClipConfig(4, Duration.ofSeconds(90), 1000, 2000, Duration.ofSeconds(5), 2));
        assertThat(config.topics().shadows()).isEqualTo("shadows");
        assertThat(config.requiredTopics()).containsEntry(Topics.SHADOW_SCORES, "shadows");
        assertThat(config.topics().recalibrated()).isEqualTo("anew");
        assertThat(read(REQUIRED).engine(1).clips()).isEqualTo(ClipConfig.DEFAULTS);
        assertThat(read(REQUIRED).topics().shadows()).isNull();
        assertThat(read(REQUIRED).topics().recalibrated()).isEqualTo("image.scores.recalibrated");
        assertThat(read(REQUIRED).calibrations().none()).isTrue();
        assertRefused(REQUIRED + "limits: {video: {frames: 0}}", "limits.video.frames: 0 (");
        assertRefused(REQUIRED + "limits: {video: {length: 25h}}", "limits.video.length: 25h (");
        assertRefused(REQUIRED + "limits: {video: {bytes: 0}}", "limits.video.bytes: 0 (");
        assertRefused(REQUIRED + "limits: {video: {fps: 1}}", "limits.video.fps: unknown key", "frames");
        assertRefused(REQUIRED + "calibration: {photos: ~}", "calibration.photos: null");
        ServiceConfig missing = read(REQUIRED + "calibration: {photos: none.json}");
        assertThatExceptionOfType(SettingsException.class)
                .isThrownBy(missing::calibrations)
                .withMessageStartingWith("calibration.photos: none.json: no such file");
    }

    @Test
    void whatIsLeftOutHasItsDefault() throws IOException {
        ServiceConfig config = read(REQUIRED);

        assertThat(config.engine(1).batches()).isEqualTo(BatchPolicy.DEFAULTS);
        assertThat(config.engine(1).limits()).isEqualTo(EngineConfig.Limits.DEFAULTS);
        assertThat(config.imageLimits()).isEqualTo(ImageLimits.DEFAULTS);
        assertThat(config.contentPolicy()).isEqualTo(ContentPolicy.defaults());
        assertThat(config.limits().inline()).isEqualTo(LimitsSection.DEFAULT_INLINE_BYTES);
        assertThat(config.topics().scores()).isEqualTo("image.scores");
    }

    @Test
    void theExampleSaysTheDefaults() throws IOException {
        String example =
                Files.readString(Path.of(System.getProperty("realqa.home", ".."), "deploy/serve.example.yaml"));
        int adapters = example.indexOf("# adapters:");
        ServiceConfig config = read(
                example.substring(0, adapters) + example.substring(adapters).replaceAll("(?m)^# ?", ""));
        ServiceConfig least = read(REQUIRED);

        assertThat(config.engine(1)).isEqualTo(least.engine(1));
        assertThat(config.contentPolicy()).isEqualTo(least.contentPolicy());
        assertThat(config.limits().inline()).isEqualTo(least.limits().inline());
        assertThat(config.requiredTopics()).containsAllEntriesOf(least.requiredTopics());
        assertThat(config.topics().replays()).isEqualTo(least.topics().replays());
        assertThat(config.topics().recalibrated()).isEqualTo(least.topics().recalibrated());
        assertThat(config.httpHost()).isEqualTo(least.httpHost());
        assertThat(config.drain()).isEqualTo(least.drain());
        AdaptersConfig shown = Objects.requireNonNull(config.adaptersConfig());
        AdaptersConfig byDefault =
                Objects.requireNonNull(least.with(c -> c.adapters(AdaptersSection.roots(List.of("/models/adapters"))))
                        .adaptersConfig());
        assertThat(shown)
                .usingRecursiveComparison()
                .ignoringFields("remote", "workerId")
                .isEqualTo(byDefault);
    }

    @ParameterizedTest
    @CsvSource({"0ms, PT0S", "20ms, PT0.02S", "5s, PT5S", "1m, PT1M", "0h, PT0S"})
    void aDurationHasAUnit(String text, Duration expected) throws IOException {
        assertThat(read(REQUIRED + "batch: {delay: " + text + "}")
                        .engine(1)
                        .batches()
                        .maxDelay())
                .isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"20", "20 ms", "1w", "-5s", "1.5s", "''", "9999999999ms"})
    void otherDurationsAreRefused(String text) {
        assertRefused(
                REQUIRED + "batch: {delay: \"" + text + "\"}",
                "batch.delay: " + text + " (",
                "20ms, 5s, 1m, 12h or 7d");
    }

    @Test
    void whatIsRequiredIsNamedWhereItIsMissing() {
        assertRefused(REQUIRED.replace("bootstrap.servers", "bootstrap"), "kafka.bootstrap.servers: missing");
        assertRefused(REQUIRED.replace("schema.registry.url", "url"), "registry.schema.registry.url: missing");
        assertRefused(
                REQUIRED + "serde: io.confluent.SpecificAvroSerde\n",
                "serde: io.confluent.SpecificAvroSerde: java.lang.ClassNotFoundException");
        assertRefused(REQUIRED + "serde: java.lang.String\n", "serde: java.lang.String: java.lang.ClassCastException");
        assertRefused(
                REQUIRED.replace("8081\"}", "8081\", specific.avro.reader: false}"),
                "registry.specific.avro.reader: false (expected: true)");
        assertRefused(REQUIRED.replace("checkpoint", "adapter"), "model.checkpoint: missing");
        assertRefused(
                REQUIRED.replace("/models/base", "/models/base, precision: int8"),
                "model.precision: int8",
                "float32, bfloat16");
        assertRefused(REQUIRED.replaceAll("kafka: .*\n", ""), "kafka.bootstrap.servers: missing");
        assertRefused(REQUIRED.replaceAll("model: .*\n", ""), "model.checkpoint: missing");
        assertRefused("", "empty (expected: settings)");
        assertRefused("just a text", "the file: ", "settings by key");
    }

    @Test
    void anUnknownKeyIsNamedWithTheKnownOnes() {
        assertRefused(REQUIRED + "batches: {}", "batches: unknown key", "batch", "limits");
        assertRefused(REQUIRED + "batch: {image: 4}", "batch.image: unknown key", "images", "visualTokens");
        assertRefused(REQUIRED + "topics: {upload: a}", "topics.upload: unknown", "uploads", "dead-letters");
    }

    @Test
    void aValueOfAnotherTypeIsNamedWithWhatWasExpected() {
        assertRefused(REQUIRED + "batch: {images: many}", "batch.images: many (expected: a whole number)");
        assertRefused(REQUIRED + "batch: {images: 1.5}", "batch.images: ", "1.5", "a whole number");
        assertRefused(REQUIRED + "limits: {imageBytes: [1]}", "limits.imageBytes: ", "a whole number");
        assertRefused(REQUIRED + "limits: {inFlightImages: 9999999999}", "limits.inFlightImages: ", "9999999999");
        assertRefused(REQUIRED + "content: {httpHosts: host}", "content.httpHosts: ", "a list");
        assertRefused(REQUIRED + "batch: 5", "batch: ", "5", "settings by key");
    }

    @Test
    void aValueOutOfRangeIsNamedByItsKeyInTheFile() {
        assertRefused(REQUIRED + "batch: {images: 0}", "batch.images: 0 (");
        assertRefused(REQUIRED + "http: {port: 70000}", "http.port: 70000 (");
        assertRefused(REQUIRED + "batch: {visualTokens: -1}", "batch.visualTokens: -1 (");
        assertRefused(REQUIRED + "batch: {delay: 2m}", "batch.delay: 2m (");
        assertRefused(REQUIRED + "limits: {inFlightImages: 0}", "limits.inFlightImages: 0 (");
        assertRefused(REQUIRED + "limits: {inFlightBytes: 0}", "limits.inFlightBytes: 0 (");
        assertRefused(REQUIRED + "limits: {inlineBytes: -1}", "limits.inlineBytes: -1 (");
        assertRefused(REQUIRED + "limits: {inlineBytes: 4000000}", "limits.inlineBytes: 4000000 (");
        assertRefused(REQUIRED + "limits: {imageBytes: 0}", "limits.imageBytes: 0 (");
        assertRefused(REQUIRED + "limits: {imagePixels: 0}", "limits.imagePixels: 0 (");
        assertRefused(REQUIRED + "content: {redirects: 99}", "content.redirects: 99 (");
        assertRefused(REQUIRED + "content: {attempts: 0}", "content.attempts: 0 (");
        assertRefused(REQUIRED + "content: {timeout: 0s}", "content.timeout: 0s (");
        assertRefused(REQUIRED + "content: {httpHosts: [\"a b\"]}", "content.httpHosts: a b (");
    }

    @Test
    void anEmptyValueIsNamed() {
        assertRefused(REQUIRED + "topics: {uploads: ~}", "topics.uploads: null");
        assertRefused(REQUIRED + "topics: {uploads: }", "topics.uploads: null");
        assertRefused(REQUIRED.replace("\"kafka:9092\"", "a, client.id: ~"), "kafka.client.id: null");
        assertRefused(REQUIRED + "content: {httpHosts: [~]}", "content.httpHosts: null");
        assertRefused(REQUIRED + "content: {fileRoots: [~]}", "content.fileRoots: null");
    }

    @Test
    void whatKafkaDoesNotTakeIsRefused() {
        assertRefused(kafka("num.stream.threads: many"), "kafka.num.stream.threads: many (expected: ", "type INT");
        assertRefused(kafka("num.stream.threads: 0"), "kafka.num.stream.threads: 0 (expected: at least 1)");
        assertRefused(kafka("commit.interval.ms: 99999999999999999999"), "kafka.commit.interval.ms: 9999");
        assertRefused(kafka("main.consumer.max.poll.records: none"), "kafka.main.consumer.max.poll.records: none");
        assertRefused(kafka("producer.linger.ms: soon"), "kafka.producer.linger.ms: soon");
        assertRefused(kafka("application.id: 'a b'"), "kafka.application.id: \"a b\"");
        assertRefused(
                kafka("processing.guarantee: at_least_once"),
                "kafka.processing.guarantee: at_least_once (expected: exactly_once_v2, or left out)");
        for (String servers : List.of("localhost", "a:0", "a:65536", "a:1,", "", "a:b")) {
            assertRefused(REQUIRED.replace("kafka:9092", servers), "kafka.bootstrap.servers: ", "HOST:PORT");
        }
    }

    @Test
    void whatKafkaDoesNotTakeTogetherIsRefused() {
        assertRefused(
                kafka("session.timeout.ms: 3000"),
                "kafka.heartbeat.interval.ms: 3000 (expected: less than session.timeout.ms, which is 3000)");
        assertRefused(
                kafka("commit.interval.ms: 60000"),
                "kafka: ",
                "commit interval 60000",
                "producer.transaction.timeout.ms");
        assertRefused(kafka("producer.acks: '1'"), "kafka: ", "acks");
    }

    private static String kafka(String setting) {
        return REQUIRED.replace("\"kafka:9092\"", "\"kafka:9092\", " + setting);
    }

    @Test
    void whatKafkaTakesIsHandedOn() throws IOException {
        assertThat(read(kafka("num.stream.threads: 4, sasl.jaas.config: any, my.plug.in: x"))
                        .kafka())
                .containsEntry("num.stream.threads", "4")
                .containsEntry("my.plug.in", "x");
        read(REQUIRED.replace("\"kafka:9092\"", "'SASL_SSL://a.b-c:9093, [::1]:9092'"));
    }

    @Test
    void theRegistrysAddressIsChecked() {
        assertRefused(
                REQUIRED.replace("http://registry:8081", "registry:8081"),
                "registry.schema.registry.url: registry:8081");
    }

    @Test
    void eachTopicHasANameOfItsOwn() {
        assertRefused(
                REQUIRED + "topics: {scores: image.uploads}",
                "topics.uploads: image.uploads (expected: another topic than that of topics.scores)");
        assertRefused(REQUIRED + "topics: {scores: image.uploads.dlq}", "topics.scores: image.uploads.dlq");
        assertRefused(REQUIRED + "topics: {uploads: 'a b/c'}", "topics.uploads: \"a b/c\" (expected: ");
        assertRefused(REQUIRED + "topics: {uploads: ''}", "topics.uploads: \"\"");
    }

    /** An empty template variable would open the working directory. */
    @Test
    void noPlaceIsEmpty() {
        assertRefused(REQUIRED + "content: {fileRoots: ['']}", "content.fileRoots: \"\"");
        assertRefused(REQUIRED + "adapters: {roots: ['']}", "adapters.roots: \"\"");
        assertRefused(REQUIRED + "adapters: {roots: ['s3://bucket/p'], cache: ''}", "adapters.cache: \"\"");
        assertRefused(REQUIRED + "http: {host: ''}", "http.host: \"\"");
        assertRefused(REQUIRED + "calibration: {flickr: ''}", "calibration.flickr: \"\"");
        assertRefused(REQUIRED + "content: {fileRoots: [\"a\\0b\"]}", "content.fileRoots: a?b (expected: a path)");
    }

    @Test
    void aStopIsBounded() {
        assertRefused(REQUIRED + "stop: {drain: 2h}", "stop.drain: 2h (expected: at most 1h)");
    }

    @Test
    void whatIsNoSingleDocumentIsRefused() {
        assertRefused(REQUIRED + "batch: {images: 1}\nbatch: {images: 2}", "batch", "each key once");
        assertRefused(REQUIRED + "batch: {images: 1", "line ", "(expected: YAML");
        assertRefused(REQUIRED + "---\nbatch: {images: 1}", "a second document");
        assertThatExceptionOfType(SettingsException.class)
                .isThrownBy(() -> ServiceConfig.read(folder.resolve("none.yaml")))
                .withMessageContaining("none.yaml: no such file (expected: ");
    }
}
