package io.realqa.streams.scoring;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Timer;
import io.realqa.scorer.Score;
import io.realqa.streams.metrics.Metric;
import io.realqa.streams.metrics.ServiceMetrics;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** The engine's meters, looked up once. Thread-safe. */
final class EngineMetrics {
    private final Timer queue;
    private final Timer fetch;
    private final Timer prepare;
    private final Timer device;
    private final DistributionSummary images;
    private final DistributionSummary tokens;
    final Counter hits;
    final Counter follows;
    final Counter misses;
    final Counter errors;
    final Counter outOfMemory;
    final Counter flawed;
    private final Counter shadowHigher;
    private final Counter shadowLower;
    private final Counter shadowEqual;
    private final Counter shadowFailed;
    private final DistributionSummary shadowDifference;
    private final AtomicLong batches = new AtomicLong();
    private final AtomicLong busyNanos = new AtomicLong();

    EngineMetrics(ServiceMetrics metrics) {
        this.queue = metrics.timer(Metric.STAGE, "queue");
        this.fetch = metrics.timer(Metric.STAGE, "fetch");
        this.prepare = metrics.timer(Metric.STAGE, "prepare");
        this.device = metrics.timer(Metric.STAGE, "device");
        this.images = metrics.summary(Metric.BATCH_IMAGES);
        this.tokens = metrics.summary(Metric.BATCH_TOKENS);
        this.hits = metrics.counter(Metric.CACHE, "hit");
        this.follows = metrics.counter(Metric.CACHE, "follow");
        this.misses = metrics.counter(Metric.CACHE, "miss");
        this.errors = metrics.counter(Metric.BATCH_FAILURES, "error");
        this.outOfMemory = metrics.counter(Metric.BATCH_FAILURES, "out-of-memory");
        this.flawed = metrics.counter(Metric.BATCH_FAILURES, "not-a-score");
        this.shadowHigher = metrics.counter(Metric.SHADOW, "higher");
        this.shadowLower = metrics.counter(Metric.SHADOW, "lower");
        this.shadowEqual = metrics.counter(Metric.SHADOW, "equal");
        this.shadowFailed = metrics.counter(Metric.SHADOW, "failed");
        this.shadowDifference = metrics.summary(Metric.SHADOW_DIFFERENCE);
        metrics.counter(Metric.DEVICE_BUSY, () -> busyNanos.get() / 1e9);
    }

    void batch(int size, long visualTokens) {
        batches.incrementAndGet();
        images.record(size);
        tokens.record(visualTokens);
    }

    /** Batches that were scored so far. */
    long batches() {
        return batches.get();
    }

    /** @param other a candidate's score of the same image; null: it gave none */
    void shadow(Score served, @Nullable Score other) {
        if (other == null) {
            shadowFailed.increment();
            return;
        }
        double difference = other.expectation() - served.expectation();
        (difference > 0 ? shadowHigher : difference < 0 ? shadowLower : shadowEqual).increment();
        shadowDifference.record(Math.abs(difference));
    }

    void busy(long nanos) {
        busyNanos.addAndGet(nanos);
    }

    void timings(Outcome.Timings t) {
        record(queue, t.queue());
        record(prepare, t.preprocess());
        if (t.fetch() > 0) {
            record(fetch, t.fetch());
        }
        if (!t.known()) {
            record(device, t.device());
        }
    }

    private static void record(Timer timer, long nanos) {
        timer.record(Math.max(0, nanos), TimeUnit.NANOSECONDS);
    }
}
