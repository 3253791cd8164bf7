package io.realqa.streams.config;

import static io.realqa.settings.Values.duration;
import static io.realqa.settings.Values.or;

import io.realqa.streams.scoring.BatchPolicy;
import io.realqa.streams.scoring.EngineConfig;
import org.jspecify.annotations.Nullable;

/**
 * When a batch closes, and how the device is used.
 *
 * @param workers batches that run at a time; none: as many as the device suits
 * @param callTimeout a device call that takes longer hangs: the instance hands its work on and ends
 * @param attempts device calls that fail with an image before it is given up
 */
public record BatchSection(
        @Nullable Integer images,
        @Nullable Integer visualTokens,
        @Nullable String delay,
        @Nullable Integer workers,
        @Nullable String callTimeout,
        @Nullable Integer attempts) {
    public static final BatchSection DEFAULTS = new BatchSection(null, null, null, null, null, null);

    /** When a batch closes. */
    public BatchPolicy policy() {
        BatchPolicy d = BatchPolicy.DEFAULTS;
        return new BatchPolicy(
                or(images, d.maxImages()),
                or(visualTokens, d.maxVisualTokens()),
                duration("batch.delay", delay, d.maxDelay()));
    }

    /** @param suiting batches that run at a time, if the settings do not say */
    public EngineConfig.Device device(int suiting) {
        EngineConfig.Device d = EngineConfig.Device.DEFAULTS;
        return new EngineConfig.Device(
                or(workers, suiting),
                duration("batch.callTimeout", callTimeout, d.callTimeout()),
                or(attempts, d.attempts()),
                d.backoff());
    }
}
