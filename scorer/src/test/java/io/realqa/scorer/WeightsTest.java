package io.realqa.scorer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WeightsTest {
    @TempDir
    private Path temporary;

    private ModelConfig demo(int vocabulary) throws IOException {
        String json = Files.readString(Reference.DEMO.resolve("config.json"));
        String changed = json.replaceFirst("\"vocab_size\": \\d+", "\"vocab_size\": " + vocabulary);
        return ModelConfig.read(Files.writeString(temporary.resolve("config.json"), changed));
    }

    @Test
    void smallWeightsArePackedForFloat32OnCpusWithAvx512() throws IOException {
        assertThat(Weights.gainFromPacking(demo(528), Compute.CPU, true)).isTrue();
        assertThat(Weights.gainFromPacking(demo(528), Compute.CPU, false)).isFalse();
        assertThat(Weights.gainFromPacking(demo(528), new Compute("cpu", true), true))
                .isFalse();
        assertThat(Weights.gainFromPacking(demo(528), new Compute("cuda:0", false), true))
                .isFalse();
    }

    /** Embeddings of 2,000,000 tokens, 192 numbers of four bytes each. */
    @Test
    void weightsBeyondAGibibyteAreNotHeldTwice() throws IOException {
        assertThat(Weights.gainFromPacking(demo(2_000_000), Compute.CPU, true)).isFalse();
    }
}
