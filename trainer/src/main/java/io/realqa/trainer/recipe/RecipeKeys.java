package io.realqa.trainer.recipe;

import java.util.Comparator;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** The keys that a recipe may hold, and what becomes of each. */
final class RecipeKeys {
    /** Read into the {@link Recipe}. */
    static final Set<String> USED = new TreeSet<>(Set.of(
            "model_name_or_path",
            "adapter_name_or_path",
            "do_train",
            "do_eval",
            "finetuning_type",
            "lora_target",
            "lora_rank",
            "lora_alpha",
            "lora_dropout",
            "use_rslora",
            "freeze_vision_tower",
            "image_resolution",
            "image_max_pixels",
            "dataset",
            "eval_dataset",
            "dataset_dir",
            "image_dir",
            "media_dir",
            "template",
            "cutoff_len",
            "max_samples",
            "val_size",
            "output_dir",
            "overwrite_output_dir",
            "logging_steps",
            "save_strategy",
            "save_steps",
            "save_total_limit",
            "plot_loss",
            "per_device_train_batch_size",
            "gradient_accumulation_steps",
            "learning_rate",
            "num_train_epochs",
            "max_steps",
            "lr_scheduler_type",
            "warmup_ratio",
            "warmup_steps",
            "weight_decay",
            "adam_beta1",
            "adam_beta2",
            "adam_epsilon",
            "max_grad_norm",
            "seed",
            "bf16",
            "eval_strategy",
            "evaluation_strategy",
            "eval_steps",
            "per_device_eval_batch_size"));

    /** Read and said to have no effect, with the reason. */
    static final Map<String, String> WITHOUT_EFFECT = new TreeMap<>(Map.ofEntries(
            Map.entry("overwrite_cache", "there is no cache of prepared data"),
            Map.entry("preprocessing_num_workers", "images are prepared by as many threads as there are cores"),
            Map.entry("preprocessing_batch_size", "rows are read one by one"),
            Map.entry("dataloader_num_workers", "images are prepared by as many threads as there are cores"),
            Map.entry("dataloader_pin_memory", "images are prepared by as many threads as there are cores"),
            Map.entry("ddp_timeout", "there is one process"),
            Map.entry("ddp_find_unused_parameters", "there is one process"),
            Map.entry("flash_attn", "the fastest attention that the device has is taken"),
            Map.entry("low_cpu_mem_usage", "weights are mapped from their files"),
            Map.entry("use_fast_tokenizer", "there is one tokenizer"),
            Map.entry("trust_remote_code", "no code of a checkpoint is run"),
            Map.entry("include_num_input_tokens_seen", "the log counts images"),
            Map.entry("logging_dir", "logs go to output_dir")));

    /** Only this value is supported: what the key says when it is not there. Null stands as an empty text. */
    static final Map<String, String> ONLY = new TreeMap<>(Map.ofEntries(
            Map.entry("stage", "sft"),
            Map.entry("fp16", "false"),
            Map.entry("pure_bf16", "false"),
            Map.entry("quantization_bit", ""),
            Map.entry("use_dora", "false"),
            Map.entry("pissa_init", "false"),
            Map.entry("loraplus_lr_ratio", ""),
            Map.entry("additional_target", ""),
            Map.entry("create_new_adapter", "false"),
            Map.entry("use_galore", "false"),
            Map.entry("use_badam", "false"),
            Map.entry("use_adam_mini", "false"),
            Map.entry("use_llama_pro", "false"),
            Map.entry("train_mm_proj_only", "false"),
            Map.entry("freeze_multi_modal_projector", "true"),
            Map.entry("freeze_language_model", "false"),
            Map.entry("save_only_model", "false"),
            Map.entry("save_safetensors", "true"),
            Map.entry("resume_from_checkpoint", ""),
            Map.entry("use_unsloth", "false"),
            Map.entry("enable_liger_kernel", "false"),
            Map.entry("group_by_length", "false"),
            Map.entry("train_from_scratch", "false"),
            Map.entry("compute_accuracy", "false"),
            Map.entry("train_on_prompt", "false"),
            Map.entry("mask_history", "false"),
            Map.entry("streaming", "false"),
            Map.entry("packing", "false"),
            Map.entry("neat_packing", "false"),
            Map.entry("mix_strategy", "concat"),
            Map.entry("interleave_probs", ""),
            Map.entry("tokenized_path", ""),
            Map.entry("deepspeed", ""),
            Map.entry("fsdp", ""),
            Map.entry("optim", "adamw_torch"),
            Map.entry("report_to", "none"),
            Map.entry("load_best_model_at_end", "false"),
            Map.entry("neftune_noise_alpha", ""),
            Map.entry("resize_vocab", "false"),
            Map.entry("rope_scaling", ""),
            Map.entry("shift_attn", "false"),
            Map.entry("label_smoothing_factor", "0.0"),
            Map.entry("do_predict", "false"),
            Map.entry("predict_with_generate", "false")));

    private RecipeKeys() {}

    static boolean known(String key) {
        return USED.contains(key) || WITHOUT_EFFECT.containsKey(key) || ONLY.containsKey(key);
    }

    /** The known key with the fewest typing errors to the given one; a part of a key, or a key and more, counts as two. */
    static String nearest(String key) {
        Set<String> all = new TreeSet<>(USED);
        all.addAll(WITHOUT_EFFECT.keySet());
        all.addAll(ONLY.keySet());
        return all.stream()
                .min(Comparator.<String>comparingInt(
                                k -> Math.min(distance(key, k), isPart(key, k) ? 2 : Integer.MAX_VALUE))
                        .thenComparingInt(k -> distance(key, k)))
                .orElseThrow();
    }

    private static boolean isPart(String key, String known) {
        return key.length() >= 4 && (known.contains(key) || key.contains(known));
    }

    /** Insertions, deletions, replacements and swaps of neighbours that turn one word into the other. */
    static int distance(String a, String b) {
        int[][] d = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    d[i][j] = i + j;
                    continue;
                }
                int same = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
                d[i][j] = Math.min(d[i - 1][j - 1] + same, 1 + Math.min(d[i - 1][j], d[i][j - 1]));
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
                }
            }
        }
        return d[a.length()][b.length()];
    }
}
