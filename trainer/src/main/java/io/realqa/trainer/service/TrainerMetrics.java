package io.realqa.trainer.service;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.realqa.events.ModelMeasured;
import io.realqa.trainer.feedback.RejectReason;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** The catalogue's metrics in a registry. Thread-safe. */
final class TrainerMetrics {
    private final MeterRegistry registry;
    private final MultiGauge measures;

    TrainerMetrics(MeterRegistry registry) {
        this.registry = registry;
        this.measures = MultiGauge.builder(TrainerMetric.MEASURE.id())
                .description(TrainerMetric.MEASURE.description())
                .register(registry);
    }

    void gauge(TrainerMetric metric, Supplier<Number> value) {
        Gauge.builder(metric.id(), value).description(metric.description()).register(registry);
    }

    void accepted() {
        counter(TrainerMetric.ACCEPTED, Tags.empty());
    }

    void rejected(RejectReason reason) {
        counter(TrainerMetric.REJECTED, Tags.of("reason", reason.name()));
    }

    void session() {
        counter(TrainerMetric.SESSIONS, Tags.empty());
    }

    void cycle(String decision) {
        counter(TrainerMetric.CYCLES, Tags.of("decision", decision));
    }

    private void counter(TrainerMetric metric, Tags tags) {
        Counter.builder(metric.id())
                .description(metric.description())
                .tags(tags)
                .register(registry)
                .increment();
    }

    void measured(List<ModelMeasured> events) {
        List<MultiGauge.Row<?>> rows = new ArrayList<>();
        for (ModelMeasured event : events) {
            String adapter = event.getAdapterDigest() == null ? "base" : event.getAdapterDigest();
            event.getMeasures()
                    .forEach((name, value) -> rows.add(MultiGauge.Row.of(
                            Tags.of("platform", event.getPlatform(), "adapter", adapter, "measure", name), value)));
        }
        measures.register(rows, true);
    }
}
