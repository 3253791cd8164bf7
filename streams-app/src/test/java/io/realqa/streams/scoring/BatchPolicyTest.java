package io.realqa.streams.scoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class BatchPolicyTest {
    private static final long DELAY = 1_000;
    private static final BatchPolicy POLICY = new BatchPolicy(3, 10, Duration.ofNanos(DELAY));

    /** What the policy makes of a queue: images of the batch that closes, or 0 and how long to wait. */
    private record Batch(int take, long waitNanos) {}

    private static Batch decide(List<Integer> queue, long waited, int coming) {
        return decide(POLICY, queue, waited, coming, POLICY.maxVisualTokens());
    }

    private static Batch decide(BatchPolicy policy, List<Integer> queue, long waited, int coming, int budget) {
        long tokens = queue.stream().mapToLong(Integer::longValue).sum();
        BatchPolicy.Decision decision = policy.decide(queue.size(), tokens, waited, coming, budget);
        return new Batch(decision.close() ? policy.take(queue.iterator(), budget) : 0, decision.waitNanos());
    }

    @Test
    void aFullNumberOfImagesGoesAtOnce() {
        assertThat(decide(List.of(1, 1, 1), 0, 5)).isEqualTo(new Batch(3, 0));
        assertThat(decide(List.of(1, 1, 1, 1, 1), 0, 5)).isEqualTo(new Batch(3, 0));
    }

    @Test
    void aFullTokenBudgetGoesAtOnce() {
        assertThat(decide(List.of(4, 6), 0, 5)).isEqualTo(new Batch(2, 0));
        assertThat(decide(List.of(4, 5, 2), 0, 5)).isEqualTo(new Batch(2, 0));
    }

    @Test
    void anImageOverTheBudgetGoesAlone() {
        assertThat(decide(List.of(11), 0, 5)).isEqualTo(new Batch(1, 0));
        assertThat(decide(List.of(11, 1), 0, 5)).isEqualTo(new Batch(1, 0));
        assertThat(decide(List.of(1, 11), 0, 5)).isEqualTo(new Batch(1, 0));
    }

    @Test
    void anIncompleteBatchWaitsForTheRestOfTheDelay() {
        assertThat(decide(List.of(1, 2), 400, 1)).isEqualTo(new Batch(0, 600));
    }

    @Test
    void theDelayClosesABatch() {
        assertThat(decide(List.of(1, 2), DELAY, 1)).isEqualTo(new Batch(2, 0));
        assertThat(decide(List.of(1, 2), DELAY + 1, 1)).isEqualTo(new Batch(2, 0));
    }

    @Test
    void nothingComingClosesABatch() {
        assertThat(decide(List.of(1, 2), 0, 0)).isEqualTo(new Batch(2, 0));
    }

    @Test
    void withoutImagesThereIsNoBatch() {
        assertThat(decide(List.of(), 0, 0)).isEqualTo(new Batch(0, DELAY));
    }

    @Test
    void tokenCountsDoNotOverflow() {
        BatchPolicy wide = new BatchPolicy(3, Integer.MAX_VALUE, Duration.ofNanos(DELAY));
        assertThat(decide(wide, List.of(Integer.MAX_VALUE, Integer.MAX_VALUE), 0, 1, Integer.MAX_VALUE))
                .isEqualTo(new Batch(1, 0));
    }

    @Test
    void aDeviceShortOfMemoryGetsSmallerBatches() {
        List<Integer> queue = List.of(2, 2, 2);
        assertThat(decide(POLICY, queue, 0, 5, 4)).isEqualTo(new Batch(2, 0));
        assertThat(decide(POLICY, queue, 0, 5, 1)).isEqualTo(new Batch(1, 0));
        // The policy's own limit still holds.
        assertThat(decide(POLICY, List.of(6, 6), 0, 5, 100)).isEqualTo(new Batch(1, 0));
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
        Batch d = decide(queue, waited, coming);
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
