package io.realqa.streams.topology;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Timer;
import io.realqa.measures.Ncm;
import io.realqa.streams.calibration.Calibrations;
import io.realqa.streams.metrics.Metric;
import io.realqa.streams.metrics.ServiceMetrics;
import io.realqa.streams.scoring.Outcome.Rejected;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;

/** What the tasks of this instance count, all together. Thread-safe. */
final class TaskMetrics {
    /** What took longer is not told apart. */
    private static final Duration LONGEST = Duration.ofDays(365);

    private final ServiceMetrics metrics;
    private final Counter uploads;
    private final Counter scores;
    private final Counter restored;
    private final Counter calibrated;
    private final Counter otherModel;
    private final DistributionSummary ncm;
    private final DistributionSummary ncmStar;
    private final Timer endToEnd;
    private final AtomicLong pending = new AtomicLong();
    private final AtomicLong finished = new AtomicLong();

    TaskMetrics(ServiceMetrics metrics) {
        this.metrics = metrics;
        this.uploads = metrics.counter(Metric.UPLOADS);
        this.scores = metrics.counter(Metric.SCORES);
        this.restored = metrics.counter(Metric.RESTORED);
        this.calibrated = metrics.counter(Metric.CALIBRATION, "applied");
        this.otherModel = metrics.counter(Metric.CALIBRATION, "other-model");
        this.ncm = metrics.summary(Metric.NCM);
        this.ncmStar = metrics.summary(Metric.NCM_STAR);
        this.endToEnd = metrics.timer(Metric.END_TO_END);
        metrics.gauge(Metric.PENDING, pending::get);
    }

    void uploaded() {
        uploads.increment();
    }

    void restored(int entries) {
        restored.increment(entries);
    }

    void scored() {
        scores.increment();
    }

    /** What was worked out of a score that was forwarded. */
    void read(Events.Reading reading) {
        if (reading.calibrated() != null) {
            (reading.calibrated() instanceof Calibrations.Calibrated ? calibrated : otherModel).increment();
        }
        Ncm.Value value = reading.ncm();
        if (value != null) {
            ncm.record(value.squaredError());
            ncmStar.record(value.squaredErrorWithoutLabel());
        }
    }

    void deadLettered(Rejected why) {
        metrics.counter(Metric.DEAD_LETTERS, why.stage().name(), why.reason().name())
                .increment();
    }

    void endToEnd(Instant uploadedAt, Instant now) {
        // Publishers may say any time, the year 1 included, whose nanoseconds no long holds.
        Duration took = Duration.between(uploadedAt, now);
        endToEnd.record(took.isNegative() ? Duration.ZERO : took.compareTo(LONGEST) > 0 ? LONGEST : took);
    }

    /** Entries of pending stores have come or gone. */
    void pending(int more) {
        pending.addAndGet(more);
    }

    /** Outcomes have come from the engine, or were forwarded. */
    void finished(int more) {
        finished.addAndGet(more);
    }

    /** Outcomes that wait for their task's thread. */
    long finished() {
        return finished.get();
    }
}
