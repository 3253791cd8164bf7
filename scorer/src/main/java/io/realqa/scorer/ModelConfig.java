package io.realqa.scorer;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The sizes of a Qwen2-VL model, from a Hugging Face config.json: flat as before transformers 4.52, or with
 * text_config and rope_parameters as since.
 *
 * @param mropeSection how many of the headSize / 2 rotary frequencies turn with time, row and column
 */
record ModelConfig(
        int hiddenSize,
        int intermediateSize,
        int layers,
        int heads,
        int kvHeads,
        int headSize,
        double rmsNormEps,
        double ropeTheta,
        List<Integer> mropeSection,
        int vocabularySize,
        boolean tiedEmbeddings,
        int maxPositions,
        Vision vision,
        int imageToken,
        int visionStartToken,
        int visionEndToken) {

    /** The vision tower: depth blocks of width embedSize over patches of patchSize pixels. */
    record Vision(
            int depth,
            int embedSize,
            int heads,
            int mlpSize,
            int channels,
            int patchSize,
            int temporalPatchSize,
            int mergeSize) {
        int headSize() {
            return embedSize / heads;
        }

        int mergedSize() {
            return embedSize * mergeSize * mergeSize;
        }
    }

    static ModelConfig read(Path file) {
        Json top = Json.read(file);
        if (!top.text("model_type", "").equals("qwen2_vl")) {
            throw top.error("model_type", "\"qwen2_vl\", the only architecture that this program runs");
        }
        Json text = top.has("text_config") ? top.object("text_config") : top;
        require(text, "hidden_act", "silu");
        if (text.flag("use_sliding_window", false)) {
            throw text.error("use_sliding_window", "false: attention over a sliding window is not supported");
        }
        if (text.has("num_experts")) {
            throw text.error("num_experts", "absent: a mixture of experts is not supported");
        }
        if (top.has("quantization_config")) {
            throw top.error("quantization_config", "absent: weights in float32, bfloat16 or float16");
        }
        Json rope = text.has("rope_parameters")
                ? text.object("rope_parameters")
                : text.has("rope_scaling") ? text.object("rope_scaling") : top.object("rope_scaling");
        String ropeType = rope.text("rope_type", rope.text("type", "mrope"));
        if (!ropeType.equals("mrope") && !ropeType.equals("default")) {
            throw rope.error(rope.has("rope_type") ? "rope_type" : "type", "\"mrope\" or \"default\"");
        }
        int hidden = text.positiveInt("hidden_size");
        int heads = text.positiveInt("num_attention_heads");
        int headSize = text.positiveInt("head_dim", hidden / heads);
        if (headSize * heads != hidden) {
            throw text.error("num_attention_heads", "a divisor of hidden_size " + hidden);
        }
        if (headSize % 2 != 0) {
            throw text.error("num_attention_heads", "heads of an even number each, hidden_size being " + hidden);
        }
        int kvHeads = text.positiveInt("num_key_value_heads", heads);
        if (heads % kvHeads != 0) {
            throw text.error("num_key_value_heads", "a divisor of num_attention_heads " + heads);
        }
        List<Integer> sections = sections(rope, headSize);
        Json tower = top.object("vision_config");
        require(tower, "hidden_act", "quick_gelu");
        int embed = tower.positiveInt("embed_dim");
        int visionHeads = tower.positiveInt("num_heads");
        if (embed % visionHeads != 0 || embed / visionHeads % 4 != 0) {
            throw tower.error("num_heads", "heads of a multiple of four numbers each, embed_dim being " + embed);
        }
        if (tower.positiveInt("hidden_size", hidden) != hidden) {
            throw tower.error("hidden_size", hidden + ", the language model's");
        }
        int channels = tower.positiveInt("in_channels", tower.positiveInt("in_chans", 3));
        if (channels != 3) {
            throw tower.error(tower.has("in_channels") ? "in_channels" : "in_chans", "3: red, green and blue");
        }
        Vision vision = new Vision(
                layers(tower, "depth"),
                embed,
                visionHeads,
                (int) (embed * tower.number("mlp_ratio", 4)),
                channels,
                tower.positiveInt("patch_size", 14),
                tower.positiveInt("temporal_patch_size", 2),
                tower.positiveInt("spatial_merge_size", 2));
        return new ModelConfig(
                hidden,
                text.positiveInt("intermediate_size"),
                layers(text, "num_hidden_layers"),
                heads,
                kvHeads,
                headSize,
                text.number("rms_norm_eps", 1e-6),
                rope.number("rope_theta", text.number("rope_theta", 1e6)),
                sections,
                text.positiveInt("vocab_size"),
                top.flag("tie_word_embeddings", text.flag("tie_word_embeddings", false)),
                text.positiveInt("max_position_embeddings", 32768),
                vision,
                top.positiveInt("image_token_id", 151655),
                top.positiveInt("vision_start_token_id", 151652),
                top.positiveInt("vision_end_token_id", 151653));
    }

    /** A number of layers that is no typing error: every tensor of each gets a name. */
    private static int layers(Json json, String key) {
        int most = 10_000;
        if (json.positiveInt(key) > most) {
            throw json.error(key, "at most " + most);
        }
        return json.positiveInt(key);
    }

    private static void require(Json json, String key, String value) {
        if (!json.text(key, value).equals(value)) {
            throw json.error(key, '"' + value + '"');
        }
    }

    private static List<Integer> sections(Json rope, int headSize) {
        List<Integer> sections = new ArrayList<>();
        int sum = 0;
        for (JsonNode n : rope.node().path("mrope_section")) {
            sections.add(n.asInt(-1));
            sum += n.asInt(-1);
        }
        if (sections.size() != 3 || sum != headSize / 2 || sections.stream().anyMatch(s -> s < 0)) {
            throw rope.error("mrope_section", "three numbers that add up to half a head, " + headSize / 2);
        }
        return List.copyOf(sections);
    }

    /** Which of the three positions (0 time, 1 row, 2 column) each rotary frequency turns with: [headSize / 2]. */
    long[] ropeAxes() {
        long[] axes = new long[headSize / 2];
        int at = 0;
        for (int axis = 0; axis < 3; axis++) {
            for (int i = 0; i < mropeSection.get(axis); i++) {
                axes[at++] = axis;
            }
        }
        return axes;
    }
}
