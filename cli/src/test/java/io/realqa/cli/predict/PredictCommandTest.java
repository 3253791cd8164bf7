package io.realqa.cli.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.realqa.cli.ModelOptions;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** A data set in LLaMA-Factory's layout becomes a predictions file, whatever interrupts it. */
class PredictCommandTest {
    private static final Path DEMO = ModelOptions.home().resolve("models/demo");
    private static final String PLAIN = "Rate the aesthetics and quality of this image.";
    private static final String FORM =
            "Rate the aesthetics and quality of this image step by step with the regular form.";
    private static final List<String> PHOTOS = List.of("astronaut.jpg", "chelsea.jpg", "coffee.jpg", "rocket.jpg");
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    private JsonNode golden = JSON.createObjectNode();
    private Path data = Path.of("");
    private final StringWriter err = new StringWriter();

    @BeforeEach
    void writeData() throws IOException {
        golden = JSON.readTree(DEMO.resolve("golden.json").toFile());
        data = Files.createDirectories(folder.resolve("data"));
        Files.createDirectories(data.resolve("pictures"));
        ArrayNode plain = JSON.createArrayNode();
        StringBuilder form = new StringBuilder();
        for (String photo : PHOTOS) {
            Files.copy(
                    DEMO.resolve("photos").resolve(photo),
                    data.resolve("pictures").resolve(photo));
            plain.add(conversation(
                    "<image>" + PLAIN, "The score of this image is 8.40.", "from", "human", "gpt", "value", photo));
            ObjectNode row = JSON.createObjectNode()
                    .put("instruction", "<image>" + FORM)
                    .put("output", "The final score is <7.00>.");
            row.putArray("images").add("pictures/" + photo);
            form.append(row).append('\n');
        }
        Files.writeString(data.resolve("plain.json"), plain.toPrettyString());
        Files.writeString(data.resolve("form.jsonl"), form);
        Files.writeString(data.resolve("dataset_info.json"), """
                        {"plain_test": {"file_name": "plain.json", "formatting": "sharegpt",
                                        "columns": {"messages": "messages", "images": "images"}},
                         "form_test": {"file_name": "form.jsonl", "columns": {"prompt": "instruction",
                                        "response": "output", "images": "images"}}}
                        """);
    }

    private static ObjectNode conversation(
            String question, String answer, String role, String user, String assistant, String content, String photo) {
        ObjectNode row = JSON.createObjectNode();
        row.putArray("messages")
                .add(JSON.createObjectNode().put(role, user).put(content, question))
                .add(JSON.createObjectNode().put(role, assistant).put(content, answer));
        row.putArray("images").add("pictures/" + photo);
        return row;
    }

    private int run(Object... more) {
        List<String> arguments = new ArrayList<>(
                List.of("--checkpoint", DEMO.toString(), "--dataset-dir", data.toString(), "--out", out().toString()));
        Stream.of(more).map(Object::toString).forEach(arguments::add);
        err.getBuffer().setLength(0);
        return new CommandLine(new PredictCommand())
                .setErr(new PrintWriter(err))
                .setExecutionExceptionHandler((e, command, result) -> {
                    if (e instanceof IllegalArgumentException) {
                        command.getErr().println(e.getMessage());
                        return 2;
                    }
                    throw e;
                })
                .execute(arguments.toArray(String[]::new));
    }

    private Path out() {
        return folder.resolve("out");
    }

    private List<JsonNode> lines() throws IOException {
        List<JsonNode> lines = new ArrayList<>();
        for (String line : Files.readAllLines(out().resolve("generated_predictions.jsonl"))) {
            lines.add(JSON.readTree(line));
        }
        return lines;
    }

    @Test
    void everyExampleOfBothDataSetsGetsItsLineInOrder() throws Exception {
        assertThat(run("--dataset", "plain_test,form_test", "--batch", "3"))
                .as(err.toString())
                .isZero();
        List<JsonNode> lines = lines();
        assertThat(lines).hasSize(8);
        for (int i = 0; i < 4; i++) {
            JsonNode greedy = golden.path(PHOTOS.get(i)).path("greedy");
            assertThat(lines.get(i).path("predict").asText())
                    .isEqualTo(greedy.path("plain").asText());
            assertThat(lines.get(i).path("label").asText()).isEqualTo("The score of this image is 8.40.");
            assertThat(lines.get(i).path("prompt").asText())
                    .isEqualTo("system\nYou are a helpful assistant.\nuser\n" + PLAIN + "\nassistant\n");
            assertThat(lines.get(4 + i).path("predict").asText())
                    .isEqualTo(greedy.path("form").asText());
        }
        assertThat(err.toString()).contains("8 predictions in ", " images/s");
    }

    @Test
    void anInterruptedRunGoesOnWithoutADoubledOrHalfLine() throws Exception {
        assertThat(run("--dataset", "plain_test,form_test")).isZero();
        Path file = out().resolve("generated_predictions.jsonl");
        String whole = Files.readString(file);
        for (int lines : new int[] {0, 3, 7}) {
            int cut = IntStream.range(0, lines).reduce(0, (at, i) -> whole.indexOf('\n', at) + 1);
            Files.writeString(file, whole.substring(0, cut + 20));
            assertThat(run("--dataset", "plain_test,form_test", "--batch", "2")).isZero();
            assertThat(Files.readString(file)).isEqualTo(whole);
            assertThat(err.toString()).contains(8 - lines + " predictions in ");
        }
        assertThat(run("--dataset", "plain_test,form_test")).isZero();
        assertThat(Files.readString(file)).isEqualTo(whole);
    }

    @Test
    void otherSettingsDoNotContinueAFile() throws Exception {
        assertThat(run("--dataset", "plain_test", "--max-samples", "2")).isZero();
        assertThat(run("--dataset", "plain_test", "--max-samples", "2", "--max-new-tokens", "5"))
                .isEqualTo(2);
        assertThat(err.toString())
                .contains(
                        "made with other settings: max_new_tokens: 1024, now 5 (expected: the same, another folder, or");
        assertThat(run("--dataset", "plain_test", "--max_samples", "1", "--max_new_tokens", "5", "--overwrite"))
                .isZero();
        assertThat(lines()).hasSize(1);
        assertThat(lines().get(0).path("predict").asText()).isEqualTo("The score of this image");
    }

    @Test
    void otherImagesOrAnEditedDataSetDoNotContinueAFile() throws Exception {
        assertThat(run("--dataset", "plain_test", "--max-samples", "1")).isZero();
        Path other = Files.createDirectory(folder.resolve("other"));
        assertThat(run("--dataset", "plain_test", "--max-samples", "1", "--media-dir", other))
                .isEqualTo(2);
        assertThat(err.toString())
                .contains("made with other settings: media_dir: \"" + data.toRealPath() + "\", now \""
                        + other.toRealPath());
        Path same = Files.createSymbolicLink(folder.resolve("same"), data);
        assertThat(run("--dataset", "plain_test", "--max-samples", "1", "--media-dir", same))
                .isZero();
        Path rows = data.resolve("plain.json");
        Files.writeString(rows, Files.readString(rows).replace("8.40", "8.41"));
        assertThat(run("--dataset", "plain_test", "--max-samples", "1")).isEqualTo(2);
        assertThat(err.toString()).contains("made with other settings: dataset_digest: \"sha256:");
    }

    @Test
    void theLabelsDigitsHaveTheLogitsOfTheModelsFirstDigit() throws Exception {
        assertThat(run("--dataset", "plain_test", "--logits", "--batch", "4")).isZero();
        for (int i = 0; i < 4; i++) {
            JsonNode line = lines().get(i);
            JsonNode expected = golden.path(PHOTOS.get(i)).path("first_digit");
            assertThat(line.path("predict").asText())
                    .isEqualTo(golden.path(PHOTOS.get(i))
                            .path("greedy")
                            .path("plain")
                            .asText());
            assertThat(line.path("digit_logits")).hasSize(3);
            double[] weights = new double[10];
            double sum = 0;
            double all = 0;
            for (int d = 0; d < 10; d++) {
                weights[d] = Math.exp(line.path("digit_logits").path(0).path(d).asDouble());
                sum += weights[d];
                all += expected.path(d).asDouble();
            }
            for (int d = 0; d < 10; d++) {
                assertThat(weights[d] / sum).isCloseTo(expected.path(d).asDouble() / all, within(1e-2));
            }
        }
    }

    @Test
    void drawnTextIsTheSameForEqualSeedsAndInAnyBatch() throws Exception {
        assertThat(run("--dataset", "form_test", "--sample", "--temperature", "1.5", "--top_p", "1", "--batch", "4"))
                .isZero();
        List<JsonNode> first = lines();
        assertThat(run(
                        "--dataset",
                        "form_test",
                        "--sample",
                        "--temperature",
                        "1.5",
                        "--top_p",
                        "1",
                        "--batch",
                        "1",
                        "--overwrite"))
                .isZero();
        assertThat(lines()).isEqualTo(first);
        assertThat(run(
                        "--dataset",
                        "form_test",
                        "--sample",
                        "--temperature",
                        "1.5",
                        "--top_p",
                        "1",
                        "--seed",
                        "1",
                        "--overwrite"))
                .isZero();
        assertThat(lines()).isNotEqualTo(first);
    }

    @Test
    void anUnreadableImageCostsItsOwnLineOnly() throws Exception {
        Files.writeString(data.resolve("pictures/chelsea.jpg"), "no picture");
        assertThat(run("--dataset", "plain_test")).isEqualTo(1);
        assertThat(lines()).hasSize(4);
        assertThat(lines().get(1).path("predict").asText()).isEmpty();
        assertThat(lines().get(1).path("error").asText()).contains("chelsea.jpg: UNSUPPORTED_FORMAT");
        assertThat(lines().get(2).path("predict").asText()).isNotEmpty();
        assertThat(err.toString()).contains("chelsea.jpg", "1 images not readable");
    }

    @Test
    void whatCannotBeReadIsNamedWithFilePlaceAndField() throws Exception {
        assertThat(run("--dataset", "plain")).isEqualTo(2);
        assertThat(err.toString()).contains("plain: missing (expected: one of [plain_test, form_test])");
        assertThat(run("--dataset", "plain_test", "--template", "llama3")).isEqualTo(2);
        assertThat(err.toString()).contains("--template: llama3 (expected: qwen2_vl)");
        assertThat(run("--dataset", "plain_test", "--cutoff-len", "20")).isEqualTo(2);
        assertThat(err.toString()).contains("cutoff-len: 20 (expected: at least 1");
        ArrayNode rows = JSON.createArrayNode()
                .add(conversation("<image>Q", "A", "from", "human", "gpt", "value", PHOTOS.get(0)))
                .add(conversation("<image>Q", "A", "from", "human", "bot", "value", PHOTOS.get(0)));
        Files.writeString(data.resolve("plain.json"), rows.toString());
        assertThat(run("--dataset", "plain_test", "--overwrite")).isEqualTo(2);
        assertThat(err.toString()).contains("plain.json, row 1", "bot");
        Files.writeString(
                data.resolve("plain.json"),
                JSON.createArrayNode()
                        .add(conversation("Q", "A", "from", "human", "gpt", "value", PHOTOS.get(0)))
                        .toString());
        assertThat(run("--dataset", "plain_test", "--overwrite")).isEqualTo(2);
        assertThat(err.toString()).contains("plain.json, row 0", "<image>", "expected: ");
    }
}
