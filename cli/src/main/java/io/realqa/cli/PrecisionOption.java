package io.realqa.cli;

import io.realqa.scorer.Precision;
import picocli.CommandLine.Option;

/** The type of numbers that a model computes in: the option of every command that runs one. */
public final class PrecisionOption {
    @Option(
            names = "--precision",
            paramLabel = "P",
            description = "auto, float32 or bfloat16 (default: auto, which is bfloat16 on a GPU, float32 on a CPU)")
    private Precision value = Precision.AUTO;

    /** What was chosen. */
    public Precision value() {
        return value;
    }
}
