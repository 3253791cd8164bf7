package io.realqa.scorer;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * What a checkpoint says of generation: its generation_config.json, else the end token of its config.json, as
 * transformers' {@code generate} takes them. Sampling settings are not read: text is greedy unless the caller says
 * otherwise.
 *
 * @param ends tokens that end a text
 * @param repetitionPenalty applied to greedy text, too; 1 is none
 * @param unsupported settings that would change greedy text and are not supported; generation refuses them, reading
 *     probabilities does not care
 */
record GenerationConfig(Set<Long> ends, double repetitionPenalty, List<String> unsupported) {
    static final String FILE_NAME = "generation_config.json";

    private static final List<String> UNSUPPORTED = List.of(
            "no_repeat_ngram_size",
            "encoder_repetition_penalty",
            "bad_words_ids",
            "sequence_bias",
            "suppress_tokens",
            "begin_suppress_tokens",
            "forced_bos_token_id",
            "forced_eos_token_id",
            "forced_decoder_ids",
            "min_length",
            "min_new_tokens",
            "exponential_decay_length_penalty",
            "guidance_scale");

    GenerationConfig {
        ends = Set.copyOf(ends);
        unsupported = List.copyOf(unsupported);
    }

    /**
     * Reads a checkpoint folder's.
     *
     * @param fallback end tokens where neither file names one
     */
    static GenerationConfig read(Path folder, Set<Long> fallback) {
        Json config = Json.read(folder.resolve("config.json"));
        Set<Long> ends = ends(config);
        if (ends.isEmpty() && config.has("text_config")) {
            ends = ends(config.object("text_config"));
        }
        double penalty = 1;
        List<String> unsupported = new ArrayList<>();
        if (Files.exists(folder.resolve(FILE_NAME))) {
            Json generation = Json.read(folder.resolve(FILE_NAME));
            for (String key : UNSUPPORTED) {
                JsonNode value = generation.node().path(key);
                boolean unset = value.isMissingNode()
                        || value.isNull()
                        || (value.isNumber() && (value.doubleValue() == 0 || value.doubleValue() == 1))
                        || (value.isContainerNode() && value.isEmpty());
                if (!unset) {
                    unsupported.add(key + ": " + value);
                }
            }
            penalty = generation.number("repetition_penalty", 1);
            if (!(penalty > 0)) {
                throw generation.error("repetition_penalty", "a number over 0");
            }
            // once the file is there, transformers does not look at config.json any more
            ends = ends(generation);
        }
        return new GenerationConfig(ends.isEmpty() ? fallback : ends, penalty, unsupported);
    }

    private static Set<Long> ends(Json json) {
        JsonNode value = json.node().path("eos_token_id");
        if (value.isMissingNode() || value.isNull()) {
            return Set.of();
        }
        Set<Long> ends = new LinkedHashSet<>();
        for (JsonNode id : value.isArray() ? value : List.of(value)) {
            if (!id.isIntegralNumber() || id.longValue() < 0) {
                throw json.error("eos_token_id", "a token id or a list of them");
            }
            ends.add(id.longValue());
        }
        return ends;
    }
}
