package io.realqa.trainer.recipe;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import io.realqa.trainer.recipe.Recipe.Finetuning;
import io.realqa.trainer.recipe.Recipe.Scheduler;
import io.realqa.trainer.recipe.Recipe.When;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * Reads a recipe: a YAML file with LLaMA-Factory's keys, defaults and meaning (those of its release 0.9.2, on which RealQA's
 * code builds). What is unknown or not supported is an error, never ignored.
 */
public final class RecipeReader {
    private static final ObjectMapper YAML = new ObjectMapper(YAMLFactory.builder()
            .enable(YAMLParser.Feature.PARSE_BOOLEAN_LIKE_WORDS_AS_STRINGS)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build());
    /** Images over this area are shrunk to it: LLaMA-Factory's image_resolution. */
    private static final int MOST_PIXELS = 512 * 512;

    private static final int LOGGING_STEPS = 500;
    private static final int SAVE_STEPS = 500;

    private final RecipeValues values;

    private RecipeReader(RecipeValues values) {
        this.values = values;
    }

    /**
     * Reads a file.
     *
     * @throws IllegalArgumentException naming file, key, value and what was expected; for an unknown key the nearest known one
     */
    public static Recipe read(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new IllegalArgumentException(file + ": no such file (expected: a recipe in YAML)");
        }
        try {
            return parse(file.toString(), Files.readString(file));
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException(file + ": not UTF-8 (expected: a recipe in YAML)", e);
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": " + e, e);
        }
    }

    /**
     * Reads a text.
     *
     * @param where what messages call it
     */
    public static Recipe parse(String where, String yaml) {
        JsonNode node;
        try {
            node = YAML.readTree(yaml);
        } catch (JsonProcessingException e) {
            String line =
                    e.getLocation() == null ? "" : ", line " + e.getLocation().getLineNr();
            throw new IllegalArgumentException(where + line + ": " + e.getOriginalMessage(), e);
        }
        if (!node.isObject()) {
            throw new IllegalArgumentException(where + ": no keys (expected: a recipe in YAML)");
        }
        RecipeReader reader = new RecipeReader(new RecipeValues(where, node));
        List<String> notes = reader.checkKeys();
        return reader.recipe(notes);
    }

    /** Refuses what is unknown or not supported; returns notes on what has no effect. */
    private List<String> checkKeys() {
        List<String> notes = new ArrayList<>();
        for (Map.Entry<String, JsonNode> entry : values.node().properties()) {
            String key = entry.getKey();
            if (!RecipeKeys.known(key)) {
                throw new IllegalArgumentException(
                        values.where() + ": " + key + ": unknown key (expected: " + RecipeKeys.nearest(key) + "?)");
            }
            String only = RecipeKeys.ONLY.get(key);
            if (only != null && !isOnly(entry.getValue(), only)) {
                throw values.error(key, (only.isEmpty() ? "no value" : only) + "; others are not supported");
            }
            if (RecipeKeys.WITHOUT_EFFECT.containsKey(key)) {
                notes.add(key + " has no effect: " + RecipeKeys.WITHOUT_EFFECT.get(key));
            }
        }
        return notes;
    }

    private static boolean isOnly(JsonNode value, String only) {
        if (value.isNull()) {
            return true;
        }
        String text = value.isValueNode() ? value.asText().strip() : value.toString();
        if (text.equalsIgnoreCase(only)) {
            return true;
        }
        try {
            return !only.isEmpty() && Double.parseDouble(text) == Double.parseDouble(only);
        } catch (NumberFormatException e) {
            return false;
        }
    }

    private Recipe recipe(List<String> notes) {
        boolean doTrain = values.flag("do_train", false);
        Recipe.Output output = output();
        Recipe.Evaluation evaluation = evaluation(output);
        return new Recipe(
                doTrain, model(), lora(), data(doTrain, evaluation), output, optimisation(), evaluation, notes);
    }

    private Recipe.Model model() {
        Optional<String> adapter = values.text("adapter_name_or_path").filter(a -> !a.isEmpty());
        if (adapter.isPresent() && adapter.get().contains(",")) {
            throw values.error("adapter_name_or_path", "one adapter; several are not supported");
        }
        Finetuning finetuning = values.choice("finetuning_type", Finetuning.LORA, Finetuning.class);
        if (adapter.isPresent() && finetuning != Finetuning.LORA) {
            throw values.error("adapter_name_or_path", "none with finetuning_type " + "full");
        }
        values.either("image_resolution", "image_max_pixels");
        int mostPixels = values.has("image_max_pixels")
                ? values.positive("image_max_pixels", MOST_PIXELS)
                : values.positive("image_resolution", MOST_PIXELS);
        return new Recipe.Model(
                values.required("model_name_or_path", "the folder of a checkpoint"),
                adapter,
                finetuning,
                values.flag("freeze_vision_tower", true),
                values.flag("bf16", false),
                mostPixels);
    }

    private Recipe.Lora lora() {
        int rank = values.positive("lora_rank", 8);
        List<String> targets = values.list("lora_target");
        if (targets.size() > 1 && targets.contains("all")) {
            throw values.error("lora_target", "all, or names without it");
        }
        return new Recipe.Lora(
                targets.isEmpty() ? List.of("all") : targets,
                rank,
                values.positive("lora_alpha", 2 * rank),
                values.number("lora_dropout", 0, v -> v >= 0 && v < 1, "0 to below 1"),
                values.flag("use_rslora", false));
    }

    private Recipe.Data data(boolean doTrain, Recipe.Evaluation evaluation) {
        List<String> datasets = values.list("dataset");
        List<String> evalDatasets = values.list("eval_dataset");
        double validation = values.number(
                "val_size",
                0,
                v -> v >= 0 && (v < 1 || v == Math.rint(v)),
                "a share from 0 to below 1, or a number of rows");
        if (doTrain && datasets.isEmpty()) {
            throw values.error("dataset", "names of data sets, as do_train is true");
        }
        if (validation > 0 && !evalDatasets.isEmpty()) {
            throw values.error("val_size", "0, as eval_dataset is set");
        }
        if (validation > 0 && datasets.isEmpty()) {
            throw values.error("val_size", "0, as dataset is not set");
        }
        if (evaluation.atTheEnd() && validation == 0 && evalDatasets.isEmpty()) {
            throw values.error(
                    "eval_dataset", "names of data sets, or a val_size above 0, as an evaluation is asked for");
        }
        String template = values.required("template", "qwen2_vl");
        if (!template.equals("qwen2_vl")) {
            throw values.error("template", "qwen2_vl; others are not supported");
        }
        Path folder = Path.of(values.text("dataset_dir").orElse("data"));
        Optional<String> media = values.either("image_dir", "media_dir");
        return new Recipe.Data(
                datasets,
                evalDatasets,
                folder,
                media.map(Path::of).orElse(folder),
                template,
                values.positive("cutoff_len", 2048),
                values.has("max_samples") ? OptionalLong.of(values.positive("max_samples", 1)) : OptionalLong.empty(),
                validation);
    }

    private Recipe.Output output() {
        int steps = values.positive("save_steps", SAVE_STEPS);
        return new Recipe.Output(
                Path.of(values.required("output_dir", "a folder to write to")),
                values.flag("overwrite_output_dir", false),
                values.positive("logging_steps", LOGGING_STEPS),
                values.choice("save_strategy", When.STEPS, When.class),
                steps,
                values.has("save_total_limit")
                        ? OptionalInt.of(values.positive("save_total_limit", 1))
                        : OptionalInt.empty(),
                values.flag("plot_loss", false));
    }

    private Recipe.Optimisation optimisation() {
        int maxSteps = values.integer("max_steps", -1, -1, "a positive integer, or -1 for epochs");
        return new Recipe.Optimisation(
                values.positive("per_device_train_batch_size", 8),
                values.positive("gradient_accumulation_steps", 1),
                values.number("learning_rate", 5e-5, v -> v > 0 && Double.isFinite(v), "above 0"),
                values.number("num_train_epochs", 3, v -> v > 0 && Double.isFinite(v), "above 0"),
                maxSteps > 0 ? OptionalLong.of(maxSteps) : OptionalLong.empty(),
                values.choice("lr_scheduler_type", Scheduler.LINEAR, Scheduler.class),
                values.number("warmup_ratio", 0, v -> v >= 0 && v <= 1, "0 to 1"),
                values.integer("warmup_steps", 0, 0, "0 or a positive integer"),
                values.number("weight_decay", 0, v -> v >= 0 && Double.isFinite(v), "0 or more"),
                values.number("adam_beta1", 0.9, v -> v >= 0 && v < 1, "0 to below 1"),
                values.number("adam_beta2", 0.999, v -> v >= 0 && v < 1, "0 to below 1"),
                values.number("adam_epsilon", 1e-8, v -> v > 0 && Double.isFinite(v), "above 0"),
                values.number("max_grad_norm", 1, v -> v >= 0 && Double.isFinite(v), "0 or more"),
                values.integer("seed", 42, 0, "0 or a positive integer"));
    }

    private Recipe.Evaluation evaluation(Recipe.Output output) {
        String key = values.has("evaluation_strategy") ? "evaluation_strategy" : "eval_strategy";
        When when = values.either("eval_strategy", "evaluation_strategy")
                // YAML 1.1 reads an unquoted no as false
                .map(t -> t.equalsIgnoreCase("false") ? When.NO : values.choiceValue(key, t, When.class))
                .orElse(When.NO);
        return new Recipe.Evaluation(
                when,
                values.positive("eval_steps", output.loggingSteps()),
                values.positive("per_device_eval_batch_size", 8),
                when != When.NO || values.flag("do_eval", false));
    }
}
