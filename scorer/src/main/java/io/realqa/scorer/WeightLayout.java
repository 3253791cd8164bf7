package io.realqa.scorer;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The names of a Qwen2-VL's tensors and their shapes, as data. Canonical names are {@code visual.…}, {@code text.…} and
 * {@code lm_head.weight}; a file may use either of Hugging Face's namings.
 */
final class WeightLayout {
    /** Prefixes in files and what they are here; the first that fits counts. Since transformers 4.52, then before. */
    private static final String[][] PREFIXES = {
        {"model.visual.", "visual."},
        {"model.language_model.", "text."},
        {"visual.", "visual."},
        {"model.", "text."},
        {"lm_head.", "lm_head."},
    };

    /** The convolution that makes patches of pixels: [E, channels, frames, height, width]. */
    static final String PATCHES = "visual.patch_embed.proj";

    private final Map<String, long[]> shapes = new LinkedHashMap<>();
    private final Map<String, long[]> adaptable = new LinkedHashMap<>();

    WeightLayout(ModelConfig c) {
        ModelConfig.Vision v = c.vision();
        int e = v.embedSize();
        weight(PATCHES, e, v.channels(), v.temporalPatchSize(), v.patchSize(), v.patchSize());
        for (int i = 0; i < v.depth(); i++) {
            String block = "visual.blocks." + i + ".";
            norm(block + "norm1", e);
            norm(block + "norm2", e);
            linear(block + "attn.qkv", 3 * e, e, true);
            linear(block + "attn.proj", e, e, true);
            linear(block + "mlp.fc1", v.mlpSize(), e, true);
            linear(block + "mlp.fc2", e, v.mlpSize(), true);
        }
        norm("visual.merger.ln_q", e);
        linear("visual.merger.mlp.0", v.mergedSize(), v.mergedSize(), true);
        linear("visual.merger.mlp.2", c.hiddenSize(), v.mergedSize(), true);

        int d = c.hiddenSize();
        int kv = c.kvHeads() * c.headSize();
        add("text.embed_tokens.weight", c.vocabularySize(), d);
        for (int i = 0; i < c.layers(); i++) {
            String layer = "text.layers." + i + ".";
            add(layer + "input_layernorm.weight", d);
            linear(layer + "self_attn.q_proj", d, d, true);
            linear(layer + "self_attn.k_proj", kv, d, true);
            linear(layer + "self_attn.v_proj", kv, d, true);
            linear(layer + "self_attn.o_proj", d, d, false);
            add(layer + "post_attention_layernorm.weight", d);
            linear(layer + "mlp.gate_proj", c.intermediateSize(), d, false);
            linear(layer + "mlp.up_proj", c.intermediateSize(), d, false);
            linear(layer + "mlp.down_proj", d, c.intermediateSize(), false);
        }
        add("text.norm.weight", d);
        if (!c.tiedEmbeddings()) {
            add("lm_head.weight", c.vocabularySize(), d);
        }
    }

    private void add(String name, long... shape) {
        shapes.put(name, shape);
    }

    private void norm(String module, int size) {
        add(module + ".weight", size);
        add(module + ".bias", size);
    }

    private void linear(String module, int out, int in, boolean bias) {
        weight(module, out, in);
        if (bias) {
            add(module + ".bias", out);
        }
    }

    private void weight(String module, long... shape) {
        add(module + ".weight", shape);
        adaptable.put(module, shape);
    }

    /** Canonical name of a tensor or module in a file, or empty where no part of the model is called so. */
    static Optional<String> canonical(String name) {
        return Arrays.stream(PREFIXES)
                .filter(p -> name.startsWith(p[0]))
                .findFirst()
                .map(p -> p[1] + name.substring(p[0].length()));
    }

    /** Tensors that files may hold and that say nothing: buffers of old versions, and the copy of a tied embedding. */
    boolean redundant(String canonical) {
        return canonical.endsWith("inv_freq") || (canonical.equals("lm_head.weight") && !shapes.containsKey(canonical));
    }

    /** Every tensor that a checkpoint must hold. */
    Map<String, long[]> shapes() {
        return shapes;
    }

    /** What an adapter may change: the linear layers, [out, in], and the patches' convolution; module name to shape. */
    Map<String, long[]> adaptable() {
        return adaptable;
    }
}
