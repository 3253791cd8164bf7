package io.realqa.scorer;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.IValue;
import io.realqa.scorer.Program.Scope;

/**
 * The text before the image, which all images have in common: its keys and values are computed once. Any thread may use
 * it; it must outlive the sessions that do.
 */
final class Prefix implements AutoCloseable {
    private final long[] tokens;
    private final Scope scope;
    private final IValue cache;

    /**
     * Runs the tokens through the language model.
     *
     * @param lora the adapter's matrices, or an empty dictionary
     * @param tokens at least one
     */
    Prefix(Checkpoint checkpoint, IValue lora, long[] tokens) {
        this.tokens = tokens.clone();
        this.scope = checkpoint.program().scope();
        try {
            this.cache = run(checkpoint, lora);
        } catch (RuntimeException | Error e) {
            scope.close();
            throw e;
        }
    }

    private IValue run(Checkpoint checkpoint, IValue lora) {
        long[] positions = new long[3 * tokens.length];
        for (int i = 0; i < positions.length; i++) {
            positions[i] = i % tokens.length;
        }
        try (Scope inputs = checkpoint.program().scope()) {
            PtNDArray[] kept = scope.arrays(checkpoint
                    .program()
                    .call(
                            inputs,
                            "prefill",
                            checkpoint.weights(),
                            lora,
                            inputs.tensors(),
                            inputs.longs(tokens, tokens.length),
                            inputs.floats(new float[0], 0, checkpoint.config().hiddenSize()),
                            inputs.longs(new long[0], 0),
                            inputs.longs(positions, 3, tokens.length),
                            inputs.integers(tokens.length)));
            return scope.tensors(kept);
        }
    }

    int length() {
        return tokens.length;
    }

    /** What the program's method {@code prefill} takes for it. */
    IValue cache() {
        return cache;
    }

    @Override
    public void close() {
        scope.close();
    }
}
