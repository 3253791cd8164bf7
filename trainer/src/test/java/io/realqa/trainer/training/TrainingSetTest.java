package io.realqa.trainer.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.realqa.scorer.TrainingExample;
import io.realqa.scorer.TrainingExample.Kind;
import io.realqa.scorer.TrainingExample.Turn;
import io.realqa.scorer.image.Normalisation;
import io.realqa.scorer.image.VisualInput;
import io.realqa.trainer.Label;
import io.realqa.trainer.training.TrainingSettings.FormQuestion;
import io.realqa.trainer.training.TrainingSettings.QuestionMix;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrainingSetTest {
    private static final VisualInput IMAGE =
            new VisualInput(2, 2, 1, 28, 28, new byte[0], new Normalisation(List.of(), List.of(), 1));

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{                                      | line 2: Unexpected",
                "[]                                     | line 2: [] (expected: a JSON object)",
                "{\"image\": \"0.png\", \"mos\": 5}       | line 2: unknown key mos (expected: image, score",
                "{\"score\": 5}                          | line 2: image:  (expected: a path)",
                "{\"image\": \"../x.png\", \"score\": 5}  | line 2: image: ../x.png (expected: a path below",
                "{\"image\": \"9.png\", \"score\": 5}     | line 2: image: 9.png (expected: a file below",
                "{\"image\": \"1.png\"}                   | line 2: score and attributes are both missing",
                "{\"image\": \"1.png\", \"score\": \"5\"} | line 2: score: \"5\" (expected: a number)",
                "{\"image\": \"1.png\", \"score\": 5, \"score\": 6} | line 2: Duplicate field 'score'",
                "{\"image\": \"1.png\", \"score\": 12}    | line 2: score: 12.0 (expected: 0.0 to 9.99)",
                "{\"image\": \"1.png\", \"score\": 5, \"deviation\": -1} | line 2: deviation: -1.0 (expected: 0 to 9.99)",
                "{\"image\": \"1.png\", \"attributes\": {\"smell\": \"good\"}} | line 2: attributes: smell (expected: one of",
                "{\"image\": \"0.png\", \"score\": 5}     | line 2: image: 0.png (expected: each once; it is on line 1)",
            })
    void aWrongLabelIsNamedWithItsLineAndField(String line, String message) throws Exception {
        Path images = TinyModel.images(folder, 2);
        Path file =
                Files.writeString(folder.resolve("l.jsonl"), "{\"image\": \"0.png\", \"score\": 5}\n" + line + "\n");
        assertThatThrownBy(() -> LabelFile.read(file, images, TinyModel.PROFILE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(file.toString())
                .hasMessageContaining(message);
    }

    @Test
    void theSameContentIsAlwaysOnTheSameSide() throws Exception {
        Path images = TinyModel.images(folder, 40);
        List<LabelledImage> all = LabelFile.read(images.resolve("labels.jsonl"), images, TinyModel.PROFILE);
        HeldOut.Split split = HeldOut.split(all, 0.3);
        assertThat(split.heldOut().size() + split.training().size()).isEqualTo(40);
        assertThat(split.heldOut()).hasSizeBetween(5, 20);
        // renamed, in another set: the same side
        List<LabelledImage> renamed = all.stream()
                .map(i -> new LabelledImage("x" + i.name(), i.file(), i.sha256(), i.label()))
                .toList();
        assertThat(HeldOut.split(renamed, 0.3).heldOut().stream().map(LabelledImage::sha256))
                .containsExactlyElementsOf(
                        split.heldOut().stream().map(LabelledImage::sha256).toList());
    }

    private static Label label(double score, Map<String, String> attributes) {
        return new Label("i", OptionalDouble.of(score), OptionalDouble.empty(), attributes);
    }

    @Test
    void questionsFollowTheirSharesAndEveryImageIsAskedSomething() {
        Questions questions = new Questions(TinyModel.PROFILE, new QuestionMix(0.5, 0.25, 0, Optional.empty()));
        Label label = label(6.585, Map.of("exposure", "overexposed", "saturation", "low"));
        int plain = 0;
        int attributes = 0;
        for (int i = 0; i < 4000; i++) {
            TrainingExample example = questions.example(IMAGE, label, new SplittableRandom(i));
            assertThat(example.turns()).isNotEmpty();
            for (Turn turn : example.turns()) {
                plain += turn.kind() == Kind.SCORE ? 1 : 0;
                attributes += turn.kind() == Kind.TEXT ? 1 : 0;
            }
        }
        // half of them, and those for which nothing was drawn: .5 * .75 * .75 of all
        assertThat(plain / 4000.0).isCloseTo(0.5 + 0.28125, within(0.03));
        assertThat(attributes / 4000.0).isCloseTo(0.5, within(0.03));
    }

    @Test
    void theFormHoldsEveryValueAndIsLeftOutWhereOneIsMissing() {
        FormQuestion form = new FormQuestion("All of it?", "3.2 Exposure: {exposure}. The final score is <{score}>.");
        Questions questions = new Questions(TinyModel.PROFILE, new QuestionMix(0, 0, 1, Optional.of(form)));
        Turn turn = questions
                .example(IMAGE, label(9.999, Map.of("exposure", "overexposed")), new SplittableRandom(1))
                .turns()
                .get(0);
        assertThat(turn)
                .isEqualTo(new Turn(
                        "All of it?", "3.2 Exposure: overexposed. The final score is <", "9.99", ">.", Kind.NUMBER));
        Turn other = questions
                .example(IMAGE, label(5, Map.of("saturation", "low")), new SplittableRandom(1))
                .turns()
                .get(0);
        assertThat(other.kind()).isEqualTo(Kind.SCORE);
    }

    /** Values of transformers' get_cosine_schedule_with_warmup(2 of 10 steps). */
    @Test
    void theRateRisesThenFallsAsTransformersCosine() {
        LearningRate rate = new LearningRate(0.002, 0.2, 10);
        double[] expected = {
            0.0,
            0.001,
            0.002,
            0.0019238795325112869,
            0.0017071067811865474,
            0.00138268343236509,
            0.001,
            0.0006173165676349102,
            0.00029289321881345256,
            7.612046748871326e-05
        };
        for (int i = 0; i < expected.length; i++) {
            assertThat(rate.at(i)).isCloseTo(expected[i], within(1e-15));
        }
    }
}
