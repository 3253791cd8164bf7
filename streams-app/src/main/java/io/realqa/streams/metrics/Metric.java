package io.realqa.streams.metrics;

import java.util.List;

/**
 * Everything that the service measures of itself, under Micrometer's names; Prometheus shows dots as underscores, and
 * adds the unit and {@code _total}. Kafka's own metrics stand beside these on /metrics, beginning with {@code kafka}.
 */
public enum Metric {
    UPLOADS("realqa.uploads", Kind.COUNTER, "", "upload records that were read"),
    SCORES("realqa.scores", Kind.COUNTER, "", "uploads that ended in a score and attributes"),
    DEAD_LETTERS("realqa.dead.letters", Kind.COUNTER, "", "uploads that ended in a dead letter", "stage", "reason"),
    CALIBRATION(
            "realqa.calibration",
            Kind.COUNTER,
            "",
            "scores of platforms with a calibration: applied, or other-model where it was fitted for another",
            "result"),
    NCM(
            "realqa.ncm",
            Kind.SUMMARY,
            "",
            "label-free NCM of a score: squared distance of its digits' expectation from its most probable digits"),
    NCM_STAR("realqa.ncm.star", Kind.SUMMARY, "", "the same without what the most probable digits contribute"),
    END_TO_END(
            "realqa.end.to.end",
            Kind.TIMER,
            "seconds",
            "from the time that the upload event states to the outcome's forwarding"),
    PENDING("realqa.pending.uploads", Kind.GAUGE, "", "uploads in the pending stores of this instance's tasks"),
    STAGE(
            "realqa.stage",
            Kind.TIMER,
            "seconds",
            "time of one image in a stage: queue, fetch, prepare or device (its batch's time)",
            "stage"),
    BATCH_IMAGES("realqa.batch.images", Kind.SUMMARY, "", "images of a batch that was scored"),
    BATCH_TOKENS("realqa.batch.tokens", Kind.SUMMARY, "", "visual tokens of a batch that was scored"),
    BATCH_FAILURES(
            "realqa.batch.failures",
            Kind.COUNTER,
            "",
            "device calls that failed: error, out-of-memory or not-a-score",
            "kind"),
    DEVICE_BUSY(
            "realqa.device.busy", Kind.COUNTER, "seconds", "time in device calls; its rate by workers is utilisation"),
    WORKERS("realqa.device.workers", Kind.GAUGE, "", "batches that may run at a time"),
    TOKEN_BUDGET("realqa.batch.budget", Kind.GAUGE, "", "visual tokens that a batch may have, as memory allows"),
    IN_FLIGHT_IMAGES("realqa.in.flight.images", Kind.GAUGE, "", "images in the engine"),
    IN_FLIGHT_BYTES("realqa.in.flight.bytes", Kind.GAUGE, "bytes", "bytes of image files in the engine"),
    CACHE("realqa.cache", Kind.COUNTER, "", "images by what the score cache knew: hit, follow or miss", "result"),
    HOSTS_AVOIDED("realqa.hosts.avoided", Kind.GAUGE, "", "image hosts that are left alone because they fail"),
    RESTORED("realqa.restored.uploads", Kind.COUNTER, "", "pending uploads that tasks found when they started"),
    COMMIT_LATENCY("realqa.commit.latency.max", Kind.GAUGE, "seconds", "longest commit, as Kafka Streams reports it"),
    THREAD_DEATHS("realqa.thread.deaths", Kind.COUNTER, "", "stream threads that died and were replaced"),
    ADAPTERS_RESIDENT("realqa.adapters.resident", Kind.GAUGE, "", "adapters in memory, served or kept for a rollback"),
    ADAPTER_EPOCH(
            "realqa.adapter.epoch", Kind.GAUGE, "", "highest epoch that this instance serves; 0: nothing released"),
    ADAPTER_SWAPS("realqa.adapter.swaps", Kind.COUNTER, "", "releases that this instance took into service"),
    ADAPTER_REFUSALS("realqa.adapter.refusals", Kind.COUNTER, "", "releases that this instance refused"),
    ADAPTER_ALARMS(
            "realqa.adapter.alarms", Kind.COUNTER, "", "releases that this instance took back for their live answers"),
    SHADOW(
            "realqa.shadow.scores",
            Kind.COUNTER,
            "",
            "images that a candidate scored in the shadow: higher, lower or equal to the published score, or failed",
            "result"),
    SHADOW_DIFFERENCE(
            "realqa.shadow.difference", Kind.SUMMARY, "", "distance of a candidate's score from the published one"),
    ADAPTER_LOAD(
            "realqa.adapter.load", Kind.TIMER, "seconds", "loading and checking an adapter beside the served ones"),
    READY("realqa.ready", Kind.GAUGE, "", "1: the instance serves; 0: it loads, stops, hangs or has no tasks");

    /** What a metric is to Micrometer. */
    public enum Kind {
        COUNTER,
        GAUGE,
        TIMER,
        SUMMARY
    }

    private final String id;
    private final Kind kind;
    private final String unit;
    private final String description;
    private final List<String> tags;

    Metric(String id, Kind kind, String unit, String description, String... tags) {
        this.id = id;
        this.kind = kind;
        this.unit = unit;
        this.description = description;
        this.tags = List.of(tags);
    }

    public String id() {
        return id;
    }

    public Kind kind() {
        return kind;
    }

    /** Base unit; empty: a number. */
    public String unit() {
        return unit;
    }

    public String description() {
        return description;
    }

    /** Names of its tags. */
    public List<String> tags() {
        return tags;
    }
}
