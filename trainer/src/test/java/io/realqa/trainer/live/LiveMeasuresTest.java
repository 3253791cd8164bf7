package io.realqa.trainer.live;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.realqa.events.DigitDistribution;
import io.realqa.events.ImageLabelled;
import io.realqa.events.ImageScored;
import io.realqa.events.LabelAccepted;
import io.realqa.events.ModelMeasured;
import io.realqa.events.SourcePosition;
import io.realqa.measures.Ncm;
import io.realqa.trainer.Label;
import io.realqa.trainer.feedback.Labels;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class LiveMeasuresTest {
    private static final String SHA = "0".repeat(64);

    private static ImageScored score(int i, double score, @Nullable String adapter) {
        return Labels.score("i" + i, score, adapter, SHA, i);
    }

    private static void label(LiveMeasures live, ImageScored corrected, double label, Map<String, String> answers) {
        ImageLabelled event = Labels.label(corrected.getImageId(), "ana")
                .setScore(label)
                .setAttributes(Map.of("level-shot", "level"))
                .build();
        LabelAccepted accepted = LabelAccepted.newBuilder()
                .setLabel(event)
                .setSource(new SourcePosition("image.feedback", 0, 0L))
                .setContentSha256(SHA)
                .setPerceptualHash(0)
                .setCorrected(corrected)
                .setAnswers(answers)
                .setAcceptedAt(Instant.ofEpochMilli(3))
                .build();
        live.labelled(accepted, Label.of(event, Labels.PROFILE));
    }

    @Test
    void eachLabelCountsForTheVersionThatItCorrects() {
        LiveMeasures live = new LiveMeasures(50);
        for (int i = 0; i < 5; i++) {
            ImageScored base = score(i, 5 - i, null);
            ImageScored adapted = score(100 + i, 1 + i, "sha256:a");
            live.scored(base);
            live.scored(adapted);
            label(live, base, i + 1, Map.of("level-shot", i == 0 ? "tilted" : "level"));
            label(live, adapted, i + 1.5, Map.of("level-shot", "level"));
        }
        List<ModelMeasured> events = live.events(Instant.ofEpochMilli(9));
        Map<String, Double> base = events.get(0).getMeasures();
        Map<String, Double> adapted = events.get(1).getMeasures();
        assertThat(events).extracting(ModelMeasured::getAdapterDigest).containsExactly(null, "sha256:a");
        assertThat(base.get("srcc")).isCloseTo(-1, within(1e-12));
        assertThat(adapted.get("srcc")).isCloseTo(1, within(1e-12));
        assertThat(adapted.get("plcc")).isCloseTo(1, within(1e-12));
        assertThat(adapted.get("mae")).isCloseTo(0.5, within(1e-12));
        assertThat(base.get("accuracy.level-shot")).isCloseTo(0.8, within(1e-12));
        assertThat(adapted.get("accuracy.level-shot")).isEqualTo(1);
        assertThat(events.get(0).getLabels()).isEqualTo(5);
        assertThat(base).doesNotContainKeys("psi", "ks");
        assertThat(base.get("deviation")).isEqualTo(0.5);
        assertThat(base.get("greedyGap")).isCloseTo(0, within(1e-9));
        assertThat(base.get("digitEntropy")).isZero();
        assertThat(base.get("offGrammar")).isCloseTo(0.01, within(1e-12));
    }

    @Test
    void aShiftOfTheScoresShowsAgainstTheFirstOfTheVersion() {
        LiveMeasures live = new LiveMeasures(100);
        for (int i = 0; i < 200; i++) {
            live.scored(score(i, 3 + (i % 100) / 50.0, null));
        }
        Map<String, Double> still = live.newest("p").orElseThrow();
        assertThat(still.get("psi")).isCloseTo(0, within(1e-9));
        assertThat(still.get("ks")).isCloseTo(0, within(1e-9));
        for (int i = 0; i < 100; i++) {
            live.scored(score(1000 + i, 4 + (i % 100) / 50.0, null));
        }
        Map<String, Double> moved = live.newest("*").orElseThrow();
        assertThat(moved.get("psi")).isGreaterThan(0.25);
        assertThat(moved.get("ks")).isCloseTo(0.5, within(0.02));
        assertThat(moved.get("ksP")).isLessThan(0.001);
        assertThat(live.newest("q")).isEmpty();
    }

    private static DigitDistribution place(int place, Map<Integer, Double> probabilities) {
        List<Double> all = new ArrayList<>();
        for (int d = 0; d < 10; d++) {
            all.add(probabilities.getOrDefault(d, 0.0));
        }
        return new DigitDistribution(place, all);
    }

    @Test
    void ncmIsThatOfTheMeasuresWhereTheLabelsDigitsAreCertain() {
        List<DigitDistribution> digits = List.of(
                place(0, Map.of(6, 0.995, 7, 0.005)),
                place(-1, Map.of(5, 0.992, 9, 0.008)),
                place(-2, Map.of(1, 0.3, 8, 0.7)));
        double[][] logits = digits.stream()
                .map(d -> d.getProbabilities().stream()
                        .mapToDouble(p -> Math.log(Math.max(p, 1e-300)))
                        .toArray())
                .toArray(double[][]::new);
        Ncm.Value expected = Ncm.released("6.51", logits).orElseThrow();
        DigitReading.Ncm ncm = DigitReading.ncm(digits, 6.51).orElseThrow();
        assertThat(ncm.squaredError()).isCloseTo(expected.squaredError(), within(1e-12));
        assertThat(ncm.squaredErrorWithoutLabel()).isCloseTo(expected.squaredErrorWithoutLabel(), within(1e-9));
        // after a 7, which the model hardly thought of, the event does not say how it would have gone on
        assertThat(DigitReading.ncm(digits, 7.51)).isEmpty();
        assertThat(DigitReading.mostProbable(digits)).isCloseTo(6.58, within(1e-9));
    }
}
