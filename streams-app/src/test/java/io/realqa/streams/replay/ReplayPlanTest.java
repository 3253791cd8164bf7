package io.realqa.streams.replay;

import static io.realqa.streams.replay.ReplayPlan.Verdict.NOT_SELECTED;
import static io.realqa.streams.replay.ReplayPlan.Verdict.REPLAY;
import static io.realqa.streams.replay.ReplayPlan.Verdict.REPLAYED_BEFORE;
import static io.realqa.streams.replay.ReplayPlan.Verdict.WITHOUT_VALUE;
import static org.assertj.core.api.Assertions.assertThat;

import io.realqa.events.UploadDeadLettered;
import io.realqa.streams.scoring.Reason;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ReplayPlanTest {
    private static UploadDeadLettered letter(String image, Reason reason) {
        return Letters.of("up", image, reason).build();
    }

    @Test
    void whatHasAMarkOrComesTwiceIsReplayedOnce() {
        ReplayPlan plan = new ReplayPlan(ReplayFilter.ALL, Long.MAX_VALUE, Set.of("letter of a"));
        assertThat(plan.judge(letter("a", Reason.EMPTY))).isEqualTo(REPLAYED_BEFORE);
        assertThat(plan.judge(letter("b", Reason.EMPTY))).isEqualTo(REPLAY);
        assertThat(plan.judge(letter("b", Reason.EMPTY))).isEqualTo(REPLAYED_BEFORE);
    }

    @Test
    void whatHasNoValueIsNotReplayedAndDoesNotCountTowardsTheLimit() {
        ReplayFilter filter = new ReplayFilter(
                Set.of(Reason.RECORD_TOO_LARGE, Reason.EMPTY), Set.of(), Set.of(), Set.of(), null, null);
        ReplayPlan plan = new ReplayPlan(filter, 1, Set.of());
        assertThat(plan.judge(letter("other", Reason.TIMEOUT))).isEqualTo(NOT_SELECTED);
        assertThat(plan.judge(Letters.of("up", "large", Reason.RECORD_TOO_LARGE)
                        .setValue(null)
                        .build()))
                .isEqualTo(WITHOUT_VALUE);
        assertThat(plan.full()).isFalse();
        assertThat(plan.judge(letter("a", Reason.EMPTY))).isEqualTo(REPLAY);
        assertThat(plan.full()).isTrue();
    }

    @Test
    void groupsAreCountedMostFirstAndNeverMoreThanSoMany() {
        ReplayTally tally = new ReplayTally();
        int platforms = ReplayTally.MOST_GROUPS + 50;
        for (int i = 0; i < platforms; i++) {
            tally.replayed(Letters.of("up", "image " + i, Reason.EMPTY)
                    .setPlatform("platform " + i)
                    .build());
        }
        tally.replayed(
                Letters.of("up", "more", Reason.EMPTY).setPlatform("platform 3").build());
        Map<ReplaySummary.Group, Long> groups = tally.summary(false).groups();
        assertThat(groups).hasSize(ReplayTally.MOST_GROUPS + 1).containsEntry(ReplayTally.OTHERS, 50L);
        assertThat(groups.values()).startsWith(50L, 2L, 1L);
        assertThat(groups.values().stream().mapToLong(n -> n).sum()).isEqualTo(platforms + 1);
        assertThat(tally.summary(false).first()).hasSize(5);
    }

    @Test
    void clientsAreNeitherMembersOfTheServiceNorInItsTransactions() {
        Map<String, String> service = Map.of(
                "bootstrap.servers", "kafka:9092",
                "security.protocol", "SASL_SSL",
                "group.protocol", "streams",
                "application.id", "realqa-stream",
                "consumer.group.instance.id", "one",
                "consumer.isolation.level", "read_uncommitted",
                "producer.transactional.id", "theirs",
                "producer.compression.type", "zstd");
        assertThat(ClientSettings.consumer(service))
                .containsEntry("bootstrap.servers", "kafka:9092")
                .containsEntry("security.protocol", "SASL_SSL")
                .containsEntry("isolation.level", "read_committed")
                .doesNotContainKeys("group.id", "group.protocol", "group.instance.id", "application.id");
        assertThat(ClientSettings.producer(service, "ours"))
                .containsEntry("transactional.id", "ours")
                .containsEntry("compression.type", "zstd");
    }
}
