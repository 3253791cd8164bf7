package io.realqa.scorer.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class NormalisationTest {
    private static final Normalisation CLIP = new Normalisation(
            List.of(0.48145466, 0.4578275, 0.40821073), List.of(0.26862954, 0.26130258, 0.27577711), 1 / 255.0);

    @Test
    void scaleAndShiftGiveWhatTheProcessorComputesForEveryByte() {
        float[][] expected = CLIP.tables();
        for (int channel = 0; channel < 3; channel++) {
            for (int level = 0; level < 256; level++) {
                assertThat(level * CLIP.scale(channel) + CLIP.shift(channel))
                        .isCloseTo(expected[channel][level], within(1e-6f));
            }
        }
    }

    @Test
    void blackIsTheNegativeMeanInDeviations() {
        assertThat(CLIP.tables()[2][0]).isEqualTo(-0.40821073f / 0.27577711f);
        assertThat(CLIP.tables()[0][255]).isEqualTo((1 - 0.48145466f) / 0.26862954f);
    }
}
