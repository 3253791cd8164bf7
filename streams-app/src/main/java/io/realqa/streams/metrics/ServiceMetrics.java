package io.realqa.streams.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** Meters of the catalogue, and of nothing else. Thread-safe. */
public final class ServiceMetrics {
    private static final Duration SHORTEST = Duration.ofMillis(1);
    private static final Duration LONGEST = Duration.ofMinutes(2);

    private final MeterRegistry registry;

    public ServiceMetrics(MeterRegistry registry) {
        this.registry = registry;
    }

    /** Metrics that nobody looks at. */
    public static ServiceMetrics unseen() {
        return new ServiceMetrics(new SimpleMeterRegistry());
    }

    public MeterRegistry registry() {
        return registry;
    }

    /** @param values of the metric's tags, in their order */
    public Counter counter(Metric metric, String... values) {
        return Counter.builder(expect(metric, Metric.Kind.COUNTER))
                .description(metric.description())
                .tags(tags(metric, values))
                .register(registry);
    }

    /** A counter whose value is kept elsewhere; it never falls. */
    public void counter(Metric metric, Supplier<Number> value) {
        FunctionCounter.builder(
                        expect(metric, Metric.Kind.COUNTER), value, v -> v.get().doubleValue())
                .description(metric.description())
                .baseUnit(unit(metric))
                .register(registry);
    }

    /** A histogram of durations. */
    public Timer timer(Metric metric, String... values) {
        return Timer.builder(expect(metric, Metric.Kind.TIMER))
                .description(metric.description())
                .tags(tags(metric, values))
                .publishPercentileHistogram()
                .minimumExpectedValue(SHORTEST)
                .maximumExpectedValue(LONGEST)
                .register(registry);
    }

    public DistributionSummary summary(Metric metric) {
        return DistributionSummary.builder(expect(metric, Metric.Kind.SUMMARY))
                .description(metric.description())
                .register(registry);
    }

    public void gauge(Metric metric, Supplier<Number> value) {
        Gauge.builder(expect(metric, Metric.Kind.GAUGE), value)
                .description(metric.description())
                .baseUnit(unit(metric))
                .register(registry);
    }

    private static @org.jspecify.annotations.Nullable String unit(Metric metric) {
        return metric.unit().isEmpty() ? null : metric.unit();
    }

    private static String expect(Metric metric, Metric.Kind kind) {
        if (metric.kind() != kind) {
            throw new IllegalArgumentException(metric + ": a " + kind + " (expected: a " + metric.kind() + ")");
        }
        return metric.id();
    }

    private static Iterable<Tag> tags(Metric metric, String... values) {
        if (values.length != metric.tags().size()) {
            throw new IllegalArgumentException(
                    metric + ": " + values.length + " tag values (expected: of " + metric.tags() + ")");
        }
        List<Tag> tags = new ArrayList<>();
        for (int i = 0; i < values.length; i++) {
            tags.add(Tag.of(metric.tags().get(i), values[i]));
        }
        return Tags.of(tags);
    }
}
