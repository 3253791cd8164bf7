package io.realqa.scorer;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * A PEFT LoRA's adapter_config.json. What would change the result and is not supported (DoRA, biases, modules to save…)
 * is refused; what matters to training alone (dropout, initialisation…) is ignored.
 */
record PeftConfig(
        int rank,
        double alpha,
        boolean rankStabilised,
        Map<String, Number> rankPattern,
        Map<String, Number> alphaPattern,
        ModuleFilter targets) {

    /** Keys that must be absent, null, false or empty. */
    private static final List<String> UNSUPPORTED = List.of(
            "use_dora",
            "lora_bias",
            "fan_in_fan_out",
            "modules_to_save",
            "use_qalora",
            "alora_invocation_tokens",
            "layers_to_transform",
            "kasa_config",
            "monteclora_config",
            "target_parameters",
            "trainable_token_indices",
            "megatron_config",
            "layer_replication",
            "arrow_config",
            "use_bdlora");

    /** Initialisations that leave the base model's weights as they are; the others move part of them. */
    private static final Set<String> HARMLESS_INITIALISATIONS = Set.of("gaussian", "eva", "orthogonal", "mica");

    /** Which modules the adapter was made for. */
    interface ModuleFilter {
        boolean matches(String module);
    }

    static PeftConfig read(Path file) {
        return of(Json.read(file));
    }

    static PeftConfig of(Json json) {
        if (!json.text("peft_type", "LORA").equals("LORA")) {
            throw json.error("peft_type", "\"LORA\"");
        }
        if (!json.text("bias", "none").equals("none")) {
            throw json.error("bias", "\"none\"");
        }
        for (String key : UNSUPPORTED) {
            JsonNode value = json.node().path(key);
            boolean unset = value.isMissingNode()
                    || value.isNull()
                    || (value.isBoolean() && !value.booleanValue())
                    || (value.isContainerNode() && value.isEmpty());
            if (!unset) {
                throw json.error(key, "unset: it is not supported");
            }
        }
        JsonNode initialisation = json.node().path("init_lora_weights");
        if (initialisation.isTextual()
                && !HARMLESS_INITIALISATIONS.contains(initialisation.textValue().toLowerCase(Locale.ROOT))) {
            throw json.error(
                    "init_lora_weights",
                    "true, false or one of " + new TreeSet<>(HARMLESS_INITIALISATIONS)
                            + ": others change the base model; PEFT can convert such an adapter when it saves it");
        }
        return new PeftConfig(
                json.positiveInt("r"),
                json.number("lora_alpha"),
                json.flag("use_rslora", false),
                numbers(json, "rank_pattern", true),
                numbers(json, "alpha_pattern", false),
                targets(json));
    }

    private static Map<String, Number> numbers(Json json, String key, boolean ranks) {
        Map<String, Number> numbers = new LinkedHashMap<>();
        if (json.has(key)) {
            Json object = json.object(key);
            for (Map.Entry<String, JsonNode> e : object.node().properties()) {
                if (ranks) {
                    object.positiveInt(e.getKey());
                } else {
                    object.number(e.getKey());
                }
                compile(object, e.getKey(), pattern(e.getKey()));
                numbers.put(e.getKey(), e.getValue().numberValue());
            }
        }
        return numbers;
    }

    private static ModuleFilter targets(Json json) {
        ModuleFilter included = filter(json, "target_modules");
        JsonNode exclusions = json.node().path("exclude_modules");
        if (!json.has("exclude_modules") || (exclusions.isArray() && exclusions.isEmpty())) {
            return included;
        }
        ModuleFilter excluded = filter(json, "exclude_modules");
        return module -> included.matches(module) && !excluded.matches(module);
    }

    private static ModuleFilter filter(Json json, String key) {
        JsonNode value = json.node().path(key);
        if (value.isTextual() && value.textValue().equals("all-linear")) {
            return module -> !module.endsWith(WeightLayout.PATCHES);
        }
        if (value.isTextual()) {
            Pattern pattern = compile(json, key, value.textValue());
            return module ->
                    pattern.matcher(new BoundedText(module, pattern.pattern())).matches();
        }
        if (value.isArray() && !value.isEmpty()) {
            List<String> names = new ArrayList<>();
            value.forEach(n -> names.add(n.asText()));
            return module -> names.stream().anyMatch(n -> module.equals(n) || module.endsWith("." + n));
        }
        throw json.error(key, "a list of modules, a regular expression or \"all-linear\"");
    }

    private static Pattern compile(Json json, String key, String regex) {
        try {
            return Pattern.compile(translated(regex));
        } catch (PatternSyntaxException e) {
            throw new ModelException(
                    json.where() + ": " + key + ": " + regex + " (expected: a regular expression; " + e.getDescription()
                            + ")",
                    e);
        }
    }

    /** A Python regular expression as Java writes it. */
    private static String translated(String regex) {
        return regex.replace("(?P<", "(?<");
    }

    /** How PEFT reads a key of rank_pattern and alpha_pattern: as the end of a module's name. */
    private static String pattern(String key) {
        return "(?:.*\\.)?(?:" + key + ")$";
    }

    private static Number matched(Map<String, Number> patterns, String module, Number byDefault) {
        for (Map.Entry<String, Number> e : patterns.entrySet()) {
            Pattern pattern = Pattern.compile(translated(pattern(e.getKey())));
            if (pattern.matcher(new BoundedText(module, e.getKey())).lookingAt()) {
                return e.getValue();
            }
        }
        return byDefault;
    }

    /** Rank of the adapter at a module, by its name in the adapter's own naming. */
    int rankOf(String module) {
        return matched(rankPattern, module, rank).intValue();
    }

    /** What B A x is multiplied with: alpha / r, or alpha / sqrt(r) if rank-stabilised. */
    double scaleOf(String module) {
        double a = matched(alphaPattern, module, alpha).doubleValue();
        int r = rankOf(module);
        return rankStabilised ? a / Math.sqrt(r) : a / r;
    }
}
