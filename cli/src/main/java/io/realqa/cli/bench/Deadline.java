package io.realqa.cli.bench;

import java.time.Duration;

/** The end of a measurement's patience. */
record Deadline(Duration longest, long nanos) {
    static Deadline in(Duration longest) {
        return new Deadline(longest, System.nanoTime() + longest.toNanos());
    }

    boolean passed() {
        return System.nanoTime() > nanos;
    }

    /** @throws IllegalStateException if it has passed */
    void check() {
        if (passed()) {
            throw new IllegalStateException("not finished within " + longest);
        }
    }
}
