package io.realqa.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** docs/realqa.md's commands, one after the other, on the demonstration checkpoint and conversations made here. */
class PipelineTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Path DEMO = ModelOptions.home().resolve("models/demo");

    @TempDir
    Path folder;

    private String run(Object... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine command = Main.commandLine();
        command.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        int code = command.execute(Stream.of(args).map(Object::toString).toArray(String[]::new));
        assertThat(code).as("%s", err).isZero();
        return out.toString();
    }

    private void data() throws IOException {
        List<Map<String, Object>> rows = new ArrayList<>();
        try (Stream<Path> photos = Files.list(DEMO.resolve("photos"))) {
            for (Path photo : photos.filter(p -> p.toString().matches(".*\\.(jpg|png)"))
                    .sorted()
                    .limit(3)
                    .toList()) {
                rows.add(Map.of(
                        "messages",
                        List.of(
                                Map.of("role", "user", "content", "<image>Rate this image."),
                                Map.of(
                                        "role",
                                        "assistant",
                                        "content",
                                        "The score of this image is %d.25.".formatted(3 + rows.size()))),
                        "images",
                        List.of(photo.toAbsolutePath().toString())));
            }
        }
        assertThat(rows).hasSize(3);
        Files.writeString(folder.resolve("chats.json"), JSON.writeValueAsString(rows));
        Files.writeString(folder.resolve("dataset_info.json"), """
                {"chats": {"file_name": "chats.json", "formatting": "sharegpt",
                 "columns": {"messages": "messages", "images": "images"},
                 "tags": {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"}}}
                """);
        Files.writeString(folder.resolve("recipe.yaml"), """
                model_name_or_path: %s
                template: qwen2_vl
                do_train: true
                finetuning_type: lora
                freeze_vision_tower: false
                dataset: chats
                dataset_dir: %s
                output_dir: %s
                lora_rank: 2
                per_device_train_batch_size: 3
                max_steps: 2
                learning_rate: 1e-3
                logging_steps: 1
                """.formatted(DEMO, folder, folder.resolve("saves")));
    }

    private List<JsonNode> predicted(String name, Object... model) throws IOException {
        List<Object> args = new ArrayList<>(List.of("predict"));
        args.addAll(List.of(model));
        args.addAll(List.of("--dataset-dir", folder, "--dataset", "chats", "--out", folder.resolve(name)));
        args.addAll(List.of("--logits", "--max-new-tokens", 24));
        run(args.toArray());
        List<JsonNode> rows = new ArrayList<>();
        for (String line : Files.readAllLines(folder.resolve(name).resolve("generated_predictions.jsonl"))) {
            rows.add(JSON.readTree(line));
        }
        return rows;
    }

    private static double[] numbers(JsonNode rows) {
        List<Double> all = new ArrayList<>();
        rows.forEach(row -> row.forEach(n -> all.add(n.asDouble())));
        return all.stream().mapToDouble(Double::doubleValue).toArray();
    }

    @Test
    void aRecipesAdapterPredictsIsEvaluatedAndMergedIntoACheckpointThatSaysTheSame() throws Exception {
        data();
        Path saves = folder.resolve("saves");
        assertThat(run("train", folder.resolve("recipe.yaml")).strip()).isEqualTo(saves.toString());
        assertThat(Files.readAllLines(saves.resolve("trainer_log.jsonl")))
                .hasSize(2)
                .allMatch(l -> l.contains("\"ncm\""));

        List<JsonNode> rows = predicted("adapted", "--checkpoint", DEMO, "--adapter", saves);
        assertThat(rows).hasSize(3).allMatch(r -> r.path("digit_logits").size() == 3);
        Path file = folder.resolve("adapted/generated_predictions.jsonl");
        assertThat(run("evaluate", file, "--max-unparsable", 1)).contains("3 rows");
        assertThat(run("ncm", file)).contains("3 rows, 3 with a score");

        run("merge", "--checkpoint", DEMO, "--adapter", saves, "--out", folder.resolve("merged"));
        List<JsonNode> merged = predicted("merged-says", "--checkpoint", folder.resolve("merged"));
        List<JsonNode> bare = predicted("bare", "--checkpoint", DEMO);
        for (int i = 0; i < 3; i++) {
            assertThat(merged.get(i).path("predict")).isEqualTo(rows.get(i).path("predict"));
            assertThat(numbers(merged.get(i).path("digit_logits")))
                    .containsExactly(numbers(rows.get(i).path("digit_logits")), within(2e-4));
        }
        assertThat(numbers(bare.get(0).path("digit_logits")))
                .isNotEqualTo(numbers(rows.get(0).path("digit_logits")));
    }

    /** The checkpoint answers the form's question with a score, the attribute's without one. */
    @Test
    void rowsWhoseAnswerHasNoScoreAreCountedAndFailTheEvaluationAboveTheThreshold() throws Exception {
        data();
        String rows = Files.readString(folder.resolve("chats.json"));
        String form = "Rate the aesthetics and quality of this image step by step with the regular form.";
        Files.writeString(
                folder.resolve("chats.json"),
                rows.replaceFirst("Rate this image\\.", "What is the exposure of this image?")
                        .replace("Rate this image.", form));
        run("predict", "--checkpoint", DEMO, "--dataset-dir", folder, "--dataset", "chats", "--out", folder);
        Path file = folder.resolve("generated_predictions.jsonl");
        assertThat(Files.readAllLines(file))
                .satisfiesExactly(
                        r -> assertThat(r).contains("\"predict\":\"Exposure: "),
                        r -> assertThat(r).contains("The final score is <"),
                        r -> assertThat(r).contains("The final score is <"));
        assertThat(run("evaluate", file, "--max-unparsable", 0.5)).contains("3 rows", "1 unparsable");
        StringWriter err = new StringWriter();
        CommandLine command = Main.commandLine();
        command.setOut(new PrintWriter(new StringWriter())).setErr(new PrintWriter(err));
        assertThat(command.execute("evaluate", file.toString(), "--max-unparsable", "0.2"))
                .isEqualTo(1);
        assertThat(err.toString()).contains("unparsable");
    }
}
