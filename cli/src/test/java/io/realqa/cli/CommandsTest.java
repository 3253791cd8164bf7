package io.realqa.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.realqa.events.ImageAttributesAssessed;
import io.realqa.events.ImageScored;
import io.realqa.events.SourcePosition;
import io.realqa.events.UploadDeadLettered;
import io.realqa.schemas.AvroSerializer;
import io.realqa.schemas.Topics;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The commands as a person runs them, on the demonstration checkpoint. */
class CommandsTest {
    private static final Path PHOTOS = ModelOptions.home().resolve("models/demo/photos");
    /** What only an upload on Kafka has, or a clip. */
    private static final Set<String> OF_AN_UPLOAD = Set.of(
            "eventId",
            "scoreEventId",
            "platform",
            "source",
            "traceParent",
            "uploadedAt",
            "calibratedScore",
            "calibrationDigest",
            "video");

    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(Object... args) {
        CommandLine command = Main.commandLine();
        command.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        return command.execute(Stream.of(args).map(Object::toString).toArray(String[]::new));
    }

    @Test
    void aJsonLineHoldsWhatTheEventsHold() throws Exception {
        assertThat(run("score", "--format", "jsonl", PHOTOS.resolve("coffee.jpg")))
                .isZero();
        JsonNode line = new ObjectMapper().readTree(out.toString());
        for (Schema schema : List.of(ImageScored.getClassSchema(), ImageAttributesAssessed.getClassSchema())) {
            holds(line, schema);
        }
        assertThat(line.path("score").asDouble())
                .isCloseTo(Golden.of("coffee.jpg").path("expectation").asDouble(), within(0.01));
        assertThat(line.path("attributes")).hasSize(9);
        assertThat(line.path("ncm").path("answer").asDouble()).isBetween(8.0, 9.0);
        assertThat(line.path("ncm").path("ncmStar").asDouble()).isPositive();
        assertThat(line.has("video")).isFalse();
    }

    @Test
    void inBfloat16AScoreIsAlmostTheSame() throws Exception {
        assertThat(run("score", "--format", "jsonl", "--precision", "bfloat16", PHOTOS.resolve("coffee.jpg")))
                .isZero();
        double exact = Golden.of("coffee.jpg").path("expectation").asDouble();
        double score = new ObjectMapper().readTree(out.toString()).path("score").asDouble();
        assertThat(Math.abs(score - exact)).isBetween(1e-4, 0.05);
    }

    @Test
    void aPrecisionThatThereIsNotIsNamed() {
        assertThat(run("score", "--precision", "int8", PHOTOS.resolve("coffee.jpg")))
                .isEqualTo(2);
        assertThat(err.toString()).contains("--precision", "int8", "AUTO, FLOAT32, BFLOAT16");
    }

    /** Every field of the record, down to the nested ones. */
    private static void holds(JsonNode json, Schema record) {
        for (Schema.Field field : record.getFields()) {
            if (OF_AN_UPLOAD.contains(field.name())) {
                continue;
            }
            assertThat(json.has(field.name()))
                    .as(record.getName() + "." + field.name())
                    .isTrue();
            Schema type = field.schema();
            if (type.getType() == Schema.Type.RECORD) {
                holds(json.path(field.name()), type);
            } else if (type.getType() == Schema.Type.ARRAY
                    && type.getElementType().getType() == Schema.Type.RECORD) {
                assertThat(json.path(field.name())).isNotEmpty();
                json.path(field.name()).forEach(element -> holds(element, type.getElementType()));
            }
        }
    }

    @Test
    void aFileThatIsNoImageIsNamedWhileTheOthersAreScored() throws Exception {
        Path bad = Files.writeString(folder.resolve("bad.jpg"), "no picture");
        Path gone = folder.resolve("gone.jpg");
        assertThat(run("score", "--format", "jsonl", bad, PHOTOS.resolve("rocket.jpg"), gone))
                .isEqualTo(1);
        List<String> lines = out.toString().lines().toList();
        assertThat(lines).hasSize(3);
        assertThat(lines.get(0)).contains("bad.jpg", "\"reason\":\"UNSUPPORTED_FORMAT\"");
        assertThat(lines.get(1)).contains("rocket.jpg", "\"score\":7.5");
        assertThat(new ObjectMapper().readTree(lines.get(1)).path("score").asDouble())
                .isCloseTo(Golden.of("rocket.jpg").path("expectation").asDouble(), within(0.01));
        assertThat(lines.get(2)).contains("gone.jpg", "\"reason\":\"READ_FAILED\"");
    }

    @Test
    void csvHasAColumnForEachAttributeAndGreedyModeLeavesProbabilitiesEmpty() {
        assertThat(run("score", "--format", "csv", "--mode", "greedy", PHOTOS)).isZero();
        List<String> lines = out.toString().lines().toList();
        assertThat(lines).hasSize(5);
        assertThat(lines.get(0)).startsWith("image,score,standard_deviation").endsWith("exposure,saturation");
        assertThat(lines.get(1)).contains("astronaut.jpg,8.110000,,,,,5,5,partially complete");
    }

    @Test
    void wrongUsageIsToldInOneLine() {
        assertThat(run("score", "--checkpoint", folder, PHOTOS)).isEqualTo(2);
        assertThat(err.toString())
                .contains(folder + ": no scoring-profile.yaml")
                .hasLineCount(1);
        assertThat(run("serve", "--config", folder.resolve("none.yaml"))).isEqualTo(2);
        assertThat(err.toString()).contains("none.yaml: no such file (expected: a YAML file)");
        assertThat(run("score", folder)).isEqualTo(2);
        assertThat(err.toString()).contains("no image files (expected: files that end in one of [avif, bmp");
    }

    @Test
    void aReplaysFiltersAreCheckedBeforeAnythingIsRead() {
        String[] cluster = {"--bootstrap-servers", "localhost:1", "--registry", "http://localhost:1"};
        assertThat(run("replay", "--reason", "NOT_FOUND")).isEqualTo(2);
        assertThat(err.toString()).contains("--config is missing (expected: --config FILE, or both");
        assertThat(run("replay", cluster[0], cluster[1], cluster[2], cluster[3], "--reason", "NOTFOUND"))
                .isEqualTo(2);
        assertThat(err.toString()).contains("reason: NOTFOUND: unknown (expected: NOT_FOUND?");
        assertThat(run("replay", cluster[0], cluster[1], cluster[2], cluster[3], "--from", "2w"))
                .isEqualTo(2);
        assertThat(err.toString()).contains("--from: 2w (expected: an instant such as");
        assertThat(run("replay", cluster[0], cluster[1], cluster[2], cluster[3], "--limit", "0"))
                .isEqualTo(2);
        assertThat(err.toString()).contains("limit: 0 (expected: at least 1)");
        assertThat(run("replay", cluster[0], "foo bar", cluster[2], cluster[3])).isEqualTo(1);
        assertThat(err.toString()).contains("foo bar");
    }

    @Test
    void aReplayShowsWhatItWouldReplayThenReplaysItOnce() throws Exception {
        try (LocalStack stack = LocalStack.start(1)) {
            String topic = Topics.DEAD_LETTERS.topic();
            AvroSerializer<UploadDeadLettered> serializer = new AvroSerializer<>();
            serializer.configure(Map.of("schema.registry.url", stack.registryUrl()), false);
            UploadDeadLettered letter = UploadDeadLettered.newBuilder()
                    .setEventId("one")
                    .setImageId("cat\033[2J")
                    .setPlatform("tests")
                    .setStage("FETCH")
                    .setReason("TIMEOUT")
                    .setMessage("nothing came (expected: an image)")
                    .setAttempts(3)
                    .setValue(ByteBuffer.wrap(new byte[] {1}))
                    .setTimestamp(Instant.EPOCH)
                    .setSource(new SourcePosition(Topics.UPLOADS.topic(), 0, 0L))
                    .setFailedAt(Instant.EPOCH)
                    .build();
            try (var producer = new KafkaProducer<>(
                    Map.of("bootstrap.servers", stack.bootstrapServers()), new StringSerializer(), serializer)) {
                producer.send(new ProducerRecord<>(topic, "cat", letter)).get(20, TimeUnit.SECONDS);
            }
            Object[] replay = {
                "replay", "--bootstrap-servers", stack.bootstrapServers(), "--registry", stack.registryUrl()
            };
            assertThat(run(Stream.concat(Stream.of(replay), Stream.of("--dry-run"))
                            .toArray()))
                    .as(err.toString())
                    .isZero();
            assertThat(out.toString())
                    .contains("would replay 1 upload of 1 dead letter")
                    .containsPattern("1  FETCH +TIMEOUT +tests")
                    .contains("  cat?[2J  failed 1970-01-01T00:00:00Z  TIMEOUT: nothing came (expected: an image)");
            assertThat(run(replay)).isZero();
            assertThat(run(replay)).isZero();
            assertThat(out.toString())
                    .contains("\nreplayed 1 upload of 1 dead letter\n")
                    .contains("\nreplayed 0 uploads of 1 dead letter\n        1  replayed before, left out");
        }
    }

    @Test
    void theDemoStreamsUploadsThroughTheBrokerAndEndsWithASummary() {
        assertThat(run("demo", "--count", "8")).as(err.toString()).isZero();
        assertThat(out.toString())
                .contains("  Kafka            localhost:", "  schema registry  http://")
                .contains("0001 ", "0008 ", "8 uploaded, 8 scored or refused", "8 images scored, 0 refused");
    }
}
