package io.realqa.trainer.cycle;

import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** When a platform's next adapter is trained: on a schedule, on enough new labels, or on drift. Pure. */
public final class TriggerPolicy {
    /**
     * Every default stands here once.
     *
     * @param minimumLabels accepted labels of the platform under which nothing is trained
     * @param newLabels since the last set that are enough by themselves; 0: any number is not
     * @param every time since the last set after which a new one is made, if there are new labels; null: no schedule
     * @param psi population stability index of the served scores from which they count as moved; 0: drift is not watched
     * @param ksP and the Kolmogorov-Smirnov test must find it less probable than this by chance
     * @param pause shortest time between two sets, whatever the reason
     */
    public record Settings(
            int minimumLabels, int newLabels, @Nullable Duration every, double psi, double ksP, Duration pause) {
        /** A quarter is what is commonly called a moved distribution. */
        public static final Settings DEFAULTS =
                new Settings(300, 200, Duration.ofHours(24), 0.25, 0.001, Duration.ofMinutes(10));

        public Settings {
            if (minimumLabels < 1) {
                throw new IllegalArgumentException(
                        "trigger.minimumLabels: " + minimumLabels + " (expected: at least 1)");
            }
            if (newLabels < 0) {
                throw new IllegalArgumentException("trigger.newLabels: " + newLabels + " (expected: 0 or more)");
            }
            if (every != null && (every.isNegative() || every.isZero())) {
                throw new IllegalArgumentException("trigger.every: " + every + " (expected: above 0)");
            }
            if (!(psi >= 0) || Double.isInfinite(psi)) {
                throw new IllegalArgumentException("trigger.psi: " + psi + " (expected: 0 or more)");
            }
            if (!(ksP > 0 && ksP <= 1)) {
                throw new IllegalArgumentException("trigger.ksP: " + ksP + " (expected: above 0, at most 1)");
            }
            if (pause.isNegative()) {
                throw new IllegalArgumentException("trigger.pause: " + pause + " (expected: 0 or more)");
            }
        }
    }

    /** Why a set is made. */
    public enum Cause {
        SCHEDULE,
        LABELS,
        DRIFT
    }

    /** A cause and its numbers in words. */
    public record Trigger(Cause cause, String why) {}

    /**
     * How a platform stands.
     *
     * @param labels accepted so far
     * @param labelsAtLast those of the last set; 0: there was none
     * @param last when the last set was made; null: never
     * @param psi of the served scores; NaN: not known
     * @param ksP of the served scores; NaN: not known
     */
    public record Situation(
            int labels, int labelsAtLast, @Nullable Instant last, double psi, double ksP) {}

    private final Settings settings;
    private final Instant start;

    /** @param start when the schedule begins for a platform without a set */
    public TriggerPolicy(Settings settings, Instant start) {
        this.settings = settings;
        this.start = start;
    }

    /** Whether a set is to be made now. Without a new label it never is: the same set would give the same adapter. */
    public Optional<Trigger> due(Situation s, Instant now) {
        int fresh = s.labels() - s.labelsAtLast();
        if (s.labels() < settings.minimumLabels() || fresh < 1) {
            return Optional.empty();
        }
        if (s.last() != null && now.isBefore(s.last().plus(settings.pause()))) {
            return Optional.empty();
        }
        if (settings.newLabels() > 0 && fresh >= settings.newLabels()) {
            return Optional.of(new Trigger(Cause.LABELS, fresh + " new labels"));
        }
        if (settings.psi() > 0 && s.psi() >= settings.psi() && s.ksP() < settings.ksP()) {
            return Optional.of(new Trigger(
                    Cause.DRIFT,
                    String.format(Locale.ROOT, "served scores moved: PSI %.3f, KS p %.2g", s.psi(), s.ksP())));
        }
        Instant since = s.last() == null ? start : s.last();
        if (settings.every() != null && !now.isBefore(since.plus(settings.every()))) {
            return Optional.of(new Trigger(
                    Cause.SCHEDULE, Duration.between(since, now).toMinutes() + " minutes since the last set"));
        }
        return Optional.empty();
    }
}
