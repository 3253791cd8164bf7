package io.realqa.scorer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ComputeTest {
    @Test
    void aGpuComputesInBfloat16AndACpuInFloat32() {
        assertThat(Compute.of(1, "cu128")).isEqualTo(new Compute("cuda:0", true));
        assertThat(Compute.of(2, null)).isEqualTo(new Compute("cuda:0", true));
        assertThat(Compute.of(0, null)).isEqualTo(Compute.CPU);
        assertThat(Compute.of(0, "cpu")).isEqualTo(Compute.CPU);
    }

    @Test
    void aLibtorchForGpusWithoutOneIsAnError() {
        assertThatThrownBy(() -> Compute.of(0, "cu128"))
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith("PYTORCH_FLAVOR: cu128, but no GPU is found (expected: ");
    }
}
