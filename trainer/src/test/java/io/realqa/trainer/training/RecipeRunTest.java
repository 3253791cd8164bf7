package io.realqa.trainer.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.realqa.scorer.Compute;
import io.realqa.scorer.LoadingListener;
import io.realqa.trainer.recipe.RecipeReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RecipeRunTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    private final Map<String, Object> least = new LinkedHashMap<>();

    @BeforeEach
    void data() throws IOException {
        Path checkpoint = TinyModel.checkpoint(folder);
        TinyModel.images(folder, 6);
        rows("plain", 6, "Rate this image.", "The score of this image is %d.50.");
        rows("other", 4, "Is it exposed well?", "Exposure: %d.");
        StringBuilder info = new StringBuilder("{");
        for (String name : List.of("plain", "other", "broken")) {
            info.append(info.length() > 1 ? "," : "")
                    .append("\"%s\": {\"file_name\": \"%s.json\", \"columns\": {\"prompt\": \"instruction\","
                            .formatted(name, name))
                    .append("\"response\": \"output\", \"images\": \"images\"}}");
        }
        Files.writeString(folder.resolve("dataset_info.json"), info + "}");
        least.put("model_name_or_path", checkpoint);
        least.put("template", "qwen2_vl");
        least.put("do_train", true);
        least.put("dataset", "plain");
        least.put("dataset_dir", folder);
        least.put("lora_rank", 2);
        least.put("per_device_train_batch_size", 2);
        least.put("learning_rate", "0.01");
        least.put("num_train_epochs", 1);
        least.put("logging_steps", 1);
        least.put("save_strategy", "no");
        least.put("cutoff_len", 4096);
    }

    private void rows(String name, int n, String question, String answer) throws IOException {
        List<Map<String, Object>> rows = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            rows.add(Map.of(
                    "instruction",
                    "<image>" + question,
                    "output",
                    answer.formatted(1 + i),
                    "images",
                    List.of("images/" + i + ".png")));
        }
        Files.writeString(folder.resolve(name + ".json"), JSON.writeValueAsString(rows));
    }

    /** A run whose recipe has these keys and values beside the least; its output_dir is the folder of that name. */
    private RecipeRun run(String out, Object... keys) {
        Map<String, Object> all = new LinkedHashMap<>(least);
        all.put("output_dir", folder.resolve(out));
        for (int i = 0; i < keys.length; i += 2) {
            all.put((String) keys[i], keys[i + 1]);
        }
        StringBuilder yaml = new StringBuilder();
        all.forEach((k, v) -> yaml.append(k).append(": ").append(v).append('\n'));
        return new RecipeRun(
                RecipeReader.parse("r.yaml", yaml.toString()), Compute.CPU, System::nanoTime, LoadingListener.NONE);
    }

    private Path trained(String out, Object... keys) throws Exception {
        try (RecipeRun run = run(out, keys)) {
            return run.run(TrainingListener.SILENT);
        }
    }

    private RecipePlan plan(Object... keys) {
        try (RecipeRun run = run("planned", keys)) {
            return run.plan();
        }
    }

    private static byte[] weights(Path out) throws IOException {
        return Files.readAllBytes(out.resolve("adapter_model.safetensors"));
    }

    private static Set<String> names(Path out) throws IOException {
        byte[] bytes = weights(out);
        int length = (int) ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
        Set<String> names = new TreeSet<>();
        JSON.readTree(bytes, 8, length).fieldNames().forEachRemaining(names::add);
        names.remove("__metadata__");
        return names;
    }

    private static JsonNode config(Path out) throws IOException {
        return JSON.readTree(out.resolve("adapter_config.json").toFile());
    }

    private static List<JsonNode> log(Path out) throws IOException {
        List<JsonNode> lines = new ArrayList<>();
        for (String line : Files.readAllLines(out.resolve("trainer_log.jsonl"))) {
            lines.add(JSON.readTree(line));
        }
        return lines;
    }

    private static List<String> files(Path out) throws IOException {
        try (Stream<Path> all = Files.list(out)) {
            return all.map(p -> p.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void batchAccumulationEpochsAndMaxStepsMakeTheSteps() {
        assertThat(plan().steps()).isEqualTo(3);
        assertThat(plan("per_device_train_batch_size", 3).steps()).isEqualTo(2);
        assertThat(plan("gradient_accumulation_steps", 3).steps()).isEqualTo(1);
        assertThat(plan("num_train_epochs", 2.5).steps()).isEqualTo(8);
        assertThat(plan("max_steps", 7).steps()).isEqualTo(7);
        assertThat(plan("max_samples", 4).steps()).isEqualTo(2);
        assertThat(plan("val_size", 2).steps()).isEqualTo(2);
        assertThat(plan("dataset", "plain, other").steps()).isEqualTo(5);
    }

    @Test
    void schedulerWarmUpDecayAndAdamsSettingsReachEachStep() {
        RecipePlan cosine = plan("max_steps", 10, "lr_scheduler_type", "cosine", "warmup_ratio", 0.2);
        assertThat(cosine.step(0).rate()).isZero();
        assertThat(cosine.step(1).rate()).isEqualTo(0.005);
        assertThat(cosine.step(2).rate()).isEqualTo(0.01);
        assertThat(cosine.step(6).rate()).isCloseTo(0.005, org.assertj.core.data.Offset.offset(1e-12));
        RecipePlan linear = plan("max_steps", 10, "warmup_steps", 5, "learning_rate", "0.1");
        assertThat(linear.step(1).rate()).isEqualTo(0.02);
        assertThat(linear.step(5).rate()).isEqualTo(0.1);
        var step = plan(
                        "weight_decay",
                        0.3,
                        "adam_beta1",
                        0.8,
                        "adam_beta2",
                        0.9,
                        "adam_epsilon",
                        "1e-5",
                        "max_grad_norm",
                        0.7)
                .step(1);
        assertThat(List.of(step.decay(), step.clip(), step.beta1(), step.beta2(), step.epsilon()))
                .containsExactly(0.3, 0.7, 0.8, 0.9, 1e-5);
    }

    @Test
    void savingLoggingAndEvaluationComeWhenTheRecipeSays() {
        RecipePlan steps = plan(
                "max_steps",
                7,
                "save_strategy",
                "steps",
                "save_steps",
                3,
                "logging_steps",
                2,
                "eval_strategy",
                "steps",
                "eval_steps",
                4,
                "eval_dataset",
                "other");
        assertThat(Stream.iterate(1, s -> s + 1).limit(7).filter(steps::saves)).containsExactly(3, 6, 7);
        assertThat(Stream.iterate(1, s -> s + 1).limit(7).filter(steps::logs)).containsExactly(2, 4, 6, 7);
        assertThat(Stream.iterate(1, s -> s + 1).limit(7).filter(steps::evaluates))
                .containsExactly(4);
        RecipePlan epochs = plan(
                "num_train_epochs", 2, "save_strategy", "epoch", "eval_strategy", "epoch", "eval_dataset", "other");
        assertThat(Stream.iterate(1, s -> s + 1).limit(6).filter(epochs::saves)).containsExactly(3, 6);
        assertThat(Stream.iterate(1, s -> s + 1).limit(6).filter(epochs::evaluates))
                .containsExactly(3, 6);
    }

    @Test
    void aRunLeavesAdapterLogPlotsAndResultsWithNcm() throws Exception {
        Path out = trained(
                "o",
                "num_train_epochs",
                2,
                "save_strategy",
                "steps",
                "save_steps",
                2,
                "save_total_limit",
                2,
                "plot_loss",
                true,
                "val_size",
                2,
                "eval_strategy",
                "steps",
                "eval_steps",
                2);
        assertThat(files(out))
                .contains(
                        "adapter_config.json",
                        "adapter_model.safetensors",
                        "trainer_log.jsonl",
                        "trainer_state.json",
                        "train_results.json",
                        "eval_results.json",
                        "all_results.json",
                        "training_loss.png",
                        "training_eval_loss.png",
                        "checkpoint-4",
                        "checkpoint-2");
        List<JsonNode> lines = log(out);
        assertThat(lines.stream().filter(l -> l.has("loss")))
                .hasSize(4)
                .allMatch(l -> l.path("ncm").asDouble() > 0);
        assertThat(lines.stream().filter(l -> l.has("eval_loss")))
                .hasSize(2)
                .allMatch(l -> l.path("eval_ncm_rows").asInt() == 2
                        && l.path("eval_ncm_star").asDouble() > 0);
        assertThat(config(out).path("base_model_name_or_path").asText())
                .isEqualTo(String.valueOf(least.get("model_name_or_path")));
        assertThat(files(trained("p", "save_strategy", "steps", "save_steps", 1, "save_total_limit", 1)))
                .contains("checkpoint-3")
                .doesNotContain("checkpoint-1", "checkpoint-2", "training_loss.png", "eval_results.json");
    }

    @Test
    void rankAlphaDropoutTargetsAndTowerAreTheAdapters() throws Exception {
        Path plain = trained("plain", "max_steps", 1);
        assertThat(config(plain).path("r").asInt()).isEqualTo(2);
        assertThat(config(plain).path("lora_alpha").asDouble()).isEqualTo(4);
        assertThat(names(plain)).noneMatch(n -> n.contains("visual")).anyMatch(n -> n.contains("q_proj"));
        Path both = trained("both", "max_steps", 1, "freeze_vision_tower", false);
        assertThat(names(both)).anyMatch(n -> n.contains("visual")).noneMatch(n -> n.contains("merger"));
        Path some = trained(
                "some",
                "max_steps",
                1,
                "lora_target",
                "q_proj, v_proj",
                "lora_rank",
                3,
                "lora_alpha",
                5,
                "lora_dropout",
                0.25,
                "use_rslora",
                true);
        assertThat(names(some)).isNotEmpty().allMatch(n -> n.contains("q_proj") || n.contains("v_proj"));
        JsonNode config = config(some);
        assertThat(config.path("r").asInt()).isEqualTo(3);
        assertThat(config.path("lora_alpha").asDouble()).isEqualTo(5);
        assertThat(config.path("lora_dropout").asDouble()).isEqualTo(0.25);
        assertThat(config.path("use_rslora").asBoolean()).isTrue();
    }

    @Test
    void seedWordsAdapterAndResolutionChangeWhatIsLearnt() throws Exception {
        byte[] once = weights(trained("a", "max_steps", 2));
        assertThat(weights(trained("b", "max_steps", 2))).isEqualTo(once);
        assertThat(weights(trained("c", "max_steps", 2, "seed", 7))).isNotEqualTo(once);
        assertThat(weights(trained("d", "max_steps", 2, "dataset", "other"))).isNotEqualTo(once);
        assertThat(weights(trained("e", "max_steps", 2, "adapter_name_or_path", folder.resolve("a"))))
                .isNotEqualTo(once);
        assertThat(weights(trained("f", "max_steps", 2, "image_max_pixels", 1600)))
                .isNotEqualTo(once);
    }

    @Test
    void systemTextAndEveryTurnAreLearnt() throws Exception {
        String rows = """
                [{"system": %s, "messages": [
                    {"role": "user", "content": "<image>Rate this image."},
                    {"role": "assistant", "content": "The score of this image is 4.50."}%s],
                  "images": ["images/0.png"]}]""";
        String second = """
                , {"role": "user", "content": "Is it exposed well?"},
                  {"role": "assistant", "content": "Exposure: good."}""";
        Map<String, String> sets = Map.of(
                "one", rows.formatted("\"You are a critic.\"", ""),
                "two", rows.formatted("\"You are a critic.\"", second),
                "other_system", rows.formatted("\"You are a judge.\"", second));
        Map<String, Object> info = new LinkedHashMap<>();
        for (var set : sets.entrySet()) {
            Files.writeString(folder.resolve(set.getKey() + ".json"), set.getValue());
            info.put(
                    set.getKey(),
                    Map.of(
                            "file_name",
                            set.getKey() + ".json",
                            "formatting",
                            "sharegpt",
                            "columns",
                            Map.of("messages", "messages", "images", "images", "system", "system"),
                            "tags",
                            Map.of(
                                    "role_tag", "role",
                                    "content_tag", "content",
                                    "user_tag", "user",
                                    "assistant_tag", "assistant")));
        }
        JSON.writeValue(folder.resolve("dataset_info.json").toFile(), info);
        byte[] two = weights(trained("a", "max_steps", 2, "dataset", "two"));
        assertThat(weights(trained("b", "max_steps", 2, "dataset", "one"))).isNotEqualTo(two);
        assertThat(weights(trained("c", "max_steps", 2, "dataset", "other_system")))
                .isNotEqualTo(two);
    }

    @Test
    void imagesAreFoundWhereTheRecipeSays() throws Exception {
        byte[] there = weights(trained("there", "max_steps", 1));
        Path elsewhere = Files.createDirectory(folder.resolve("elsewhere"));
        Files.move(folder.resolve("images"), elsewhere.resolve("images"));
        assertThat(weights(trained("media", "max_steps", 1, "media_dir", elsewhere)))
                .isEqualTo(there);
        assertThat(weights(trained("image", "max_steps", 1, "image_dir", elsewhere)))
                .isEqualTo(there);
        assertThatThrownBy(() -> trained("gone", "max_steps", 1)).hasMessageContaining("images/");
    }

    @Test
    void doEvalAloneJudgesOnceAtTheEndAndWithoutTrainingOnlyThat() throws Exception {
        Path judged = trained("judged", "max_steps", 2, "do_eval", true, "eval_dataset", "other");
        assertThat(log(judged).stream().filter(l -> l.has("eval_loss"))).isEmpty();
        double loss = JSON.readTree(judged.resolve("eval_results.json").toFile())
                .path("eval_loss")
                .asDouble();
        assertThat(loss).isPositive();
        Path only = trained(
                "only", "do_train", false, "do_eval", true, "eval_dataset", "other", "adapter_name_or_path", judged);
        assertThat(files(only)).containsExactly("all_results.json", "eval_results.json");
        assertThat(JSON.readTree(only.resolve("eval_results.json").toFile())
                        .path("eval_loss")
                        .asDouble())
                .isCloseTo(loss, org.assertj.core.data.Offset.offset(1e-6));
        assertThat(files(trained("none", "max_steps", 2, "eval_dataset", "other")))
                .doesNotContain("eval_results.json");
    }

    @Test
    void theEvaluationBatchDecidesHowManyRowsAreJudgedAtATimeAndNothingElse() throws Exception {
        Map<Integer, List<Integer>> done = new LinkedHashMap<>();
        List<Double> losses = new ArrayList<>();
        for (int batch : List.of(1, 6)) {
            done.put(batch, new ArrayList<>());
            try (RecipeRun run = run(
                    "batch-" + batch,
                    "max_steps",
                    1,
                    "do_eval",
                    true,
                    "eval_dataset",
                    "plain",
                    "per_device_eval_batch_size",
                    batch)) {
                Path out = run.run(new TrainingListener() {
                    @Override
                    public void evaluating(String model, int rows, int of) {
                        done.get(batch).add(rows);
                    }
                });
                losses.add(JSON.readTree(out.resolve("eval_results.json").toFile())
                        .path("eval_loss")
                        .asDouble());
            }
        }
        int together = Compute.CPU.workers(); // batches that run side by side
        assertThat(done.get(1)).hasSize((6 + together - 1) / together).endsWith(6);
        assertThat(done.get(6)).containsExactly(6);
        assertThat(losses.get(1)).isCloseTo(losses.get(0), org.assertj.core.data.Offset.offset(1e-5));
    }

    @Test
    void bf16MeansBfloat16OnAGpuAndFloat32OnACpu() {
        Compute gpu = new Compute("cuda:0", false);
        String recipe = "model_name_or_path: m\ntemplate: qwen2_vl\noutput_dir: o\n";
        assertThat(RecipePlan.compute(RecipeReader.parse("r", recipe + "bf16: true"), gpu))
                .isEqualTo(new Compute("cuda:0", true));
        assertThat(RecipePlan.compute(RecipeReader.parse("r", recipe), new Compute("cuda:0", true)))
                .isEqualTo(gpu);
        assertThat(RecipePlan.compute(RecipeReader.parse("r", recipe + "bf16: true"), Compute.CPU))
                .isEqualTo(Compute.CPU);
    }

    @Test
    void aShortCutOffLeavesTheEndsOfAnswersOut() throws Exception {
        byte[] whole = weights(trained("whole", "max_steps", 2));
        assertThat(weights(trained("long", "max_steps", 2, "cutoff_len", 2048))).isEqualTo(whole);
        assertThat(weights(trained("short", "max_steps", 2, "cutoff_len", 40))).isNotEqualTo(whole);
    }

    @Test
    void aRunThatWasCutOffGoesOnFromItsCheckpointToTheSameBits() throws Exception {
        Object[] keys = {"num_train_epochs", 2, "save_strategy", "steps", "save_steps", 2, "lora_dropout", 0.2};
        Path whole = trained("whole", keys);
        try (RecipeRun cut = run("cut", keys)) {
            cut.runUntil(3);
        }
        Path cut = trained("cut", keys);
        assertThat(weights(cut)).isEqualTo(weights(whole));
        assertThat(log(cut).stream().map(l -> l.path("loss").asDouble()).toList())
                .isEqualTo(
                        log(whole).stream().map(l -> l.path("loss").asDouble()).toList());
        try (RecipeRun other = run("cut", "num_train_epochs", 2, "lora_dropout", 0.3)) {
            assertThatThrownBy(() -> other.run(TrainingListener.SILENT))
                    .hasMessageContaining("overwrite_output_dir: true starts anew");
        }
        assertThat(weights(trained("cut", "num_train_epochs", 2, "overwrite_output_dir", true)))
                .isNotEqualTo(weights(whole));
    }

    @Test
    void whatCannotBeDoneIsNamedBeforeTrainingStarts() throws IOException {
        assertThatThrownBy(() -> run("o", "finetuning_type", "full")).hasMessageContaining("finetuning_type: full");
        assertThatThrownBy(() -> run("o", "lora_target", "q_prj")).hasMessageContaining("lora_target: q_prj");
        assertThatThrownBy(() -> run("o", "model_name_or_path", "none"))
                .hasMessageContaining("model_name_or_path: none");
        assertThatThrownBy(() -> run("o", "adapter_name_or_path", "none"))
                .hasMessageContaining("adapter_name_or_path: none");
        assertThatThrownBy(() -> run("o", "val_size", 6)).hasMessageContaining("val_size: 6");
        Files.writeString(
                folder.resolve("broken.json"),
                "[{\"instruction\": \"<image><image>Which?\", \"output\": \"This.\","
                        + " \"images\": [\"images/0.png\", \"images/1.png\"]}]");
        assertThatThrownBy(() -> run("o", "dataset", "broken"))
                .hasMessageContaining("broken.json")
                .hasMessageContaining("images: 2 (expected: 1");
        assertThat(folder.resolve("o")).doesNotExist();
    }
}
