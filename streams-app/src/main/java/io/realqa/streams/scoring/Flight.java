package io.realqa.streams.scoring;

import java.util.concurrent.atomic.AtomicBoolean;

/** A job on its way through the engine, from admission to its one end. */
final class Flight {
    private final ImageJob job;
    private final long submittedNanos;
    private final AtomicBoolean ended = new AtomicBoolean();
    private long bytes;

    /** @param bytes room that it takes at first */
    Flight(ImageJob job, long submittedNanos, long bytes) {
        this.job = job;
        this.submittedNanos = submittedNanos;
        this.bytes = bytes;
    }

    ImageJob job() {
        return job;
    }

    long submittedNanos() {
        return submittedNanos;
    }

    /** True for the first caller alone: it gives the room back and reports the outcome, if there is one. */
    boolean end() {
        return ended.compareAndSet(false, true);
    }

    /** Room that it takes; guarded by the engine's admission. */
    long bytes() {
        return bytes;
    }

    /** Changes the room that it takes; guarded by the engine's admission. */
    void resize(long to) {
        bytes = to;
    }
}
