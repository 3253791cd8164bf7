package io.realqa.trainer.recipe;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * A training recipe with LLaMA-Factory's defaults and meaning. Paths are as written, so relative ones are relative to the
 * working directory. Immutable.
 *
 * @param doTrain whether to train (do_train)
 * @param notes what the recipe says that has no effect here, and why; for people
 */
public record Recipe(
        boolean doTrain,
        Model model,
        Lora lora,
        Data data,
        Output output,
        Optimisation optimisation,
        Evaluation evaluation,
        List<String> notes) {

    public Recipe {
        notes = List.copyOf(notes);
    }

    /** What is trained. */
    public enum Finetuning {
        LORA,
        FULL
    }

    /** How the learning rate goes on after the warm-up, over all steps. */
    public enum Scheduler {
        /** Down to 0 in a straight line. */
        LINEAR,
        /** Down to 0 along half a cosine. */
        COSINE,
        /** Stays; no warm-up. */
        CONSTANT,
        /** Stays. */
        CONSTANT_WITH_WARMUP
    }

    /** When to save, or to evaluate. */
    public enum When {
        NO,
        STEPS,
        EPOCH
    }

    /**
     * @param nameOrPath folder of the base checkpoint (model_name_or_path)
     * @param adapter folder of an adapter to go on from (adapter_name_or_path)
     * @param finetuning LoRA or all weights (finetuning_type)
     * @param freezeVisionTower whether the vision tower's weights, or its adapter, stay out (freeze_vision_tower)
     * @param bf16 whether to compute in bfloat16 (bf16)
     * @param mostPixels an image with a larger area, in pixels, is first shrunk to it (image_resolution, image_max_pixels)
     */
    public record Model(
            String nameOrPath,
            Optional<String> adapter,
            Finetuning finetuning,
            boolean freezeVisionTower,
            boolean bf16,
            int mostPixels) {}

    /**
     * @param targets module names, or only {@code all}: every linear layer but lm_head, the merger, and a frozen vision tower
     *     (lora_target)
     * @param rank (lora_rank)
     * @param alpha the update is scaled by alpha / rank (lora_alpha; default 2 · rank)
     * @param dropout before A, 0 to 1 (lora_dropout)
     * @param rankStabilised scaled by alpha / √rank instead (use_rslora)
     */
    public record Lora(List<String> targets, int rank, int alpha, double dropout, boolean rankStabilised) {
        public Lora {
            targets = List.copyOf(targets);
        }

        /** Whether every linear layer is meant. */
        public boolean allTargets() {
            return targets.equals(List.of("all"));
        }
    }

    /**
     * @param datasets names in dataset_info.json, one after the other in each epoch's shuffle (dataset)
     * @param evalDatasets (eval_dataset)
     * @param folder of dataset_info.json (dataset_dir)
     * @param mediaFolder of images and videos with relative paths (image_dir, media_dir; default: folder)
     * @param template chat wrapper (template)
     * @param cutoffLength longest sequence in tokens, the image's included; longer ones are cut (cutoff_len)
     * @param maxSamples rows of each data set at most (max_samples)
     * @param validation rows held out of the training data: a share below 1, or a number (val_size)
     */
    public record Data(
            List<String> datasets,
            List<String> evalDatasets,
            Path folder,
            Path mediaFolder,
            String template,
            int cutoffLength,
            OptionalLong maxSamples,
            double validation) {
        public Data {
            datasets = List.copyOf(datasets);
            evalDatasets = List.copyOf(evalDatasets);
        }
    }

    /**
     * @param folder for the adapter, checkpoints and logs (output_dir)
     * @param overwrite start anew where the folder holds a checkpoint, which else is gone on from (overwrite_output_dir)
     * @param loggingSteps optimiser steps between two lines of the log (logging_steps)
     * @param save when to write a checkpoint (save_strategy)
     * @param saveSteps optimiser steps between two checkpoints (save_steps)
     * @param saveLimit checkpoints to keep (save_total_limit)
     * @param plotLoss whether to draw the loss (plot_loss)
     */
    public record Output(
            Path folder,
            boolean overwrite,
            int loggingSteps,
            When save,
            int saveSteps,
            OptionalInt saveLimit,
            boolean plotLoss) {}

    /**
     * AdamW and its schedule.
     *
     * @param batch conversations in one forward pass (per_device_train_batch_size)
     * @param accumulation passes in one optimiser step (gradient_accumulation_steps)
     * @param learningRate highest (learning_rate)
     * @param epochs may be a fraction (num_train_epochs)
     * @param maxSteps optimiser steps, instead of epochs (max_steps)
     * @param scheduler (lr_scheduler_type)
     * @param warmupRatio share of all steps that the learning rate takes to rise (warmup_ratio)
     * @param warmupSteps the same in steps; goes first if above 0 (warmup_steps)
     * @param weightDecay (weight_decay)
     * @param beta1 (adam_beta1)
     * @param beta2 (adam_beta2)
     * @param epsilon (adam_epsilon)
     * @param maxGradNorm gradients are clipped to this norm; 0: not (max_grad_norm)
     * @param seed (seed)
     */
    public record Optimisation(
            int batch,
            int accumulation,
            double learningRate,
            double epochs,
            OptionalLong maxSteps,
            Scheduler scheduler,
            double warmupRatio,
            int warmupSteps,
            double weightDecay,
            double beta1,
            double beta2,
            double epsilon,
            double maxGradNorm,
            long seed) {
        /** Optimiser steps of warm-up out of {@code steps} in all. */
        public long warmup(long steps) {
            if (scheduler == Scheduler.CONSTANT) {
                return 0;
            }
            return warmupSteps > 0 ? warmupSteps : (long) Math.ceil(steps * warmupRatio);
        }

        /** The learning rate of an optimiser step, counted from 0, out of {@code steps} in all. */
        public double learningRate(long step, long steps) {
            long warmup = warmup(steps);
            if (step < warmup) {
                return learningRate * step / warmup;
            }
            double done = (double) (step - warmup) / Math.max(1, steps - warmup);
            return switch (scheduler) {
                case LINEAR -> learningRate * Math.max(0, 1 - done);
                case COSINE -> learningRate * Math.max(0, 0.5 * (1 + Math.cos(Math.PI * done)));
                case CONSTANT, CONSTANT_WITH_WARMUP -> learningRate;
            };
        }
    }

    /**
     * @param when (eval_strategy; do_eval alone: once, at the end)
     * @param steps optimiser steps between two evaluations (eval_steps; default: logging_steps)
     * @param batch conversations in one pass (per_device_eval_batch_size)
     * @param atTheEnd whether to evaluate at all (do_eval)
     */
    public record Evaluation(When when, int steps, int batch, boolean atTheEnd) {}
}
