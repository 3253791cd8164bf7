package io.realqa.streams.topology;

import io.realqa.streams.calibration.Calibrations;
import io.realqa.streams.metrics.ServiceMetrics;
import io.realqa.streams.scoring.ScoringEngine;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;

/**
 * What all tasks of an instance share. Thread-safe.
 */
public final class Tasks {

    /**
     * How tasks work.
     *
     * @param maxInlineBytes largest content inside an event
     * @param longestWait how long a task waits for room in the engine between two punctuations; times the tasks of a
     *     thread well below transaction.timeout.ms and max.poll.interval.ms
     * @param commitPause shortest time between two commits that the tasks of one thread ask for because they have
     *     forwarded outcomes
     * @param fenceTopic where tasks send a record to themselves, see {@link Fence}
     * @param keepPending whether what is pending survives its task. False loses uploads: that is for showing that a
     *     verifier notices it, and for nothing else
     */
    public record Settings(
            int maxInlineBytes, Duration longestWait, Duration commitPause, String fenceTopic, boolean keepPending) {
        /** Several tasks of a thread may wait one after the other within one transaction. */
        public static final Duration LONGEST_WAIT = Duration.ofMillis(200);

        /** A commit writes a marker to every partition of its transaction: some two dozen a second cost little. */
        public static final Duration COMMIT_PAUSE = Duration.ofMillis(40);

        public static Settings of(int maxInlineBytes, String fenceTopic) {
            return new Settings(maxInlineBytes, LONGEST_WAIT, COMMIT_PAUSE, fenceTopic, true);
        }
    }

    private final ScoringEngine engine;
    private final EventSerdes serdes;
    private final Settings settings;
    private final TaskMetrics metrics;
    private final Clock clock;
    private final Calibrations calibrations;
    /** One for each stream thread: a commit is for all its tasks. */
    private final ThreadLocal<CommitPace> pace;

    private volatile long deviceNanos;

    private volatile boolean stopping;

    /** Tasks without calibrations. */
    public Tasks(ScoringEngine engine, EventSerdes serdes, Settings settings, ServiceMetrics metrics, Clock clock) {
        this(engine, serdes, settings, metrics, clock, Calibrations.NONE);
    }

    public Tasks(
            ScoringEngine engine,
            EventSerdes serdes,
            Settings settings,
            ServiceMetrics metrics,
            Clock clock,
            Calibrations calibrations) {
        this.calibrations = calibrations;
        this.engine = engine;
        this.serdes = serdes;
        this.settings = settings;
        this.metrics = new TaskMetrics(metrics);
        this.clock = clock;
        this.pace = ThreadLocal.withInitial(() -> new CommitPace(settings.commitPause(), System::nanoTime));
    }

    ScoringEngine engine() {
        return engine;
    }

    EventSerdes serdes() {
        return serdes;
    }

    Settings settings() {
        return settings;
    }

    TaskMetrics metrics() {
        return metrics;
    }

    Calibrations calibrations() {
        return calibrations;
    }

    Instant now() {
        return clock.instant();
    }

    /** From now on uploads are kept for the next instance, and what is in the engine is brought to its end. */
    public void stop() {
        stopping = true;
    }

    /** What a batch's scores took on the device. */
    void scoredIn(long nanos) {
        deviceNanos = nanos;
    }

    /** Device time of a batch of late. */
    long deviceNanos() {
        return deviceNanos;
    }

    /** That of the calling stream thread. */
    CommitPace pace() {
        return pace.get();
    }

    boolean stopping() {
        return stopping;
    }

    /** Whether nothing is in the engine and every outcome was forwarded. */
    public boolean drained() {
        return engine.idle() && metrics.finished() == 0;
    }
}
