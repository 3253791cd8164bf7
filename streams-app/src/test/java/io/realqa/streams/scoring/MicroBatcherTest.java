package io.realqa.streams.scoring;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class MicroBatcherTest {
    private static final Duration LONG = Duration.ofMinutes(1);

    private final AtomicLong clock = new AtomicLong();

    private MicroBatcher batcher(int images, int tokens, Duration delay) {
        return new MicroBatcher(new BatchPolicy(images, tokens, delay), new TokenBudget(tokens), clock::get);
    }

    private static MicroBatcher.Ready ready(String name, Priority priority, int tokens, long submitted) {
        ImageJob job = new ImageJob(name, "tests", new byte[0], name, null, priority, o -> {}, () -> false);
        return new MicroBatcher.Ready(new Flight(job, submitted, 0), () -> tokens, "", submitted, 0);
    }

    private static void put(MicroBatcher batcher, MicroBatcher.Ready... images) {
        for (MicroBatcher.Ready r : images) {
            batcher.announce();
            batcher.add(r);
        }
    }

    private static List<String> names(List<MicroBatcher.Ready> batch) {
        return batch.stream().map(r -> String.valueOf(r.job().uri())).toList();
    }

    private static CompletableFuture<List<String>> taking(MicroBatcher batcher) {
        CompletableFuture<List<String>> taken = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                taken.complete(names(batcher.take()));
            } catch (Throwable e) {
                taken.completeExceptionally(e);
            }
        });
        thread.setDaemon(true);
        thread.start();
        return taken;
    }

    @Test
    void highPriorityGoesFirstAndLowLast() throws Exception {
        MicroBatcher batcher = batcher(2, 100, LONG);
        put(
                batcher,
                ready("low", Priority.LOW, 1, 1),
                ready("normal", Priority.NORMAL, 1, 2),
                ready("later", Priority.NORMAL, 1, 3),
                ready("high", Priority.HIGH, 1, 4));

        assertThat(names(batcher.take())).containsExactly("high", "normal");
        assertThat(names(batcher.take())).containsExactly("later", "low");
    }

    @Test
    void aFloodOfHighPriorityHoldsLowBackForTwentySecondsAtMost() throws Exception {
        MicroBatcher batcher = batcher(1, 100, LONG);
        put(batcher, ready("low", Priority.LOW, 1, 0));
        for (int second = 0; second <= 21; second++) {
            clock.set(TimeUnit.SECONDS.toNanos(second));
            put(batcher, ready("high" + second, Priority.HIGH, 1, clock.get()));
        }

        List<String> order = new ArrayList<>();
        for (int i = 0; i < 23; i++) {
            order.addAll(names(batcher.take()));
        }

        assertThat(order.indexOf("low")).isBetween(20, 21);
        assertThat(order).last().isEqualTo("high21");
    }

    @Test
    void equalRankKeepsTheTokenBudget() throws Exception {
        MicroBatcher batcher = batcher(16, 10, LONG);
        for (int i = 0; i < 12; i++) {
            put(batcher, ready("n" + i, Priority.NORMAL, 1 + i % 5, 7));
            if (i % 5 == 4) {
                List<MicroBatcher.Ready> batch = batcher.take();
                assertThat(batch.stream()
                                .mapToInt(r -> r.input().visualTokens())
                                .sum())
                        .isLessThanOrEqualTo(10);
            }
        }
    }

    @Test
    void theDelayClosesABatchThoughMoreAreComing() throws Exception {
        MicroBatcher batcher = batcher(16, 100, Duration.ofMillis(20));
        batcher.announce();
        put(batcher, ready("a", Priority.NORMAL, 1, 0));
        clock.set(TimeUnit.MILLISECONDS.toNanos(20));

        assertThat(names(batcher.take())).containsExactly("a");
    }

    @Test
    void anImageThatDoesNotComeLetsTheOthersGo() throws Exception {
        MicroBatcher batcher = batcher(16, 100, LONG);
        batcher.announce();
        put(batcher, ready("a", Priority.NORMAL, 1, 0));
        CompletableFuture<List<String>> taken = taking(batcher);
        assertThat(taken).isNotDone();

        batcher.retract();

        assertThat(taken.get(10, TimeUnit.SECONDS)).containsExactly("a");
    }

    @Test
    void closeEndsAWaitingTakeAndALaterOne() throws Exception {
        MicroBatcher batcher = batcher(16, 100, LONG);
        CompletableFuture<List<String>> taken = taking(batcher);

        batcher.close();

        assertThat(taken.get(10, TimeUnit.SECONDS)).isEmpty();
        assertThat(batcher.take()).isEmpty();
    }

    @Test
    void preparedImagesBeyondTwoBatchesWaitOutside() throws Exception {
        MicroBatcher batcher = batcher(16, 10, LONG);
        put(batcher, ready("a", Priority.NORMAL, 10, 1), ready("b", Priority.NORMAL, 10, 2));
        batcher.announce();
        CompletableFuture<Void> third =
                CompletableFuture.runAsync(() -> batcher.add(ready("c", Priority.NORMAL, 10, 3)));
        assertThat(third).isNotDone();

        assertThat(names(batcher.take())).containsExactly("a");
        third.get(10, TimeUnit.SECONDS);
        assertThat(names(batcher.take())).containsExactly("b");
        assertThat(names(batcher.take())).containsExactly("c");
    }

    @Test
    void closeLetsAnImageThatWaitsOutsideGo() throws Exception {
        MicroBatcher batcher = batcher(16, 10, LONG);
        put(batcher, ready("a", Priority.NORMAL, 20, 1));
        batcher.announce();
        CompletableFuture<Void> second =
                CompletableFuture.runAsync(() -> batcher.add(ready("b", Priority.NORMAL, 1, 2)));

        batcher.close();

        second.get(10, TimeUnit.SECONDS);
        assertThat(batcher.take()).isEmpty();
    }
}
