package io.realqa.scorer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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

    private void requireRoom(boolean bfloat16, long memory) throws IOException {
        List<Safetensors> tables = List.of(Safetensors.read(Reference.DEMO.resolve("model.safetensors")));
        Weights.requireRoom(new WeightLayout(demo(528)), tables, new Compute("cpu", bfloat16), memory);
    }

    /** 3.7 million numbers of two bytes each: the demonstration checkpoint's file holds float32. */
    @Test
    void weightsThatCannotHaveRoomAreRefused() throws IOException {
        requireRoom(true, 8_000_000);
        assertThatThrownBy(() -> requireRoom(true, 7_000_000))
                .isInstanceOf(ModelException.class)
                .hasMessageMatching(".*/demo: 0\\.0 GiB of weights in bfloat16 \\(expected: at most 0\\.0 GiB, .*");
    }

    @Test
    void weightsThatAreMappedWhereTheyLieNeedNoRoom() {
        assertThatCode(() -> requireRoom(false, 0)).doesNotThrowAnyException();
    }

    /** Embeddings of 2,000,000 tokens, 192 numbers of four bytes each. */
    @Test
    void weightsBeyondAGibibyteAreNotHeldTwice() throws IOException {
        assertThat(Weights.gainFromPacking(demo(2_000_000), Compute.CPU, true)).isFalse();
    }
}
