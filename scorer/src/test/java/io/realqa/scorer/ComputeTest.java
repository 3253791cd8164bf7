package io.realqa.scorer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ComputeTest {
    @Test
    void aGpuComputesInBfloat16AndACpuInFloat32() {
        assertThat(Compute.of(1, "cu128", Precision.AUTO)).isEqualTo(new Compute("cuda:0", true));
        assertThat(Compute.of(2, null, Precision.AUTO)).isEqualTo(new Compute("cuda:0", true));
        assertThat(Compute.of(0, null, Precision.AUTO)).isEqualTo(Compute.CPU);
        assertThat(Compute.of(0, "cpu", Precision.AUTO)).isEqualTo(Compute.CPU);
    }

    @Test
    void aPrecisionThatIsAskedForIsTaken() {
        assertThat(Compute.of(1, null, Precision.FLOAT32)).isEqualTo(new Compute("cuda:0", false));
        assertThat(Compute.of(1, null, Precision.BFLOAT16)).isEqualTo(new Compute("cuda:0", true));
        assertThat(Compute.of(0, null, Precision.FLOAT32)).isEqualTo(Compute.CPU);
        assertThat(Compute.of(0, null, Precision.BFLOAT16)).isEqualTo(new Compute("cpu", true));
        assertThat(new Compute("cpu", true).precision()).isEqualTo(Precision.BFLOAT16);
        assertThat(Compute.CPU.precision()).isEqualTo(Precision.FLOAT32);
    }

    @Test
    void aPrecisionGoesByItsName() {
        assertThat(Precision.of("bfloat16")).isEqualTo(Precision.BFLOAT16);
        assertThatThrownBy(() -> Precision.of("bf16"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("precision: bf16 (expected: one of auto, float32, bfloat16)");
    }

    @Test
    void aLibtorchForGpusWithoutOneIsAnError() {
        assertThatThrownBy(() -> Compute.of(0, "cu128", Precision.FLOAT32))
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith("PYTORCH_FLAVOR: cu128, but no GPU is found (expected: ");
    }
}
