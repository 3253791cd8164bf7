package io.realqa.trainer.feedback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.realqa.events.ImageLabelled;
import io.realqa.trainer.Label;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class LabelChecksTest {
    private static final FeedbackSettings SETTINGS = new FeedbackSettings(0.3, 0.5, 4, 2);

    private static RejectedException rejection(ImageLabelled label) {
        return catchThrowableOfType(RejectedException.class, () -> LabelCheck.check(label, Labels.PROFILE));
    }

    private static Label scored(double score) {
        return new Label("i", OptionalDouble.of(score), OptionalDouble.empty(), Map.of());
    }

    @Test
    void aScoreOffTheScaleIsOutOfRangeAndSaysWhatTheScaleIs() {
        RejectedException e = rejection(Labels.label("i", "ana").setScore(12.0).build());
        assertThat(e.reason()).isEqualTo(RejectReason.OUT_OF_RANGE);
        assertThat(e).hasMessage("score: 12.0 (expected: 0.0 to 9.99)");
        assertThat(rejection(Labels.label("i", "ana")
                                .setScore(null)
                                .setRatings(List.of(3.0, Double.NaN))
                                .build())
                        .reason())
                .isEqualTo(RejectReason.OUT_OF_RANGE);
        assertThat(rejection(Labels.label("i", "ana").setScoreDeviation(-1.0).build())
                        .reason())
                .isEqualTo(RejectReason.OUT_OF_RANGE);
    }

    @Test
    void anAttributeOrValueThatTheProfileDoesNotHaveIsNamedWithThoseItHas() {
        RejectedException attribute = rejection(Labels.label("i", "ana")
                .setAttributes(Map.of("bokeh", "creamy"))
                .build());
        assertThat(attribute.reason()).isEqualTo(RejectReason.UNKNOWN_ATTRIBUTE);
        assertThat(attribute).hasMessageContaining("bokeh").hasMessageContaining("level-shot");
        RejectedException value = rejection(Labels.label("i", "ana")
                .setAttributes(Map.of("level-shot", "wonky"))
                .build());
        assertThat(value).hasMessage("attributes: level-shot: wonky (expected: one of [level, tilted])");
    }

    @Test
    void aLabelWithoutOpinionOrWithTwoOrWithoutANameIsIncomplete() {
        assertThat(List.of(
                        Labels.label("i", "ana").setScore(null).build(),
                        Labels.label("i", "ana").setRatings(List.of(3.0)).build(),
                        Labels.label("i", " ").build(),
                        Labels.label("", "ana").build(),
                        Labels.label("i", "ana").setPlatform("").build()))
                .allSatisfy(l -> assertThat(rejection(l).reason()).isEqualTo(RejectReason.INCOMPLETE));
        assertThatCode(() -> LabelCheck.check(Labels.label("i", "ana").build(), Labels.PROFILE))
                .doesNotThrowAnyException();
    }

    @Test
    void theSameLabellerCountsOncePerImageAndPlatform() throws Exception {
        LabelLedger ledger = new LabelLedger(SETTINGS, 10);
        ledger.add("p", "a", "ana", scored(5));
        assertThat(rejection(ledger, "p", "a", "ana", 5)).isEqualTo(RejectReason.DUPLICATE);
        ledger.check("p", "b", "ana", scored(5));
        ledger.check("q", "a", "ana", scored(5));
        ledger.check("p", "a", "ben", scored(5));
    }

    @Test
    void aScoreFarFromTheOthersOfTheImageConflicts() throws Exception {
        LabelLedger ledger = new LabelLedger(SETTINGS, 10);
        ledger.add("p", "a", "ana", scored(4));
        ledger.add("p", "a", "ben", scored(6));
        assertThat(rejection(ledger, "p", "a", "cleo", 8.1)).isEqualTo(RejectReason.CONFLICT);
        ledger.check("p", "a", "cleo", scored(7.9));
        ledger.check("p", "b", "cleo", scored(8.1));
    }

    @Test
    void oneLabellerGivesNoMoreThanTheShareOnceTheFreeLabelsAreUsed() throws Exception {
        LabelLedger ledger = new LabelLedger(SETTINGS, 10);
        for (int i = 0; i < 4; i++) {
            ledger.check("p", "a" + i, "ana", scored(5));
            ledger.add("p", "a" + i, "ana", scored(5));
        }
        assertThat(rejection(ledger, "p", "a4", "ana", 5)).isEqualTo(RejectReason.LABELLER_SHARE);
        ledger.check("q", "a4", "ana", scored(5));
        for (int i = 0; i < 5; i++) {
            ledger.add("p", "b" + i, "ben", scored(5));
        }
        // the fifth of ten is half
        ledger.check("p", "a4", "ana", scored(5));
        ledger.add("p", "a4", "ana", scored(5));
        assertThat(rejection(ledger, "p", "a5", "ana", 5)).isEqualTo(RejectReason.LABELLER_SHARE);
    }

    private static RejectReason rejection(
            LabelLedger ledger, String platform, String image, String labeller, double score) {
        return catchThrowableOfType(
                        RejectedException.class, () -> ledger.check(platform, image, labeller, scored(score)))
                .reason();
    }
}
