package io.realqa.trainer.training;

import io.realqa.scorer.Checkpoint;
import io.realqa.scorer.Compute;
import io.realqa.scorer.LoraSettings;
import io.realqa.scorer.ModelTrainer;
import io.realqa.trainer.recipe.Recipe;
import io.realqa.trainer.recipe.Recipe.When;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What a recipe makes of a number of rows: how many steps, how each is taken, what happens after it. Pure.
 *
 * @param rows that train
 */
record RecipePlan(Recipe recipe, int rows) {
    private static final List<String> LANGUAGE =
            List.of("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj");
    private static final List<String> VISION = List.of("attn.qkv", "attn.proj", "fc1", "fc2");

    /**
     * Refuses what a recipe may say and this project cannot do.
     *
     * @throws IllegalArgumentException naming key, value and what was expected
     */
    static void check(Recipe recipe) {
        if (recipe.model().finetuning() == Recipe.Finetuning.FULL) {
            throw new IllegalArgumentException(
                    "finetuning_type: full (expected: lora; training all weights is not supported)");
        }
        if (!recipe.doTrain() && !recipe.evaluation().atTheEnd()) {
            throw new IllegalArgumentException("do_train: false (expected: true, or do_eval: true)");
        }
        if (!Files.isDirectory(Path.of(recipe.model().nameOrPath()))) {
            throw new IllegalArgumentException("model_name_or_path: "
                    + recipe.model().nameOrPath() + " (expected: the folder of a checkpoint; nothing is downloaded)");
        }
        if (recipe.model().adapter().isPresent()
                && !Files.isDirectory(Path.of(recipe.model().adapter().get()))) {
            throw new IllegalArgumentException(
                    "adapter_name_or_path: " + recipe.model().adapter().get() + " (expected: a PEFT adapter's folder)");
        }
        targets(recipe);
    }

    /** Where and in which precision: bfloat16 where the recipe says so and the device is a GPU. */
    static Compute compute(Recipe recipe, Compute machine) {
        return new Compute(machine.device(), !machine.onCpu() && recipe.model().bf16());
    }

    /** The adapter to train: the recipe's, or, going on from one, that one's. */
    static LoraSettings lora(Recipe recipe, Checkpoint checkpoint) {
        if (recipe.model().adapter().isPresent()) {
            return LoraSettings.of(checkpoint, Path.of(recipe.model().adapter().get()));
        }
        Recipe.Lora l = recipe.lora();
        return new LoraSettings(
                l.rank(), l.alpha(), l.dropout(), l.rankStabilised(), targets(recipe), List.of(), Map.of(), Map.of());
    }

    /** Ends of the adapted modules' names. A name in the recipe means every module whose name holds it, as there. */
    private static List<String> targets(Recipe recipe) {
        List<String> open = recipe.model().freezeVisionTower()
                ? LANGUAGE
                : Stream.concat(LANGUAGE.stream(), VISION.stream()).toList();
        if (recipe.lora().allTargets()) {
            return open;
        }
        for (String name : recipe.lora().targets()) {
            if (open.stream().noneMatch(o -> o.contains(name))) {
                throw new IllegalArgumentException("lora_target: " + name + " (expected: all, or some of " + open
                        + (recipe.model().freezeVisionTower() ? "; the vision tower is frozen)" : ")"));
            }
        }
        return open.stream()
                .filter(o -> recipe.lora().targets().stream().anyMatch(o::contains))
                .toList();
    }

    /** Rows of one step. */
    int stepRows() {
        return Math.multiplyExact(
                recipe.optimisation().batch(), recipe.optimisation().accumulation());
    }

    int stepsPerEpoch() {
        return TrainingLoop.Schedule.stepsPerEpoch(rows, stepRows());
    }

    /** Steps in all. */
    int steps() {
        Recipe.Optimisation o = recipe.optimisation();
        return Math.toIntExact(
                o.maxSteps().isPresent() ? o.maxSteps().getAsLong() : (long) Math.ceil(o.epochs() * stepsPerEpoch()));
    }

    /** How a step, counted from 0, is taken. */
    ModelTrainer.Step step(int step) {
        Recipe.Optimisation o = recipe.optimisation();
        return new ModelTrainer.Step(
                o.learningRate(step, steps()), o.weightDecay(), o.maxGradNorm(), o.beta1(), o.beta2(), o.epsilon());
    }

    TrainingLoop.Schedule schedule() {
        return new TrainingLoop.Schedule(
                steps(),
                stepRows(),
                recipe.optimisation().batch(),
                recipe.optimisation().seed(),
                this::step);
    }

    /** Epochs that so many steps are. */
    double epochs(int steps) {
        return (double) steps / stepsPerEpoch();
    }

    /** Whether a line of the log follows so many steps. */
    boolean logs(int steps) {
        return steps % recipe.output().loggingSteps() == 0 || steps == steps();
    }

    /** Whether a checkpoint follows. */
    boolean saves(int steps) {
        When when = recipe.output().save();
        return when != When.NO
                && (steps == steps() || due(when, steps, recipe.output().saveSteps()));
    }

    /** Whether an evaluation follows. */
    boolean evaluates(int steps) {
        return due(recipe.evaluation().when(), steps, recipe.evaluation().steps());
    }

    private boolean due(When when, int steps, int every) {
        return switch (when) {
            case NO -> false;
            case STEPS -> steps % every == 0;
            case EPOCH -> steps % stepsPerEpoch() == 0;
        };
    }
}
