package io.realqa.trainer.service;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.realqa.events.ModelMeasured;
import io.realqa.trainer.cycle.CycleRecord;
import io.realqa.trainer.feedback.RejectReason;
import io.realqa.trainer.gate.Verdict;
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
        // At 0 from the start: Prometheus sees no increase of what appears as 1.
        counter(TrainerMetric.ACCEPTED, Tags.empty());
        counter(TrainerMetric.SESSIONS, Tags.empty());
        for (Verdict.Decision decision : Verdict.Decision.values()) {
            counter(TrainerMetric.CYCLES, Tags.of("decision", decision.name()));
        }
        counter(TrainerMetric.CYCLES, Tags.of("decision", CycleRecord.Stage.FAILED.name()));
    }

    void gauge(TrainerMetric metric, Supplier<Number> value) {
        Gauge.builder(metric.id(), value).description(metric.description()).register(registry);
    }

    void accepted() {
        counter(TrainerMetric.ACCEPTED, Tags.empty()).increment();
    }

    void rejected(RejectReason reason) {
        counter(TrainerMetric.REJECTED, Tags.of("reason", reason.name())).increment();
    }

    void session() {
        counter(TrainerMetric.SESSIONS, Tags.empty()).increment();
    }

    void cycle(String decision) {
        counter(TrainerMetric.CYCLES, Tags.of("decision", decision)).increment();
    }

    private Counter counter(TrainerMetric metric, Tags tags) {
        return Counter.builder(metric.id())
                .description(metric.description())
                .tags(tags)
                .register(registry);
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
