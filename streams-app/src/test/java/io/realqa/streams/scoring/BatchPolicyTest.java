package io.realqa.streams.scoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.realqa.streams.scoring.BatchPolicy.Decision;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class BatchPolicyTest {
    private static final long DELAY = 1_000;
    private static final BatchPolicy POLICY = new BatchPolicy(3, 10, Duration.ofNanos(DELAY));

    @Test
    void aFullNumberOfImagesGoesAtOnce() {
        assertThat(POLICY.decide(List.of(1, 1, 1), 0, 5)).isEqualTo(new Decision(3, 0));
        assertThat(POLICY.decide(List.of(1, 1, 1, 1, 1), 0, 5)).isEqualTo(new Decision(3, 0));
    }

    @Test
    void aFullTokenBudgetGoesAtOnce() {
        assertThat(POLICY.decide(List.of(4, 6), 0, 5)).isEqualTo(new Decision(2, 0));
        assertThat(POLICY.decide(List.of(4, 5, 2), 0, 5)).isEqualTo(new Decision(2, 0));
    }

    @Test
    void anImageOverTheBudgetGoesAlone() {
        assertThat(POLICY.decide(List.of(11), 0, 5)).isEqualTo(new Decision(1, 0));
        assertThat(POLICY.decide(List.of(11, 1), 0, 5)).isEqualTo(new Decision(1, 0));
        assertThat(POLICY.decide(List.of(1, 11), 0, 5)).isEqualTo(new Decision(1, 0));
    }

    @Test
    void anIncompleteBatchWaitsForTheRestOfTheDelay() {
        assertThat(POLICY.decide(List.of(1, 2), 400, 1)).isEqualTo(new Decision(0, 600));
    }

    @Test
    void theDelayClosesABatch() {
        assertThat(POLICY.decide(List.of(1, 2), DELAY, 1)).isEqualTo(new Decision(2, 0));
        assertThat(POLICY.decide(List.of(1, 2), DELAY + 1, 1)).isEqualTo(new Decision(2, 0));
    }

    @Test
    void nothingComingClosesABatch() {
        assertThat(POLICY.decide(List.of(1, 2), 0, 0)).isEqualTo(new Decision(2, 0));
    }

    @Test
    void withoutImagesThereIsNoBatch() {
        assertThat(POLICY.decide(List.of(), 0, 0)).isEqualTo(new Decision(0, DELAY));
    }

    @Test
    void tokenCountsDoNotOverflow() {
        BatchPolicy wide = new BatchPolicy(3, Integer.MAX_VALUE, Duration.ofNanos(DELAY));
        assertThat(wide.decide(List.of(Integer.MAX_VALUE, Integer.MAX_VALUE), 0, 1))
                .isEqualTo(new Decision(1, 0));
    }

    /** Every queue of up to 5 images of 1, 4, 9, 10 or 11 tokens, young and old, with and without others coming. */
    @Test
    void aBatchIsWithinTheLimitsAndAsLargeAsTheyAllow() {
        List<List<Integer>> queues = new ArrayList<>(List.of(List.of()));
        for (int i = 0; i < queues.size() && queues.get(i).size() < 5; i++) {
            for (int tokens : new int[] {1, 4, 9, 10, 11}) {
                List<Integer> longer = new ArrayList<>(queues.get(i));
                longer.add(tokens);
                queues.add(longer);
            }
        }
        for (List<Integer> queue : queues) {
            for (long waited : new long[] {0, DELAY - 1, DELAY, 10 * DELAY}) {
                for (int coming : new int[] {0, 1}) {
                    check(queue, waited, coming);
                }
            }
        }
    }

    private static void check(List<Integer> queue, long waited, int coming) {
        Decision d = POLICY.decide(queue, waited, coming);
        String where = queue + " after " + waited + ", " + coming + " coming";
        if (d.take() == 0) {
            assertThat(queue.isEmpty() || (waited < DELAY && coming > 0))
                    .as(where)
                    .isTrue();
            assertThat(d.waitNanos()).as(where).isBetween(1L, DELAY);
            assertThat(queue.size()).as(where).isLessThan(3);
            assertThat(sum(queue)).as(where).isLessThan(10);
            return;
        }
        int taken = sum(queue.subList(0, d.take()));
        assertThat(d.take() == 1 || (d.take() <= 3 && taken <= 10)).as(where).isTrue();
        boolean oneMoreFits = d.take() < queue.size() && d.take() < 3 && taken + queue.get(d.take()) <= 10;
        assertThat(oneMoreFits).as(where).isFalse();
    }

    private static int sum(List<Integer> tokens) {
        return tokens.stream().mapToInt(Integer::intValue).sum();
    }

    @Test
    void limitsOutOfRangeAreNamedByTheirKeys() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new BatchPolicy(0, 1, Duration.ZERO))
                .withMessage("batch.images: 0 (expected: 1 to 4096)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new BatchPolicy(1, 0, Duration.ZERO))
                .withMessage("batch.visualTokens: 0 (expected: at least 1)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new BatchPolicy(1, 1, Duration.ofSeconds(61)))
                .withMessage("batch.delay: PT1M1S (expected: 0 to 1 minute)");
    }
}
