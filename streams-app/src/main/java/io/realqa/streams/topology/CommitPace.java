package io.realqa.streams.topology;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * When the tasks of one stream thread may ask for a commit. Soon, for whoever waits for a score; but a commit costs the
 * thread, the brokers and, on a CPU, the device's cores their time. So the pause grows with what a commit costs, seen as
 * the longest time that the thread was away from its tasks since they last asked: beside slow brokers commits become
 * rarer and larger, until they take a third of the time or the pause is at its limit.
 *
 * <p>Owned by the stream thread.
 */
final class CommitPace {
    private static final long LONGEST_BY_DEVICE_NANOS = Duration.ofMillis(200).toNanos();
    private static final long LONGEST_NANOS = Duration.ofMillis(500).toNanos();
    /** Of working to committing. */
    private static final int RATIO = 2;

    private final long shortestNanos;
    private final LongSupplier nanoTime;
    private long asked;
    private long left;
    private long away;

    /** @param shortest pause between two commits, whatever they cost */
    CommitPace(Duration shortest, LongSupplier nanoTime) {
        this.shortestNanos = shortest.toNanos();
        this.nanoTime = nanoTime;
        this.asked = nanoTime.getAsLong();
        this.left = asked;
    }

    /** The thread comes to a task. */
    void enter() {
        away = Math.max(away, nanoTime.getAsLong() - left);
    }

    /** The thread leaves a task. */
    void leave() {
        left = nanoTime.getAsLong();
    }

    /**
     * Whether a commit may be asked for now; true takes the turn.
     *
     * @param deviceNanos time of a batch on the device: where it is long, a commit may wait a little longer, too
     */
    boolean turn(long deviceNanos) {
        long now = nanoTime.getAsLong();
        if (now - asked < pause(deviceNanos)) {
            return false;
        }
        asked = now;
        away = 0;
        return true;
    }

    private long pause(long deviceNanos) {
        long byDevice = Math.min(deviceNanos / 4, LONGEST_BY_DEVICE_NANOS);
        long byCost = Math.min(RATIO * away, LONGEST_NANOS);
        return Math.max(shortestNanos, Math.max(byDevice, byCost));
    }
}
