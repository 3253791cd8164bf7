package io.realqa.scorer;

import io.realqa.scorer.image.VisualInput;

/**
 * Floating-point operations of a forward pass: two for each multiplication of a matrix product, attention included; what
 * is linear in the sizes (norms, activations) is left out, as is usual for model FLOPs utilisation (Chowdhery et al.,
 * PaLM, appendix B).
 */
final class Flops {
    private Flops() {}

    /**
     * @param keptTokens before the image, whose keys and values are kept from image to image
     * @param promptTokens after the image that belong to its prefill
     * @param branchTokens fed after the prefill
     */
    static double of(ModelConfig c, VisualInput image, int keptTokens, int promptTokens, int branchTokens) {
        ModelConfig.Vision v = c.vision();
        double patches = (double) image.gridRows() * image.gridColumns();
        double e = v.embedSize();
        double patchSize = (double) v.channels() * v.patchSize() * v.patchSize();
        double perPatch = patchSize * e + v.depth() * (4 * e * e + 2 * e * v.mlpSize() + 2 * patches * e);
        double merged = v.mergedSize();
        double merger = image.visualTokens() * (merged * merged + merged * c.hiddenSize());

        double d = c.hiddenSize();
        double kv = (double) c.kvHeads() * c.headSize();
        double perToken = c.layers() * (2 * d * d + 2 * d * kv + 3 * d * c.intermediateSize());
        double prefill = (double) promptTokens + image.visualTokens();
        // causal: a token attends to half of the prefill on average; a branch token to all of it
        double seen = prefill * (keptTokens + prefill / 2) + branchTokens * (keptTokens + prefill);
        double attention = c.layers() * 2 * d * seen;
        double text = (prefill + branchTokens) * perToken + attention;
        return 2 * (patches * perPatch + merger + text);
    }
}
