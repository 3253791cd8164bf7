package io.realqa.scorer;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** The type of numbers that a model computes in. */
public enum Precision {
    /** bfloat16 on a GPU, float32 on a CPU. */
    AUTO,
    /** 32 bits: as the reference values were made; 4 bytes a weight. */
    FLOAT32,
    /**
     * The upper 16 of these bits: 2 bytes a weight, scores that differ by some thousandths of the scale. Fast where the
     * device has instructions for it: GPUs since NVIDIA's Ampere, CPUs with AMX or AVX512_BF16.
     */
    BFLOAT16;

    /**
     * The precision of a name.
     *
     * @throws IllegalArgumentException if there is none of that name
     */
    public static Precision of(String name) {
        return Arrays.stream(values())
                .filter(p -> p.toString().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("precision: " + name + " (expected: one of "
                        + Arrays.stream(values()).map(Precision::toString).collect(Collectors.joining(", ")) + ")"));
    }

    /** Its name in settings and options. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
