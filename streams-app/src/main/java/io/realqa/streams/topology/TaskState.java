package io.realqa.streams.topology;

import io.realqa.events.ImageUploaded;
import io.realqa.streams.scoring.ImageJob;
import io.realqa.streams.scoring.Outcome;
import io.realqa.streams.scoring.ScoringEngine;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/**
 * What a task knows of its pending uploads from init() to close(). Kafka Streams may call init() again after close(), and
 * what the engine still holds of an earlier life must not reach the next one: so each life has a state of its own.
 *
 * <p>Owned by the stream thread. The outbox alone is shared: the engine's threads add to it.
 */
final class TaskState {
    /** The store is in memory, and one slow upload may hold back many of its key. */
    private static final long MOST_PENDING_BYTES = 128L << 20;

    private static final int MOST_PENDING = 4_096;

    /** An outcome on its way back to the stream thread. */
    record Finished(String key, long offset, Outcome outcome) {}

    private final TaskMetrics metrics;
    private final ConcurrentLinkedQueue<Finished> outbox = new ConcurrentLinkedQueue<>();
    /** Jobs that the engine had no room for. */
    private final Deque<ImageJob> backlog = new ArrayDeque<>();
    /** Jobs whose host has enough to do, by their lane: others pass them. */
    private final Map<String, Deque<ImageJob>> held = new LinkedHashMap<>();
    /** Offsets of uploads that cannot be read while the registry is away, and of all that came after them. */
    final Deque<Long> unread = new ArrayDeque<>();

    /** Uploads between arrival and outcome, by offset: their events without the content. */
    private final Map<Long, ImageUploaded> open = new HashMap<>();

    private final KeyOrder<Outcome> order = new KeyOrder<>();
    private long pendingBytes;
    private int pending;
    private volatile boolean over;

    TaskState(TaskMetrics metrics) {
        this.metrics = metrics;
    }

    /** An entry of the pending store. */
    void stored(long bytes) {
        pendingBytes += bytes;
        pending++;
        metrics.pending(1);
    }

    /** An entry of the pending store is deleted. */
    void deleted(long bytes) {
        pendingBytes -= bytes;
        pending--;
        metrics.pending(-1);
    }

    void open(String key, long offset, @Nullable ImageUploaded upload) {
        order.expect(key, offset);
        if (upload != null) {
            open.put(offset, upload);
        }
    }

    @Nullable
    ImageUploaded close(long offset) {
        return open.remove(offset);
    }

    /** Called on any thread. */
    void finish(String key, long offset, Outcome outcome) {
        metrics.finished(1);
        outbox.add(new Finished(key, offset, outcome));
        if (over) {
            // Nobody will forward it: it stays pending.
            forgetOutbox();
        }
    }

    /** The next outcome, if there is one. */
    @Nullable
    Finished poll() {
        Finished next = outbox.poll();
        if (next != null) {
            metrics.finished(-1);
        }
        return next;
    }

    Iterable<KeyOrder.Released<Outcome>> release(Finished finished) {
        return order.finish(finished.key(), finished.offset(), finished.outcome());
    }

    void offer(ScoringEngine engine, ImageJob job) {
        if (!backlog.isEmpty() || held.containsKey(job.lane())) {
            queue(job);
            return;
        }
        switch (engine.offer(job)) {
            case TAKEN -> {}
            case FULL -> backlog.add(job);
            case LANE_FULL -> hold(job);
        }
    }

    private void queue(ImageJob job) {
        if (held.containsKey(job.lane())) {
            hold(job);
        } else {
            backlog.add(job);
        }
    }

    private void hold(ImageJob job) {
        held.computeIfAbsent(job.lane(), l -> new ArrayDeque<>()).add(job);
    }

    /** Offers what could not be taken before. */
    void offerAgain(ScoringEngine engine) {
        for (Iterator<Deque<ImageJob>> lanes = held.values().iterator(); lanes.hasNext(); ) {
            Deque<ImageJob> lane = lanes.next();
            while (!lane.isEmpty() && engine.offer(lane.element()) == ScoringEngine.Offer.TAKEN) {
                lane.remove();
            }
            if (lane.isEmpty()) {
                lanes.remove();
            }
        }
        while (!backlog.isEmpty()) {
            ImageJob job = backlog.element();
            ScoringEngine.Offer answer =
                    held.containsKey(job.lane()) ? ScoringEngine.Offer.LANE_FULL : engine.offer(job);
            if (answer == ScoringEngine.Offer.FULL) {
                return;
            }
            backlog.remove();
            if (answer == ScoringEngine.Offer.LANE_FULL) {
                hold(job);
            }
        }
    }

    /** Whether no further upload should be taken on. */
    boolean crowded() {
        return !backlog.isEmpty() || !unread.isEmpty() || pendingBytes > MOST_PENDING_BYTES || pending >= MOST_PENDING;
    }

    /** Whether the engine works on something of this task. */
    boolean busy() {
        return !open.isEmpty();
    }

    boolean over() {
        return over;
    }

    void end() {
        over = true;
        backlog.clear();
        held.clear();
        metrics.pending(-pending);
        pending = 0;
        forgetOutbox();
    }

    private void forgetOutbox() {
        for (Finished f = outbox.poll(); f != null; f = outbox.poll()) {
            metrics.finished(-1);
        }
    }
}
