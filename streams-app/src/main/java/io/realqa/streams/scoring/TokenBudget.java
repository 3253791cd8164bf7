package io.realqa.streams.scoring;

/**
 * How many visual tokens a batch may have, as the device's memory allows: halved when it runs out, and raised slowly
 * after that. Thread-safe.
 */
final class TokenBudget {
    /** Batches that must fit before a little more is tried. */
    static final int STEADY_BATCHES = 16;
    /** Steps from nothing back to everything. */
    static final int STEPS = 16;

    private final int most;
    private int current;
    private int steady;

    TokenBudget(int most) {
        this.most = most;
        this.current = most;
    }

    synchronized int current() {
        return current;
    }

    /** A batch of so many tokens did not fit: the next ones have at most half of that. */
    synchronized void outOfMemory(long tokens) {
        current = (int) Math.max(1, Math.min(current, tokens / 2));
        steady = 0;
    }

    /** A batch went through. */
    synchronized void fitted() {
        if (current < most && ++steady >= STEADY_BATCHES) {
            steady = 0;
            current = (int) Math.min(most, (long) current + Math.max(1, most / STEPS));
        }
    }
}
