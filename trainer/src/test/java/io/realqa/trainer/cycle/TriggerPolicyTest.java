package io.realqa.trainer.cycle;

import static org.assertj.core.api.Assertions.assertThat;

import io.realqa.trainer.cycle.TriggerPolicy.Cause;
import io.realqa.trainer.cycle.TriggerPolicy.Settings;
import io.realqa.trainer.cycle.TriggerPolicy.Situation;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class TriggerPolicyTest {
    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
    private static final Settings SETTINGS =
            new Settings(100, 50, Duration.ofHours(24), 0.25, 0.01, Duration.ofMinutes(10));

    private static Optional<Cause> due(Settings settings, Situation situation, Duration after) {
        return new TriggerPolicy(settings, START)
                .due(situation, START.plus(after))
                .map(TriggerPolicy.Trigger::cause);
    }

    private static Situation labels(int now, int atLast, @Nullable Instant last) {
        return new Situation(now, atLast, last, Double.NaN, Double.NaN);
    }

    @Test
    void enoughNewLabelsAreReasonEnough() {
        assertThat(due(SETTINGS, labels(149, 100, START), Duration.ofHours(1))).isEmpty();
        assertThat(due(SETTINGS, labels(150, 100, START), Duration.ofHours(1))).contains(Cause.LABELS);
    }

    @Test
    void underTheMinimumNothingIsTrained() {
        assertThat(due(SETTINGS, labels(99, 0, null), Duration.ofDays(2))).isEmpty();
        assertThat(due(SETTINGS, labels(100, 0, null), Duration.ofMinutes(0))).contains(Cause.LABELS);
    }

    @Test
    void onScheduleASetIsMadeIfThereIsANewLabel() {
        assertThat(due(SETTINGS, labels(101, 100, START), Duration.ofHours(23))).isEmpty();
        assertThat(due(SETTINGS, labels(101, 100, START), Duration.ofHours(24))).contains(Cause.SCHEDULE);
        assertThat(due(SETTINGS, labels(100, 100, START), Duration.ofDays(9))).isEmpty();
        Settings labelsOnly = new Settings(100, 0, null, 0, 0.01, Duration.ZERO);
        assertThat(due(labelsOnly, labels(900, 100, START), Duration.ofDays(9))).isEmpty();
    }

    @Test
    void driftNeedsBothItsIndexAndItsTest() {
        assertThat(due(SETTINGS, new Situation(101, 100, START, 0.3, 0.001), Duration.ofHours(1)))
                .contains(Cause.DRIFT);
        assertThat(due(SETTINGS, new Situation(101, 100, START, 0.3, 0.2), Duration.ofHours(1)))
                .isEmpty();
        assertThat(due(SETTINGS, new Situation(101, 100, START, 0.2, 0.001), Duration.ofHours(1)))
                .isEmpty();
        Settings unwatched = new Settings(100, 50, null, 0, 0.01, Duration.ZERO);
        assertThat(due(unwatched, new Situation(101, 100, START, 9, 0), Duration.ofHours(1)))
                .isEmpty();
    }

    @Test
    void thePauseHoldsWhateverTheReason() {
        assertThat(due(SETTINGS, new Situation(900, 100, START, 9, 0), Duration.ofMinutes(9)))
                .isEmpty();
        assertThat(due(SETTINGS, new Situation(900, 100, START, 9, 0), Duration.ofMinutes(10)))
                .contains(Cause.LABELS);
    }
}
