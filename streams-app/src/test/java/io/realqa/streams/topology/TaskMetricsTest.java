package io.realqa.streams.topology;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.realqa.streams.metrics.Metric;
import io.realqa.streams.metrics.ServiceMetrics;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TaskMetricsTest {
    /** Also the year 1, which some languages have for no time, and what a long holds of milliseconds. */
    @ParameterizedTest
    @CsvSource({
        "1790000000000, 0",
        "1789999990000, 10",
        "1790000000001, 0",
        "-62135596800000, 31536000",
        "-9223372036854775808, 31536000",
        "9223372036854775807, 0"
    })
    void anyTimeOfAnUploadCounts(long uploadedAt, double seconds) {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        TaskMetrics metrics = new TaskMetrics(new ServiceMetrics(registry));
        metrics.endToEnd(Instant.ofEpochMilli(uploadedAt), Instant.ofEpochMilli(1_790_000_000_000L));
        assertThat(registry.get(Metric.END_TO_END.id()).timer().totalTime(TimeUnit.SECONDS))
                .isEqualTo(seconds);
    }
}
