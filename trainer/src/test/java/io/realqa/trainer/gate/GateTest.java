package io.realqa.trainer.gate;

import static org.assertj.core.api.Assertions.assertThat;

import io.realqa.trainer.gate.Evidence.Judged;
import io.realqa.trainer.gate.Evidence.RightOrWrong;
import io.realqa.trainer.gate.Evidence.Series;
import io.realqa.trainer.gate.Verdict.Decision;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GateTest {
    private static final Gate GATE = new Gate(GateSettings.DEFAULTS);

    /** Labels with predictions of given noise around them. */
    private static List<Judged> images(int n, double servingNoise, double candidateNoise, long seed) {
        Random random = new Random(seed);
        List<Judged> images = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            double label = 1 + 9 * random.nextDouble();
            double serving = label + servingNoise * random.nextGaussian();
            double candidate = label + candidateNoise * random.nextGaussian();
            images.add(new Judged("image " + i, label, serving, candidate, Map.of(), Map.of()));
        }
        return images;
    }

    private static Verdict decide(List<Judged> images) {
        return GATE.decide(new Evidence(images, List.of()));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void aClearlyBetterCandidateIsPromoted(long seed) {
        Verdict verdict = decide(images(150, 3, 1, seed));
        assertThat(verdict.decision()).as(verdict.text()).isEqualTo(Decision.PROMOTE);
        assertThat(verdict.reasons())
                .first()
                .asString()
                .contains("SRCC on 150 held-out images 0.9", "better for certain");
        assertThat(verdict.numbers().get("srcc.gain.low")).isPositive();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void aWorseCandidateIsRejected(long seed) {
        Verdict verdict = decide(images(150, 1, 3, seed));
        assertThat(verdict.decision()).as(verdict.text()).isEqualTo(Decision.REJECT);
        assertThat(verdict.text()).startsWith("REJECT: ").contains("worse for certain");
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void aCandidateThatIsBetterOnlyByNoiseNeedsMoreLabels(long seed) {
        // both are as good; from the seeds those count where the candidate happened to come out ahead
        List<Judged> images = images(120, 2, 2, seed);
        Verdict verdict = decide(images);
        if (verdict.numbers().getOrDefault("srcc.gain", 0.0) < 0) {
            List<Judged> swapped = images.stream()
                    .map(j -> new Judged(j.image(), j.label(), j.candidate(), j.serving(), j.slices(), j.attributes()))
                    .toList();
            verdict = decide(swapped);
        }
        assertThat(verdict.numbers().get("srcc.gain")).isPositive();
        assertThat(verdict.decision()).as(verdict.text()).isEqualTo(Decision.NEED_MORE);
        assertThat(verdict.text()).contains("which may be chance");
    }

    @Test
    void tooFewImagesDecideNothing() {
        Verdict verdict = decide(images(49, 3, 0.1, 1));
        assertThat(verdict.text()).isEqualTo("NEED_MORE: 49 held-out images (expected: at least 50)");
    }

    @Test
    void aCandidateThatIsBetterOverallButRuinsOnePlatformIsRejected() {
        List<Judged> images = new ArrayList<>();
        for (Judged j : images(300, 3, 0.5, 7)) {
            images.add(new Judged(j.image(), j.label(), j.serving(), j.candidate(), Map.of("platform", "a"), Map.of()));
        }
        for (Judged j : images(60, 0.5, 4, 8)) {
            images.add(new Judged(j.image(), j.label(), j.serving(), j.candidate(), Map.of("platform", "b"), Map.of()));
        }
        Verdict verdict = decide(images);
        assertThat(verdict.numbers().get("srcc.gain.low")).isPositive();
        assertThat(verdict.decision()).isEqualTo(Decision.REJECT);
        assertThat(verdict.reasons()).first().asString().startsWith("platform b: SRCC on 60 images -0.");
    }

    @Test
    void aCandidateThatForgetsAnAttributeIsRejected() {
        List<Judged> images = new ArrayList<>();
        int i = 0;
        for (Judged j : images(150, 3, 1, 3)) {
            RightOrWrong answer = new RightOrWrong(true, i++ % 4 != 0);
            images.add(
                    new Judged(j.image(), j.label(), j.serving(), j.candidate(), Map.of(), Map.of("exposure", answer)));
        }
        Verdict verdict = decide(images);
        assertThat(verdict.decision()).isEqualTo(Decision.REJECT);
        assertThat(verdict.reasons()).first().asString().startsWith("exposure: accuracy on 150 images -0.2533");
    }

    @Test
    void aCandidateThatRanksBetterButIsFarOffIsRejected() {
        List<Judged> shifted = images(150, 3, 0.5, 4).stream()
                .map(j -> new Judged(j.image(), j.label(), j.serving(), j.candidate() + 5, Map.of(), Map.of()))
                .toList();
        Verdict verdict = decide(shifted);
        assertThat(verdict.decision()).isEqualTo(Decision.REJECT);
        assertThat(verdict.reasons()).first().asString().startsWith("calibration: mean absolute error +");
    }

    @Test
    void aCandidateThatScoresBlurredImagesHigherIsRejected() {
        List<Series> series = List.of(
                new Series("blur", List.of(8.0, 6.0, 4.0), List.of(8.0, 8.5, 9.0)),
                new Series("noise", List.of(8.0, 6.0, 4.0), List.of(9.0, 5.0, 1.0)));
        Verdict verdict = GATE.decide(new Evidence(images(150, 3, 1, 1), series));
        assertThat(verdict.decision()).isEqualTo(Decision.REJECT);
        assertThat(verdict.reasons())
                .first()
                .isEqualTo("blur: 0.0 % of the pairs of strengths in order, serving 100.0 % (expected: a loss of at"
                        + " most 2.0 %)");
        assertThat(verdict.reasons()).noneMatch(r -> r.startsWith("noise"));
    }

    @Test
    void aCandidateWhoseScoreIsNoNumberIsRejected() {
        List<Judged> images = new ArrayList<>(images(150, 3, 1, 1));
        images.set(7, new Judged("image 7", 5, 5, Double.NaN, Map.of(), Map.of()));
        assertThat(decide(images).text())
                .isEqualTo("REJECT: image 7: the candidate's score is NaN (expected: a finite number)");
    }

    @Test
    void aCandidateThatGivesEveryImageTheSameScoreIsRejected() {
        List<Judged> constant = images(150, 3, 1, 1).stream()
                .map(j -> new Judged(j.image(), j.label(), j.serving(), 5, Map.of(), Map.of()))
                .toList();
        assertThat(decide(constant).text())
                .startsWith("REJECT: the candidate gives every held-out image the same score");
    }

    @Test
    void theSameEvidenceGivesTheSameVerdict() {
        assertThat(decide(images(80, 2, 1.6, 9))).isEqualTo(decide(images(80, 2, 1.6, 9)));
    }
}
