package io.realqa.streams;

import io.micrometer.core.instrument.Counter;
import io.realqa.streams.metrics.Metric;
import io.realqa.streams.metrics.ServiceMetrics;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What becomes of stream threads that die: another starts from the last commit, until starting again is seen not to help.
 * Thread-safe.
 */
final class ThreadDeaths {
    private static final Logger LOG = LoggerFactory.getLogger(ThreadDeaths.class);
    private static final Duration PERIOD = Duration.ofMinutes(1);
    /** Beside one death of each thread, which all may die of one outage. */
    private static final int MOST = 10;

    private final Clock clock;
    private final Counter counter;
    private final Deque<Instant> recent = new ArrayDeque<>();

    ThreadDeaths(Clock clock, ServiceMetrics metrics) {
        this.clock = clock;
        this.counter = metrics.counter(Metric.THREAD_DEATHS);
    }

    /**
     * Takes note of a death.
     *
     * @param threads of this instance
     * @param reading the dead thread's partitions and where it had committed them, for the log
     */
    synchronized StreamThreadExceptionResponse of(Throwable cause, int threads, String reading) {
        counter.increment();
        Instant now = clock.instant();
        recent.add(now);
        recent.removeIf(t -> !t.isAfter(now.minus(PERIOD)));
        if (recent.size() > MOST + threads) {
            LOG.error(
                    "{} stream threads died within {}, the last while it read {}: the service stops",
                    recent.size(),
                    PERIOD,
                    reading,
                    cause);
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        }
        LOG.error("a stream thread died; another reads on from the last commit: {}", reading, cause);
        return StreamThreadExceptionResponse.REPLACE_THREAD;
    }
}
