package io.realqa.streams.scoring;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/** Prepared images on one side, batches on the other. Thread-safe; its size is bounded by the engine's in-flight limit. */
final class MicroBatcher {

    /**
     * An image that is ready for the device.
     *
     * @param readyNanos when it became ready
     */
    record Ready(Flight flight, BatchScorer.Prepared input, String sha256, long readyNanos, long preprocessNanos) {
        ImageJob job() {
            return flight.job();
        }
    }

    /** A place in the queue. The heap knows the order in which images go, the set the order in which they came. */
    private static final class Place {
        final Ready ready;
        final long seeming;
        final long number;

        Place(Ready ready, long number) {
            this.ready = ready;
            this.seeming = ready.job().priority().seeming(ready.flight().submittedNanos());
            this.number = number;
        }
    }

    private static final Comparator<Place> ORDER =
            Comparator.<Place>comparingLong(p -> p.seeming).thenComparingLong(p -> p.number);

    private final BatchPolicy policy;
    private final TokenBudget budget;
    private final LongSupplier clock;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Condition taken = lock.newCondition();
    private final PriorityQueue<Place> order = new PriorityQueue<>(ORDER);
    private final LinkedHashSet<Place> arrivals = new LinkedHashSet<>();
    private final AtomicInteger coming = new AtomicInteger();
    private long numbers;
    private long tokens;
    /** Workers that wait for a batch: nobody else need be woken. */
    private int idle;

    private boolean closed;

    MicroBatcher(BatchPolicy policy, TokenBudget budget, LongSupplier nanoClock) {
        this.policy = policy;
        this.budget = budget;
        this.clock = nanoClock;
    }

    /** An image is being prepared: a batch may wait for it. */
    void announce() {
        coming.incrementAndGet();
    }

    /**
     * An announced image has come. Blocks while more wait than fill two batches, since a prepared image takes megabytes;
     * one batch's worth makes {@link #take} go on at once, and closing ends the wait.
     */
    void add(Ready ready) {
        lock.lock();
        try {
            while (!closed && tokens >= 2L * policy.maxVisualTokens()) {
                taken.awaitUninterruptibly();
            }
            Place place = new Place(ready, numbers++);
            order.add(place);
            arrivals.add(place);
            tokens += ready.input().visualTokens();
            coming.decrementAndGet();
            if (idle > 0 && (order.size() == 1 || decide().close())) {
                changed.signal();
            }
        } finally {
            lock.unlock();
        }
    }

    /** An announced image does not come. */
    void retract() {
        if (coming.decrementAndGet() > 0) {
            return;
        }
        lock.lock();
        try {
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    /** Waits for the next batch; empty once closed. */
    List<Ready> take() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (!closed) {
                BatchPolicy.Decision decision = decide();
                if (decision.close()) {
                    return batch();
                }
                idle++;
                try {
                    changed.await(decision.waitNanos(), TimeUnit.NANOSECONDS);
                } finally {
                    idle--;
                }
            }
            return List.of();
        } finally {
            lock.unlock();
        }
    }

    private BatchPolicy.Decision decide() {
        long longest = arrivals.isEmpty()
                ? 0
                : clock.getAsLong() - arrivals.iterator().next().ready.readyNanos();
        return policy.decide(order.size(), tokens, longest, coming.get(), budget.current());
    }

    private List<Ready> batch() {
        List<Place> head = new ArrayList<>();
        // Polled while the policy asks for it; what it does not take goes back.
        Iterator<Integer> sizes = new Iterator<>() {
            @Override
            public boolean hasNext() {
                return !order.isEmpty();
            }

            @Override
            public Integer next() {
                Place place = order.remove();
                head.add(place);
                return place.ready.input().visualTokens();
            }
        };
        int take = policy.take(sizes, budget.current());
        while (head.size() > take) {
            order.add(head.remove(head.size() - 1));
        }
        List<Ready> batch = new ArrayList<>(take);
        for (Place place : head) {
            arrivals.remove(place);
            tokens -= place.ready.input().visualTokens();
            batch.add(place.ready);
        }
        taken.signalAll();
        if (idle > 0 && !order.isEmpty()) {
            changed.signal();
        }
        return batch;
    }

    /** Ends every wait; what still waits is left behind. */
    void close() {
        lock.lock();
        try {
            closed = true;
            order.clear();
            arrivals.clear();
            tokens = 0;
            changed.signalAll();
            taken.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
