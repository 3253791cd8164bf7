package io.realqa.streams.scoring;

import java.time.Duration;

/**
 * Who goes first. A priority is a head start in waiting time, so that a flood of one kind cannot starve the others for
 * longer than that.
 */
public enum Priority {
    HIGH(Duration.ofSeconds(-10)),
    NORMAL(Duration.ZERO),
    LOW(Duration.ofSeconds(10));

    private final long nanos;

    Priority(Duration handicap) {
        this.nanos = handicap.toNanos();
    }

    /** The later an image seems to have come, the later it goes. */
    long seeming(long arrivalNanos) {
        return arrivalNanos + nanos;
    }
}
