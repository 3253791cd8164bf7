package io.realqa.streams.scoring;

import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A job on its way through the engine, from admission to its one end. One thread at a time has it; it goes from thread to
 * thread through queues, which order what is written and read here.
 */
final class Flight {
    private final ImageJob job;
    private final long submittedNanos;
    private final AtomicBoolean ended = new AtomicBoolean();
    private long bytes;
    private byte @Nullable [] content;
    private long fetchNanos;
    private ScoreCache.@Nullable Key leads;
    private boolean announced;

    /** @param bytes room that it takes at first */
    Flight(ImageJob job, long submittedNanos, long bytes) {
        this.job = job;
        this.submittedNanos = submittedNanos;
        this.bytes = bytes;
        this.content = job.content();
    }

    ImageJob job() {
        return job;
    }

    long submittedNanos() {
        return submittedNanos;
    }

    boolean cancelled() {
        return job.cancelled().getAsBoolean();
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

    byte[] content() {
        return java.util.Objects.requireNonNull(content, "content comes with the job or is fetched first");
    }

    void fetched(byte[] bytesOfFile, long nanos) {
        content = bytesOfFile;
        fetchNanos = nanos;
    }

    long fetchNanos() {
        return fetchNanos;
    }

    /** Whether the batcher expects it, once it has been told to. */
    boolean announced() {
        return announced;
    }

    void announced(boolean expected) {
        announced = expected;
    }

    /** Others with equal content wait for its outcome, under this key. */
    void lead(ScoreCache.Key key) {
        leads = key;
    }

    ScoreCache.@Nullable Key leads() {
        return leads;
    }
}
