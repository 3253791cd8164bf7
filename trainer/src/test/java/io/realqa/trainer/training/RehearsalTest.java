package io.realqa.trainer.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.realqa.scorer.Checkpoint;
import io.realqa.scorer.Compute;
import io.realqa.scorer.Scorer;
import io.realqa.scorer.image.VisualInput;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Spoilt images are labelled as much lower as the base model scores them lower. */
class RehearsalTest {
    @TempDir
    Path folder;

    @Test
    void theLabelFallsAsTheBaseModelsScoreDoesAndTheSameLuckGivesTheSame() throws Exception {
        Path images = TinyModel.images(folder, 6);
        List<LabelledImage> labelled = LabelFile.read(images.resolve("labels.jsonl"), images, TinyModel.PROFILE);
        try (Checkpoint checkpoint = Checkpoint.load(TinyModel.checkpoint(folder), Compute.CPU);
                Scorer base = new Scorer(checkpoint, null, TinyModel.PROFILE);
                Rehearsal always = new Rehearsal(checkpoint, TinyModel.PROFILE, 1);
                Rehearsal never = new Rehearsal(checkpoint, TinyModel.PROFILE, 0)) {
            ImageSource source = new ImageSource(checkpoint.preprocessing(), 1 << 20);
            double minimum = TinyModel.PROFILE.score().minimum().doubleValue();
            double maximum = TinyModel.PROFILE.score().maximum().doubleValue();
            for (LabelledImage image : labelled) {
                VisualInput untouched = source.get(image);
                assertThat(never.draw(image, untouched, new SplittableRandom(3)))
                        .isEmpty();
                Rehearsal.Shown shown =
                        always.draw(image, untouched, new SplittableRandom(3)).orElseThrow();
                double fall = score(base, shown.image()) - score(base, untouched);
                double expected = image.label().score().orElseThrow() + fall;
                assertThat(shown.label().score().orElseThrow())
                        .isCloseTo(Math.max(minimum, Math.min(maximum, expected)), within(1e-6));
                assertThat(shown.label().deviation()).isEqualTo(image.label().deviation());
                // what people said of the untouched image need not hold for the spoilt one
                assertThat(shown.label().attributes()).isEmpty();
                assertThat(shown.image().pixels()).isNotEqualTo(untouched.pixels());
                Rehearsal.Shown again =
                        always.draw(image, untouched, new SplittableRandom(3)).orElseThrow();
                assertThat(again.image().pixels()).isEqualTo(shown.image().pixels());
                assertThat(again.label()).isEqualTo(shown.label());
            }
        }
    }

    private static double score(Scorer scorer, VisualInput image) {
        return scorer.score(List.of(image)).scores().get(0).expectation();
    }
}
