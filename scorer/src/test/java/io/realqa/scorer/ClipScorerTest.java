package io.realqa.scorer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.realqa.scorer.image.ImageDecoder;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.scorer.image.VisualInput;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A clip's answers are the softmax of the mean of its frames' log probabilities. */
class ClipScorerTest {
    private static final List<VisualInput> FRAMES = new ArrayList<>();
    private static Checkpoint checkpoint;
    private static Scorer scorer;

    @BeforeAll
    static void load() throws Exception {
        checkpoint = Checkpoint.load(Reference.DEMO, Compute.CPU);
        scorer = new Scorer(checkpoint, null, ScoringProfile.in(Reference.DEMO).orElseThrow());
        for (String name : List.of("coffee.jpg", "chelsea.jpg", "rocket.jpg")) {
            byte[] file = Files.readAllBytes(Reference.DEMO.resolve("photos").resolve(name));
            FRAMES.add(checkpoint.preprocessing().apply(new ImageDecoder(ImageLimits.DEFAULTS).decode(file)));
        }
    }

    @AfterAll
    static void close() {
        scorer.close();
        checkpoint.close();
    }

    @Test
    void oneFrameIsItself() {
        ClipScorer clip = new ClipScorer(scorer);
        clip.add(List.of(0.0), clip.read(FRAMES.subList(0, 1)));
        Score alone = scorer.score(FRAMES.subList(0, 1)).scores().get(0);
        assertThat(clip.score().score().expectation()).isCloseTo(alone.expectation(), within(1e-4));
        assertThat(clip.score().timeline()).hasSize(1);
        assertThat(clip.score().timeline().get(0).score().expectation()).isCloseTo(alone.expectation(), within(1e-6));
    }

    @Test
    void logProbabilitiesAreAveragedWhateverTheBatches() {
        ClipScorer clip = new ClipScorer(scorer);
        clip.add(List.of(0.0, 1.0), clip.read(FRAMES.subList(0, 2)));
        clip.add(List.of(2.0), clip.read(FRAMES.subList(2, 3)));
        ClipScorer.Clip result = clip.score();
        assertThat(result.timeline()).extracting(ClipScorer.Moment::seconds).containsExactly(0.0, 1.0, 2.0);

        // the same by hand for an attribute: geometric mean of its frames' probabilities
        List<Score> frames = scorer.score(FRAMES).scores();
        for (int a = 0; a < 9; a++) {
            Score.Attribute together = result.score().attributes().get(a);
            double sum = 0;
            for (String value : together.probabilities().keySet()) {
                sum += product(frames, a, value);
            }
            double total = sum;
            int at = a;
            together.probabilities()
                    .forEach((value, p) -> assertThat(p).isCloseTo(product(frames, at, value) / total, within(1e-4)));
        }
        double mean =
                frames.stream().mapToDouble(Score::offGrammarMass).average().orElseThrow();
        assertThat(result.score().offGrammarMass()).isCloseTo(mean, within(1e-5));
        // chelsea's wide distribution gives way to the two narrow ones
        assertThat(result.score().standardDeviation()).isLessThan(frames.get(1).standardDeviation());
    }

    private static double product(List<Score> frames, int attribute, String value) {
        double log = 0;
        for (Score frame : frames) {
            log += Math.log(Math.max(
                    1e-9, frame.attributes().get(attribute).probabilities().getOrDefault(value, 0.0)));
        }
        return Math.exp(log / frames.size());
    }

    @Test
    void noFramesHaveNoScore() {
        ClipScorer clip = new ClipScorer(scorer);
        assertThatThrownBy(clip::score).hasMessage("frames: 0 (expected: at least one)");
        assertThatThrownBy(() -> clip.add(List.of(), clip.read(FRAMES.subList(0, 1))))
                .hasMessage("seconds: 0 (expected: 1, one for each frame)");
    }
}
