package io.realqa.streams;

import static org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse.REPLACE_THREAD;
import static org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.realqa.streams.metrics.Metric;
import io.realqa.streams.metrics.ServiceMetrics;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.junit.jupiter.api.Test;

class ThreadDeathsTest {
    private Instant now = Instant.parse("2026-11-25T09:30:00Z");
    private final Clock clock = ((InstantSource) () -> now).withZone(ZoneOffset.UTC);
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final ThreadDeaths deaths = new ThreadDeaths(clock, new ServiceMetrics(registry));

    @Test
    void threadsAreReplacedUntilTheyDieTooOftenWithinAMinute() {
        for (int i = 0; i < 12; i++) {
            assertThat(death(2)).isEqualTo(REPLACE_THREAD);
        }
        assertThat(death(2)).isEqualTo(SHUTDOWN_CLIENT);
    }

    @Test
    void deathsOfLongAgoDoNotCount() {
        for (int i = 0; i < 100; i++) {
            assertThat(death(1)).isEqualTo(REPLACE_THREAD);
            now = now.plus(Duration.ofSeconds(6));
        }
    }

    @Test
    void allThreadsOfALargeInstanceMayDieOfOneOutage() {
        for (int i = 0; i < 64; i++) {
            assertThat(death(64)).isEqualTo(REPLACE_THREAD);
        }
    }

    @Test
    void everyDeathIsCounted() {
        death(1);
        death(1);
        assertThat(registry.get(Metric.THREAD_DEATHS.id()).counter().count()).isEqualTo(2);
    }

    private StreamThreadExceptionResponse death(int threads) {
        IllegalStateException cause = new IllegalStateException("a test's");
        cause.setStackTrace(new StackTraceElement[0]); // it is logged
        return deaths.of(cause, threads, "image.uploads-0 from offset 7");
    }
}
