package io.realqa.scorer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * A LoRA adapter to be trained, in PEFT's terms.
 *
 * @param rank of the matrices A [rank, in] and B [out, rank]
 * @param alpha B A x is multiplied with alpha / rank
 * @param dropout share of the inputs of A that are dropped in training
 * @param rankStabilised multiply with alpha / sqrt(rank) instead
 * @param targets names of the modules to adapt, or ends of names after a point; or, alone, {@code all-linear}, or a
 *     regular expression that starts with {@code regex:}. Names are those of transformers since 4.52
 * @param excluded names or ends of names that are left out
 * @param rankPattern ranks of some modules: regular expression of the end of a name to rank
 * @param alphaPattern likewise for alpha
 */
public record LoraSettings(
        int rank,
        double alpha,
        double dropout,
        boolean rankStabilised,
        List<String> targets,
        List<String> excluded,
        Map<String, Integer> rankPattern,
        Map<String, Double> alphaPattern) {
    /** Every linear layer of language model and vision tower, without the merger: RealQA's choice. */
    public static final List<String> ALL_BUT_THE_MERGER = List.of(
            "q_proj",
            "k_proj",
            "v_proj",
            "o_proj",
            "gate_proj",
            "up_proj",
            "down_proj",
            "attn.qkv",
            "attn.proj",
            "fc1",
            "fc2");
    /** PEFT's word for every linear layer but the output. */
    public static final String ALL_LINEAR = "all-linear";
    /** What a regular expression starts with. */
    public static final String REGEX = "regex:";

    private static final List<String> MERGER = List.of("mlp.0", "mlp.2");

    public LoraSettings {
        if (rank < 1 || rank > 4096) {
            throw new IllegalArgumentException("rank: " + rank + " (expected: 1 to 4096)");
        }
        if (!(alpha > 0) || Double.isInfinite(alpha)) {
            throw new IllegalArgumentException("alpha: " + alpha + " (expected: above 0)");
        }
        if (!(dropout >= 0 && dropout < 1)) {
            throw new IllegalArgumentException("dropout: " + dropout + " (expected: 0 or more and less than 1)");
        }
        targets = List.copyOf(targets);
        excluded = List.copyOf(excluded);
        rankPattern = Map.copyOf(rankPattern);
        alphaPattern = Map.copyOf(alphaPattern);
        if (targets.isEmpty()) {
            throw new IllegalArgumentException("targets: [] (expected: names of modules, all-linear or regex:…)");
        }
        boolean special = targets.stream().anyMatch(t -> t.equals(ALL_LINEAR) || t.startsWith(REGEX));
        if (special && targets.size() > 1) {
            throw new IllegalArgumentException(
                    "targets: " + targets + " (expected: all-linear or a regular expression alone)");
        }
        if (targets.get(0).startsWith(REGEX)) {
            try {
                Pattern.compile(targets.get(0).substring(REGEX.length()));
            } catch (PatternSyntaxException e) {
                throw new IllegalArgumentException(
                        "targets: " + targets.get(0) + " (expected: a regular expression; " + e.getDescription() + ")",
                        e);
            }
        }
    }

    /** An adapter for {@link #ALL_BUT_THE_MERGER}. */
    public static LoraSettings of(int rank, double alpha, double dropout) {
        return new LoraSettings(rank, alpha, dropout, false, ALL_BUT_THE_MERGER, List.of(), Map.of(), Map.of());
    }

    /**
     * The settings of an adapter that is to be trained on: its own modules, by their full names, ranks and scales.
     *
     * @throws ModelException if it cannot be applied to the checkpoint
     */
    public static LoraSettings of(Checkpoint checkpoint, Path adapter) {
        Json json = Json.read(adapter.resolve("adapter_config.json"));
        PeftConfig config = PeftConfig.of(json);
        List<String> names = new ArrayList<>();
        Map<String, Integer> ranks = new TreeMap<>();
        Map<String, Double> alphas = new TreeMap<>();
        for (LoraTensors.Pair pair :
                LoraTensors.read(checkpoint.config(), adapter).pairs()) {
            String name = Adapter.peftName(pair.module(), true);
            int rank = Math.toIntExact(pair.a().shape()[0]);
            double alpha = pair.scale() * (config.rankStabilised() ? Math.sqrt(rank) : rank);
            names.add(name);
            if (rank != config.rank()) {
                ranks.put(name.replace(".", "\\."), rank);
            }
            if (Math.abs(alpha - config.alpha()) > 1e-9 * config.alpha()) {
                alphas.put(name.replace(".", "\\."), alpha);
            }
        }
        double dropout =
                json.has("lora_dropout") ? json.node().path("lora_dropout").asDouble() : 0;
        return new LoraSettings(
                config.rank(), config.alpha(), dropout, config.rankStabilised(), names, List.of(), ranks, alphas);
    }

    /** adapter_config.json as PEFT reads it. */
    String toJson(@Nullable String baseModel) {
        Map<String, Object> json = new TreeMap<>();
        json.put("peft_type", "LORA");
        json.put("task_type", null);
        json.put("base_model_name_or_path", baseModel);
        json.put("inference_mode", true);
        json.put("r", rank);
        json.put("lora_alpha", whole(alpha));
        json.put("lora_dropout", dropout);
        json.put("use_rslora", rankStabilised);
        json.put("use_dora", false);
        json.put("bias", "none");
        json.put("fan_in_fan_out", false);
        json.put("init_lora_weights", true);
        json.put("modules_to_save", null);
        json.put("target_modules", targetModules());
        json.put("exclude_modules", excluded.isEmpty() ? null : excluded);
        json.put("rank_pattern", new TreeMap<>(rankPattern));
        Map<String, Object> alphas = new LinkedHashMap<>();
        new TreeMap<>(alphaPattern).forEach((k, v) -> alphas.put(k, whole(v)));
        json.put("alpha_pattern", alphas);
        try {
            return new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(json) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private Object targetModules() {
        String first = targets.get(0);
        if (first.startsWith(REGEX)) {
            return first.substring(REGEX.length());
        }
        if (first.equals(ALL_LINEAR)) {
            // PEFT, too, writes down what it found
            return java.util.stream.Stream.concat(ALL_BUT_THE_MERGER.stream(), MERGER.stream())
                    .sorted()
                    .toList();
        }
        return targets;
    }

    /** 8 rather than 8.0: PEFT's own type for it is int. */
    private static Object whole(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e9 ? (Object) (long) value : (Object) value;
    }
}
