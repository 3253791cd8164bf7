package io.realqa.scorer;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.realqa.scorer.Scorer.Mode;
import io.realqa.scorer.TensorFile.Tensor;
import io.realqa.scorer.image.Normalisation;
import io.realqa.scorer.image.VisualInput;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One scorer serves many threads, and says what it cannot score. */
class ScorerTest {
    private static final String MODEL = "flat-hub-6x2";

    @TempDir
    static Path folder;

    private static Checkpoint checkpoint;
    private static Scorer scorer;
    private static List<VisualInput> images;

    @BeforeAll
    static void load() throws IOException {
        checkpoint = Checkpoint.load(TensorFile.checkpoint(MODEL, folder.resolve("model")), Compute.CPU);
        scorer = new Scorer(checkpoint, null, profile());
        images = List.of(new Reference(MODEL).input(0), new Reference(MODEL).input(1));
    }

    @AfterAll
    static void close() {
        scorer.close();
        checkpoint.close();
    }

    private static ScoringProfile profile() {
        return ScoringProfile.in(Reference.DEMO).orElseThrow();
    }

    @Test
    void callsFromSeveralThreadsGiveWhatOneThreadGets() {
        List<Score> expected = scorer.score(images).scores();
        List<CompletableFuture<List<Score>>> calls = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            calls.add(CompletableFuture.supplyAsync(() -> scorer.score(images).scores()));
        }
        // A thread's first matrix product may be split in another way than the caller's: rounding differs.
        assertThat(calls).allSatisfy(call -> {
            List<Score> scores = call.join();
            for (int i = 0; i < expected.size(); i++) {
                assertThat(scores.get(i).expectation())
                        .isCloseTo(expected.get(i).expectation(), within(1e-5));
                for (int a = 0; a < expected.get(i).attributes().size(); a++) {
                    Score.Attribute other = expected.get(i).attributes().get(a);
                    scores.get(i)
                            .attributes()
                            .get(a)
                            .probabilities()
                            .forEach((value, p) -> assertThat(p)
                                    .isCloseTo(
                                            requireNonNull(other.probabilities().get(value)), within(1e-5)));
                }
            }
        });
    }

    @Test
    void timingsAddUp() {
        Scorer.Timings timings = scorer.time(images);
        assertThat(timings.vision()).isPositive();
        assertThat(timings.prefill()).isPositive();
        assertThat(timings.branches()).isPositive();
        assertThat(timings.total()).isEqualTo(timings.vision() + timings.prefill() + timings.branches());
    }

    @Test
    void anEmptyBatchIsRefused() {
        assertThatThrownBy(() -> scorer.score(List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("images: 0 (expected: at least one)");
    }

    @Test
    void anImageThatIsNotCutAsTheCheckpointWantsIsRefused() {
        Normalisation clip = Reference.CLIP;
        byte[] patches = new byte[4 * 588];
        refused(new VisualInput(2, 2, 1, 28, 28, new byte[7], clip), "2 x 2 patches", "7 numbers", "588");
        refused(new VisualInput(1, 4, 1, 56, 14, patches, clip), "1 x 4 patches", "merged 2 x 2");
        refused(new VisualInput(2, 2, 4, 28, 28, patches, clip), "4 visual tokens");
        refused(new VisualInput(0, 0, 0, 0, 0, new byte[0], clip), "0 x 0 patches");
        Normalisation other = new Normalisation(List.of(0.5, 0.5, 0.5), List.of(0.5, 0.5, 0.5), 1 / 255.0);
        refused(new VisualInput(2, 2, 1, 28, 28, patches, other), "mean=[0.5, 0.5, 0.5]", "expected", "0.48145466");
    }

    private static void refused(VisualInput image, String... parts) {
        assertThatThrownBy(() -> scorer.score(List.of(images.get(0), image)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll(parts);
        assertThat(scorer.score(images).scores()).hasSize(2);
    }

    @Test
    void noQuestionsHaveNoAnswers() {
        assertThat(scorer.generate(images, List.of(), 4)).containsExactly(List.of(), List.of());
    }

    @Test
    void aTextIsCutOffAtTheLimit() {
        List<List<String>> one = scorer.generate(images, List.of("Q?", "R?"), 1);
        List<List<String>> many = scorer.generate(images, List.of("Q?", "R?"), 6);
        assertThat(one).hasSize(2).allSatisfy(texts -> assertThat(texts).hasSize(2));
        for (int i = 0; i < 2; i++) {
            for (int q = 0; q < 2; q++) {
                assertThat(many.get(i).get(q)).startsWith(one.get(i).get(q).replace("\ufffd", ""));
            }
        }
    }

    @Test
    void aGreedyTextThatIsNoScoreIsNotANumber() {
        Score score = scorer.score(images, Mode.GREEDY).scores().get(0);
        assertThat(score.text()).isNotNull().doesNotMatch("The score of this image is \\d\\.\\d\\d\\.");
        assertThat(score.expectation()).isNaN();
        assertThat(score.attributes()).isEmpty();
        assertThat(score.digits()).isEmpty();
    }

    @Test
    void aModelWhoseProbabilitiesAreNotNumbersIsRefused() throws IOException {
        Path broken = TensorFile.checkpoint(MODEL, folder.resolve("broken"));
        float[] norm = new float[48];
        Arrays.fill(norm, Float.NaN);
        TensorFile.edit(broken.resolve("model.safetensors"), t -> t.put("model.norm.weight", Tensor.floats(norm, 48)));
        try (Checkpoint nan = Checkpoint.load(broken, Compute.CPU);
                Scorer fails = new Scorer(nan, null, profile())) {
            assertThatThrownBy(() -> fails.score(images))
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining("probabilities are not numbers");
        }
    }
}
