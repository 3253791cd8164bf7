package io.realqa.trainer.service.config;

import static io.realqa.settings.Values.duration;
import static io.realqa.settings.Values.or;

import io.realqa.trainer.cycle.TriggerPolicy;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** When a cycle begins, as in {@link TriggerPolicy.Settings}; {@code every: never} is no schedule. */
public record TriggerSection(
        @Nullable Integer minimumLabels,
        @Nullable Integer newLabels,
        @Nullable String every,
        @Nullable Double psi,
        @Nullable Double ksP,
        @Nullable String pause) {
    public static final TriggerSection DEFAULTS = new TriggerSection(null, null, null, null, null, null);

    private static final Duration EVERY = Objects.requireNonNull(TriggerPolicy.Settings.DEFAULTS.every());

    public TriggerPolicy.Settings settings() {
        TriggerPolicy.Settings d = TriggerPolicy.Settings.DEFAULTS;
        return new TriggerPolicy.Settings(
                or(minimumLabels, d.minimumLabels()),
                or(newLabels, d.newLabels()),
                "never".equals(every) ? null : duration("trigger.every", every, EVERY),
                or(psi, d.psi()),
                or(ksP, d.ksP()),
                duration("trigger.pause", pause, d.pause()));
    }
}
