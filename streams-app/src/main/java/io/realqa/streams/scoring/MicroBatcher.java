package io.realqa.streams.scoring;

import io.realqa.scorer.image.VisualInput;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * Prepared images on one side, batches on the other. Thread-safe; its size is bounded by the engine's in-flight limit.
 */
final class MicroBatcher {

    /**
     * An image that is ready for the device.
     *
     * @param readyNanos when it became ready
     */
    record Ready(
            Flight flight, VisualInput input, String sha256, long readyNanos, long fetchNanos, long preprocessNanos) {
        ImageJob job() {
            return flight.job();
        }
    }

    private static final Comparator<Ready> ORDER =
            Comparator.comparingLong(r -> r.job().priority().seeming(r.flight().submittedNanos()));

    private final BatchPolicy policy;
    private final LongSupplier clock;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Condition taken = lock.newCondition();
    private final List<Ready> waiting = new ArrayList<>();
    private final AtomicInteger coming = new AtomicInteger();
    private long tokens;
    private boolean closed;

    MicroBatcher(BatchPolicy policy, LongSupplier nanoClock) {
        this.policy = policy;
        this.clock = nanoClock;
    }

    /** An image is on its way: a batch may wait for it. */
    void announce() {
        coming.incrementAndGet();
    }

    /**
     * An announced image has come. Blocks while more wait than fill two batches, since a prepared image takes megabytes;
     * one batch's worth makes {@link #take} go on at once.
     */
    void add(Ready ready) {
        lock.lock();
        try {
            while (!closed && tokens >= 2L * policy.maxVisualTokens()) {
                taken.awaitUninterruptibly();
            }
            waiting.add(ready);
            tokens += ready.input().visualTokens();
            coming.decrementAndGet();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** An announced image does not come. */
    void retract() {
        lock.lock();
        try {
            coming.decrementAndGet();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Waits for the next batch; empty once closed. */
    List<Ready> take() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (!closed) {
                List<Ready> batch = poll();
                if (!batch.isEmpty()) {
                    return batch;
                }
            }
            return List.of();
        } finally {
            lock.unlock();
        }
    }

    /** Takes a batch if one closes now, else waits for a change, no longer than the policy says. */
    private List<Ready> poll() throws InterruptedException {
        waiting.sort(ORDER);
        long now = clock.getAsLong();
        long longest =
                waiting.stream().mapToLong(r -> now - r.readyNanos()).max().orElse(0);
        BatchPolicy.Decision decision = policy.decide(
                waiting.stream().map(r -> r.input().visualTokens()).toList(), longest, coming.get());
        if (decision.take() == 0) {
            changed.await(Math.max(1, decision.waitNanos()), TimeUnit.NANOSECONDS);
            return List.of();
        }
        List<Ready> head = waiting.subList(0, decision.take());
        List<Ready> batch = List.copyOf(head);
        head.clear();
        tokens -= tokensOf(batch);
        taken.signalAll();
        return batch;
    }

    private static long tokensOf(List<Ready> images) {
        return images.stream().mapToLong(r -> r.input().visualTokens()).sum();
    }

    /** Ends every wait; what still waits is left behind. */
    void close() {
        lock.lock();
        try {
            closed = true;
            waiting.clear();
            tokens = 0;
            changed.signalAll();
            taken.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
