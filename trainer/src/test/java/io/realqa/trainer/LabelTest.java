package io.realqa.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.realqa.events.ImageLabelled;
import io.realqa.scorer.ScoringProfile;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LabelTest {
    private static final ScoringProfile PROFILE = ScoringProfile.in(
                    Path.of(System.getProperty("realqa.home"), "models/demo"))
            .orElseThrow();

    private static ImageLabelled.Builder event() {
        return ImageLabelled.newBuilder()
                .setImageId("i")
                .setPlatform("p")
                .setLabeller("l")
                .setLabelledAt(Instant.EPOCH);
    }

    @Test
    void singleRatingsBecomeTheirMeanAndSampleDeviation() {
        Label label = Label.of(event().setRatings(List.of(6.0, 7.0, 8.0)).build(), PROFILE);
        assertThat(label.score()).hasValue(7);
        assertThat(label.deviation().orElseThrow()).isCloseTo(1, within(1e-12));
    }

    @Test
    void attributesAloneAreALabel() {
        Label label = Label.of(
                event().setAttributes(Map.of("exposure", "overexposed")).build(), PROFILE);
        assertThat(label.score()).isEmpty();
        assertThat(label.attributes()).containsEntry("exposure", "overexposed");
    }

    @Test
    void whatDoesNotFitTheProfileIsNamed() {
        refuses(event().setScore(10.5), "score: 10.5 (expected: 0.0 to 9.99)");
        refuses(event().setScore(Double.NaN), "score: NaN");
        refuses(event().setScore(5.0).setScoreDeviation(-1.0), "scoreDeviation: -1.0 (expected: 0 to 9.99)");
        refuses(event().setScore(5.0).setRatings(List.of(5.0)), "score and ratings are both set");
        refuses(event(), "all empty");
        refuses(event().setAttributes(Map.of("mood", "sad")), "attributes: mood (expected: one of [composition");
        refuses(event().setAttributes(Map.of("exposure", "dark")), "exposure: dark (expected: one of [severely");
    }

    private static void refuses(ImageLabelled.Builder event, String message) {
        assertThatThrownBy(() -> Label.of(event.build(), PROFILE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }
}
