package io.realqa.scorer;

/**
 * What a training step needs on the device, in bytes: an estimate from the model's sizes, made before anything runs.
 *
 * @param weights of the checkpoint, in the type of computation
 * @param adapter parameters, gradients of each worker and two moments, float32
 * @param activations of the passes that run at a time: what is kept for the way back
 * @param byLayers whether only what goes into each layer is kept, and one layer computed again at a time
 */
public record TrainingMemory(long weights, long adapter, long activations, boolean byLayers) {
    public long total() {
        return weights + adapter + activations;
    }

    /**
     * Counts the tensors that the program's operations keep, layer by layer. Norms and rotary angles are computed in
     * float32; dropout keeps a mask and the input of each adapted layer. The answers' logits come on top.
     *
     * @param parameters of the adapter
     * @param byLayers as {@link ModelTrainer#byLayers()} has it
     * @param passes that run at a time
     * @param images in a pass
     * @param visualTokens of an image
     * @param textTokens of an image besides
     * @param readTokens whose next token counts
     */
    static TrainingMemory of(
            ModelConfig c,
            Compute compute,
            long parameters,
            boolean dropout,
            boolean byLayers,
            int passes,
            int images,
            long visualTokens,
            long textTokens,
            long readTokens) {
        int size = compute.bfloat16() ? 2 : 4;
        long weights = new WeightLayout(c)
                .shapes().values().stream()
                        .mapToLong(s -> java.util.Arrays.stream(s).reduce(1, (a, b) -> a * b))
                        .sum();
        ModelConfig.Vision v = c.vision();
        long d = c.hiddenSize();
        long m = c.intermediateSize();
        // queries, keys and values as projected, rotated and repeated; attention's and the layer's outputs; both norms
        long perToken = (14 * d + 4 * m) * size + 4 * d * 4;
        long e = v.embedSize();
        long perPatch = (12 * e + 3L * v.mlpSize()) * size + 6 * e * 4;
        if (dropout) {
            perToken += 2 * (6 * d + m) * size;
            perPatch += 2 * (3 * e + v.mlpSize()) * size;
        }
        long patches = visualTokens * v.mergeSize() * v.mergeSize();
        long tokens = visualTokens + textTokens;
        long layers = byLayers
                ? c.layers() * tokens * d * size
                        + v.depth() * patches * e * size
                        + Math.max(tokens * perToken, patches * perPatch)
                : c.layers() * tokens * perToken + v.depth() * patches * perPatch;
        long perImage = layers
                + patches * (3L * v.channels() * v.patchSize() * v.patchSize() + 4 * v.mergedSize()) * size
                + 3 * readTokens * c.vocabularySize() * 4;
        return new TrainingMemory(
                weights * size, parameters * 4 * (3 + passes), (long) passes * images * perImage, byLayers);
    }
}
