package io.realqa.verify;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class FaultPlanTest {
    private static final Duration MINUTES = Duration.ofMinutes(5);

    @Test
    void theSameSeedGivesTheSameFaults() {
        assertThat(FaultPlan.of(4, 60, MINUTES)).isEqualTo(FaultPlan.of(4, 60, MINUTES));
        assertThat(FaultPlan.of(4, 60, MINUTES)).isNotEqualTo(FaultPlan.of(5, 60, MINUTES));
    }

    @Test
    void sixtyFaultsAreOfEveryKindWhateverTheSeed() {
        for (long seed : LongStream.range(0, 200).toArray()) {
            List<FaultPlan.Planned> plan = FaultPlan.of(seed, 60, MINUTES);
            assertThat(plan).hasSize(60);
            assertThat(plan.stream().map(FaultPlan.Planned::kind).collect(Collectors.toSet()))
                    .as("seed %s", seed)
                    .containsAll(Arrays.asList(FaultKind.values()));
        }
    }

    @Test
    void faultsAreSpreadOverTheWholeTime() {
        List<FaultPlan.Planned> plan = FaultPlan.of(9, 60, MINUTES);
        for (int i = 0; i < 60; i++) {
            assertThat(plan.get(i).atMillis()).isBetween(i * 5_000L, (i + 1) * 5_000L);
        }
    }

    @Test
    void thereAreAsManyInstancesAsAtTheStartOrOneMore() {
        for (long seed : LongStream.range(0, 200).toArray()) {
            int more = 0;
            for (FaultPlan.Planned fault : FaultPlan.of(seed, 300, MINUTES)) {
                more += fault.kind() == FaultKind.SCALE_UP ? 1 : fault.kind() == FaultKind.SCALE_DOWN ? -1 : 0;
                assertThat(more).isBetween(0, 1);
            }
        }
    }

    @Test
    void continuousKillsComeOneAfterTheOtherToTheEnd() {
        List<FaultPlan.Planned> plan = FaultPlan.kills(1, Duration.ofSeconds(5), Duration.ofMinutes(20));
        assertThat(plan).hasSize(239).allMatch(f -> f.kind() == FaultKind.KILL);
        assertThat(plan.get(238).atMillis()).isEqualTo(1_195_000);
    }
}
