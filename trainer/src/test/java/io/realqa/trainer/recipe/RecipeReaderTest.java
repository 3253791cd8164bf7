package io.realqa.trainer.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.realqa.trainer.recipe.Recipe.Finetuning;
import io.realqa.trainer.recipe.Recipe.Scheduler;
import io.realqa.trainer.recipe.Recipe.When;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RecipeReaderTest {
    private static final String LEAST = "model_name_or_path: m\ntemplate: qwen2_vl\noutput_dir: o\n";

    private static Recipe with(String yaml) {
        Map<String, String> lines = new LinkedHashMap<>();
        (LEAST + yaml).lines().forEach(l -> lines.put(l.split(":", 2)[0], l)); // a later line replaces an earlier one
        return RecipeReader.parse("r.yaml", String.join("\n", lines.values()));
    }

    private record Case(String yaml, Function<Recipe, Object> read, Object byDefault, Object changed) {}

    private static Case of(String yaml, Function<Recipe, Object> read, Object byDefault, Object changed) {
        return new Case(yaml, read, byDefault, changed);
    }

    private static List<Case> cases() {
        return List.of(
                of("model_name_or_path: base", r -> r.model().nameOrPath(), "m", "base"),
                of("adapter_name_or_path: a", r -> r.model().adapter().orElse(""), "", "a"),
                of("do_train: true\ndataset: d", Recipe::doTrain, false, true),
                of("do_eval: true\neval_dataset: e", r -> r.evaluation().atTheEnd(), false, true),
                of("finetuning_type: full", r -> r.model().finetuning(), Finetuning.LORA, Finetuning.FULL),
                of("lora_target: q_proj, v_proj", r -> r.lora().targets(), List.of("all"), List.of("q_proj", "v_proj")),
                of("lora_rank: 128", r -> r.lora().rank(), 8, 128),
                of("lora_alpha: 4", r -> r.lora().alpha(), 16, 4),
                of("lora_dropout: 0.15", r -> r.lora().dropout(), 0.0, 0.15),
                of("use_rslora: true", r -> r.lora().rankStabilised(), false, true),
                of("freeze_vision_tower: False", r -> r.model().freezeVisionTower(), true, false),
                of("image_resolution: 401408", r -> r.model().mostPixels(), 262144, 401408),
                of("image_max_pixels: 589824", r -> r.model().mostPixels(), 262144, 589824),
                of("dataset: a, b,c", r -> r.data().datasets(), List.of(), List.of("a", "b", "c")),
                of("eval_dataset: [a, b]", r -> r.data().evalDatasets(), List.of(), List.of("a", "b")),
                of("dataset_dir: d", r -> r.data().folder(), Path.of("data"), Path.of("d")),
                of("image_dir: d", r -> r.data().mediaFolder(), Path.of("data"), Path.of("d")),
                of("media_dir: d", r -> r.data().mediaFolder(), Path.of("data"), Path.of("d")),
                of("cutoff_len: 1024", r -> r.data().cutoffLength(), 2048, 1024),
                of("max_samples: 7", r -> r.data().maxSamples(), OptionalLong.empty(), OptionalLong.of(7)),
                of("val_size: 0.1\ndataset: d", r -> r.data().validation(), 0.0, 0.1),
                of("output_dir: saves", r -> r.output().folder(), Path.of("o"), Path.of("saves")),
                of("overwrite_output_dir: true", r -> r.output().overwrite(), false, true),
                of("logging_steps: 10", r -> r.output().loggingSteps(), 500, 10),
                of("save_strategy: epoch", r -> r.output().save(), When.STEPS, When.EPOCH),
                of("save_steps: 1000", r -> r.output().saveSteps(), 500, 1000),
                of("save_total_limit: 2", r -> r.output().saveLimit(), OptionalInt.empty(), OptionalInt.of(2)),
                of("plot_loss: true", r -> r.output().plotLoss(), false, true),
                of("per_device_train_batch_size: 2", r -> r.optimisation().batch(), 8, 2),
                of("gradient_accumulation_steps: 8", r -> r.optimisation().accumulation(), 1, 8),
                of("learning_rate: 1e-4", r -> r.optimisation().learningRate(), 5e-5, 1e-4),
                of("num_train_epochs: 2.5", r -> r.optimisation().epochs(), 3.0, 2.5),
                of("max_steps: 9", r -> r.optimisation().maxSteps(), OptionalLong.empty(), OptionalLong.of(9)),
                of("lr_scheduler_type: cosine", r -> r.optimisation().scheduler(), Scheduler.LINEAR, Scheduler.COSINE),
                of("warmup_ratio: 0.1", r -> r.optimisation().warmup(101), 0L, 11L),
                of("warmup_steps: 5\nwarmup_ratio: 0.1", r -> r.optimisation().warmup(101), 0L, 5L),
                of("weight_decay: 0.01", r -> r.optimisation().weightDecay(), 0.0, 0.01),
                of("adam_beta1: 0.8", r -> r.optimisation().beta1(), 0.9, 0.8),
                of("adam_beta2: 0.95", r -> r.optimisation().beta2(), 0.999, 0.95),
                of("adam_epsilon: 1e-6", r -> r.optimisation().epsilon(), 1e-8, 1e-6),
                of("max_grad_norm: 0", r -> r.optimisation().maxGradNorm(), 1.0, 0.0),
                of("seed: 7", r -> r.optimisation().seed(), 42L, 7L),
                of("bf16: true", r -> r.model().bf16(), false, true),
                of("eval_strategy: steps\neval_dataset: e", r -> r.evaluation().when(), When.NO, When.STEPS),
                of(
                        "evaluation_strategy: epoch\neval_dataset: e",
                        r -> r.evaluation().when(),
                        When.NO,
                        When.EPOCH),
                of("eval_steps: 50", r -> r.evaluation().steps(), 500, 50),
                of("per_device_eval_batch_size: 1", r -> r.evaluation().batch(), 8, 1));
    }

    Stream<Arguments> keys() {
        return cases().stream().map(c -> Arguments.of(c.yaml().replace("\n", ", "), c));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("keys")
    void aKeyChangesWhatItShouldAndHasLlamaFactorysDefault(String name, Case c) {
        assertThat(c.read().apply(with(""))).isEqualTo(c.byDefault());
        assertThat(c.read().apply(with(c.yaml()))).isEqualTo(c.changed());
    }

    @Test
    void everyKeyThatIsUsedHasACaseAbove() {
        Set<String> tested = new TreeSet<>(Set.of("template")); // has one value only: see below
        cases().forEach(c -> c.yaml().lines().findFirst().ifPresent(l -> tested.add(l.split(":", 2)[0])));
        assertThat(tested).isEqualTo(RecipeKeys.USED);
    }

    @Test
    void alphaIsTwiceTheRankAndEvaluationFollowsLoggingUnlessSaid() {
        assertThat(with("lora_rank: 128").lora().alpha()).isEqualTo(256);
        assertThat(with("logging_steps: 10").evaluation().steps()).isEqualTo(10);
        assertThat(with("dataset_dir: d").data().mediaFolder()).isEqualTo(Path.of("d"));
    }

    @Test
    void aRecipeAsRealQaWritesThemIsRead() throws URISyntaxException {
        Path file = Path.of(Objects.requireNonNull(RecipeReaderTest.class.getResource("/recipe/realqa-like.yaml"))
                .toURI());
        Recipe r = RecipeReader.read(file);
        assertThat(r.doTrain()).isTrue();
        assertThat(r.lora()).isEqualTo(new Recipe.Lora(List.of("all"), 128, 256, 0.05, false));
        assertThat(r.lora().allTargets()).isTrue();
        assertThat(r.model().freezeVisionTower()).isFalse();
        assertThat(r.model().bf16()).isTrue();
        assertThat(r.data().datasets()).containsExactly("fused_en", "single_composition_en", "single_exposure_en");
        assertThat(r.data().validation()).isZero();
        assertThat(r.optimisation().learningRate()).isEqualTo(1e-4);
        assertThat(r.optimisation().accumulation()).isEqualTo(8);
        assertThat(r.evaluation()).isEqualTo(new Recipe.Evaluation(When.NO, 500, 1, false));
        assertThat(r.notes())
                .containsExactly(
                        "overwrite_cache has no effect: there is no cache of prepared data",
                        "preprocessing_num_workers has no effect: images are prepared by as many threads as there are cores",
                        "ddp_timeout has no effect: there is one process");
    }

    @Test
    void theLearningRateRisesAndThenFallsAsTransformersDoes() {
        // transformers.get_cosine_schedule_with_warmup(optimizer, 10, 100): lr_lambda at 0, 5, 10, 55, 99
        Recipe.Optimisation cosine = with("learning_rate: 1.0\nlr_scheduler_type: cosine\nwarmup_ratio: 0.1")
                .optimisation();
        double[] expected = {0, 0.5, 1, 0.5, 0.5 * (1 + Math.cos(Math.PI * 89 / 90))};
        int[] steps = {0, 5, 10, 55, 99};
        for (int i = 0; i < steps.length; i++) {
            assertThat(cosine.learningRate(steps[i], 100))
                    .as("step " + steps[i])
                    .isCloseTo(expected[i], within(1e-12));
        }
        assertThat(with("learning_rate: 1.0\nwarmup_ratio: 0.1").optimisation().learningRate(55, 100))
                .isCloseTo(0.5, within(1e-12));
        assertThat(with("learning_rate: 1.0\nlr_scheduler_type: constant\nwarmup_ratio: 0.5")
                        .optimisation()
                        .learningRate(0, 100))
                .isEqualTo(1);
    }

    @Test
    void aKeyWithoutAValueHasItsDefault() {
        assertThat(with("lora_alpha:\nlora_target:\nmax_samples: null\nquantization_bit:")
                        .lora())
                .isEqualTo(with("").lora());
    }

    @Test
    void yamlsUnquotedNoIsNo() {
        assertThat(with("eval_strategy: no").evaluation().when()).isEqualTo(When.NO);
        assertThat(with("eval_strategy: false").evaluation().when()).isEqualTo(When.NO);
        assertThat(with("save_strategy: no").output().save()).isEqualTo(When.NO);
    }

    @ParameterizedTest
    @CsvSource({
        "lora_rnak: 8, lora_rank",
        "learning_rat: 1e-4, learning_rate",
        "freeze_vison_tower: false, freeze_vision_tower",
        "num_train_epoch: 3, num_train_epochs",
        "per_device_batch_size: 2, per_device_eval_batch_size",
        "warmup: 0.1, warmup_ratio",
        "epochs: 3, num_train_epochs",
        "Template: qwen2_vl, template"
    })
    void aMisspeltKeyIsNamedWithTheNearestKnownOne(String yaml, String nearest) {
        String key = yaml.split(":", 2)[0];
        refuses(yaml, "r.yaml: " + key + ": unknown key (expected: " + nearest + "?)");
    }

    @Test
    void aValueThatIsNotSupportedIsNamed() {
        refuses("stage: dpo", "r.yaml: stage: dpo (expected: sft; others are not supported)");
        refuses("use_dora: true", "r.yaml: use_dora: true (expected: false; others are not supported)");
        refuses("quantization_bit: 4", "r.yaml: quantization_bit: 4 (expected: no value; others are not supported)");
        refuses("deepspeed: z3.json", "deepspeed: z3.json (expected: no value");
        refuses(
                "finetuning_type: freeze",
                "finetuning_type: freeze (expected: one of [lora, full]; others are not supp");
        refuses("lr_scheduler_type: polynomial", "lr_scheduler_type: polynomial (expected: one of [linear, cosine");
        refuses("template: llama3", "template: llama3 (expected: qwen2_vl; others are not supported)");
        refuses("fp16: true", "fp16: true (expected: false");
        refuses(
                "resume_from_checkpoint: saves/checkpoint-5",
                "resume_from_checkpoint: saves/checkpoint-5 (expected: no value");
        assertThat(with("stage: sft\nfp16: False\nquantization_bit: null\nlabel_smoothing_factor: 0")
                        .notes())
                .isEmpty();
        assertThat(with("freeze_multi_modal_projector: true\nfreeze_language_model: false\nsave_only_model: false\n"
                                + "resume_from_checkpoint: null\nreport_to: none")
                        .notes())
                .isEmpty();
    }

    @Test
    void aValueOutOfRangeIsNamed() {
        refuses("lora_rank: 0", "r.yaml: lora_rank: 0 (expected: a positive integer)");
        refuses("lora_rank: 8.5", "lora_rank: 8.5 (expected: a positive integer)");
        refuses("lora_dropout: 1", "lora_dropout: 1 (expected: 0 to below 1)");
        refuses("learning_rate: fast", "learning_rate: fast (expected: above 0)");
        refuses("plot_loss: perhaps", "plot_loss: perhaps (expected: true or false)");
        refuses("lora_target: all, q_proj", "lora_target: all, q_proj (expected: all, or names without it)");
        refuses("dataset: a,,b", "dataset: a,,b (expected: names between commas)");
        refuses("do_train: true", "dataset: missing (expected: names of data sets, as do_train is true)");
        refuses("eval_strategy: steps", "eval_dataset: missing (expected: names of data sets, or a val_size above 0");
        refuses("val_size: 0.1\neval_dataset: e", "val_size: 0.1 (expected: 0, as eval_dataset is set)");
        refuses("image_dir: a\nmedia_dir: b", "image_dir and media_dir are both set (expected: one of them)");
        refuses("model_name_or_path:", "model_name_or_path: missing (expected: the folder of a checkpoint)");
    }

    @Test
    void aTextThatIsNoRecipeIsNamed() {
        assertThatThrownBy(() -> RecipeReader.parse("r.yaml", "")).hasMessageContaining("r.yaml: no keys");
        assertThatThrownBy(() -> RecipeReader.parse("r.yaml", "a: [1"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("r.yaml, line");
        assertThatThrownBy(() -> RecipeReader.parse("r.yaml", LEAST + "lora_rank: 1\nlora_rank: 2"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("Duplicate field 'lora_rank'");
        assertThatThrownBy(() -> RecipeReader.read(Path.of("no.yaml")))
                .hasMessage("no.yaml: no such file (expected: a recipe in YAML)");
    }

    private static void refuses(String yaml, String message) {
        assertThatThrownBy(() -> with(yaml))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }
}
