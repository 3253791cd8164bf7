package io.realqa.scorer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingMemoryTest {
    private static final long GIB = 1L << 30;
    /** LoRA of rank 16 at all linear layers has about as many. */
    private static final long PARAMETERS = 50_000_000;

    @TempDir
    private Path temporary;

    private TrainingMemory memory(boolean byLayers, int images, long visualTokens) throws Exception {
        Path file = Files.writeString(temporary.resolve("config.json"), """
                {"model_type": "qwen2_vl", "hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28,
                 "num_attention_heads": 28, "num_key_value_heads": 4, "vocab_size": 152064, "rms_norm_eps": 1e-06,
                 "rope_theta": 1000000.0, "rope_scaling": {"type": "mrope", "mrope_section": [16, 24, 24]},
                 "tie_word_embeddings": false, "image_token_id": 151655, "video_token_id": 151656,
                 "vision_start_token_id": 151652, "vision_end_token_id": 151653, "bos_token_id": 151643,
                 "eos_token_id": 151645,
                 "vision_config": {"depth": 32, "embed_dim": 1280, "mlp_ratio": 4, "num_heads": 16, "in_chans": 3,
                  "hidden_size": 3584, "patch_size": 14, "spatial_merge_size": 2, "spatial_patch_size": 14,
                  "temporal_patch_size": 2}}
                """);
        return TrainingMemory.of(
                ModelConfig.read(file),
                new Compute("cuda:0", true),
                PARAMETERS,
                true,
                byLayers,
                1,
                images,
                visualTokens,
                200,
                120);
    }

    @Test
    void sevenBillionWeightsTakeTwoBytesEach() throws Exception {
        assertThat(memory(false, 1, 600).weights()).isBetween(15 * GIB, 16 * GIB);
        assertThat(memory(false, 1, 600).adapter()).isEqualTo(PARAMETERS * 16);
    }

    /** Images of a megapixel have 1,300 visual tokens. */
    @Test
    void twoImagesOfAMegapixelFitEightyGigabytesByLayersAndNotOtherwise() throws Exception {
        assertThat(memory(false, 2, 1300).total()).isGreaterThan(80 * GIB);
        TrainingMemory byLayers = memory(true, 2, 1300);
        assertThat(byLayers.total()).isLessThan(30 * GIB);
        assertThat(byLayers.activations()).isLessThan(memory(false, 2, 1300).activations() / 10);
        assertThat(memory(true, 2, 16_384).total())
                .as("the largest images there are")
                .isLessThan(80 * GIB);
    }
}
