package io.realqa.streams.adapters;

import io.realqa.events.WorkerState;
import io.realqa.schemas.ReleaseKey;
import io.realqa.schemas.ReleaseKey.Slot;
import io.realqa.streams.metrics.Metric;
import io.realqa.streams.metrics.ServiceMetrics;
import io.realqa.streams.scoring.BatchScorer;
import io.realqa.streams.scoring.ModelRouter;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The models in memory and who answers with which. Routing is one pointer that any thread reads; all else belongs to the
 * one thread that calls {@link #follow}. A release becomes part of the routing only when it is loaded and checked; until
 * then, and if it is refused, what was served is served on.
 */
final class AdapterHost implements ModelRouter {
    /** Told of every change of a slot; null: the slot is gone. */
    interface Listener {
        void changed(ReleaseKey key, @Nullable SlotStatus status);
    }

    private static final Logger LOG = LoggerFactory.getLogger(AdapterHost.class);
    /** Active releases come first, so that a promoted canary's share is never without it. */
    private static final Comparator<Release> ORDER = Comparator.comparing(
                    (Release r) -> r.key().slot())
            .thenComparing(r -> r.key().platform());

    private final AdapterLoader loader;
    private final BatchScorer start;
    private final Listener listener;
    private final ServiceMetrics metrics;
    private final double offGrammarMass;
    private final BiConsumer<Release, String> onAlarm;
    /** Written by one thread, and read by any: the swap is this one pointer. */
    private volatile RoutingTable table;

    private final Map<ReleaseKey, SlotStatus> statuses = new ConcurrentHashMap<>();
    private final Map<Release.Content, Resident> residents = new ConcurrentHashMap<>();
    /** What an active slot served before: it stays in memory, so that going back is instant. */
    private final Map<ReleaseKey, Release> previous = new HashMap<>();

    private final Map<ReleaseKey, Release> refused = new HashMap<>();
    /** Whether nothing was refused for now when releases were followed last. */
    private boolean settled = true;

    /**
     * @param start what answers where nothing is released; the caller's to close
     * @param offGrammarMass an answer with more than that outside the allowed scores is none
     * @param onAlarm called on a thread that scores, when a version's live answers are bad: {@link #giveUp} is due
     */
    AdapterHost(
            AdapterLoader loader,
            BatchScorer start,
            double offGrammarMass,
            ServiceMetrics metrics,
            Listener listener,
            BiConsumer<Release, String> onAlarm) {
        this.offGrammarMass = offGrammarMass;
        this.onAlarm = onAlarm;
        this.loader = loader;
        this.start = start;
        this.metrics = metrics;
        this.listener = listener;
        this.table = new RoutingTable(Map.of(), start);
        // At 0 from the start: Prometheus sees no increase of what appears as 1.
        List.of(Metric.ADAPTER_SWAPS, Metric.ADAPTER_REFUSALS, Metric.ADAPTER_ALARMS)
                .forEach(metrics::counter);
        metrics.gauge(Metric.ADAPTERS_RESIDENT, residents::size);
        metrics.gauge(
                Metric.ADAPTER_EPOCH,
                () -> table.versions().stream()
                        .mapToLong(v -> v.release().epoch())
                        .max()
                        .orElse(0));
        ReleaseKey all = new ReleaseKey(ReleaseKey.ALL, Slot.ACTIVE);
        statuses.put(all, started(all));
    }

    @Override
    public BatchScorer route(String platform, String imageId) {
        return table.route(platform, imageId);
    }

    @Override
    public @Nullable BatchScorer shadow(String platform, String imageId) {
        return table.shadow(platform, imageId);
    }

    /** How every slot is. Any thread may ask. */
    Map<ReleaseKey, SlotStatus> statuses() {
        return Map.copyOf(statuses);
    }

    /** Whether every release that was followed is served or refused for good; if not, follow the same ones again. */
    boolean settled() {
        return settled;
    }

    /**
     * Makes what is served what the releases say, as far as they can be served.
     *
     * @param overtaken asked between two releases: newer ones are known, so that the rest can be left to them
     * @return whether it was followed to the end
     */
    boolean follow(Releases releases, BooleanSupplier overtaken) {
        List<Release> wanted = releases.inForce().stream().sorted(ORDER).toList();
        Set<ReleaseKey> filled = new HashSet<>();
        wanted.forEach(r -> filled.add(r.key()));
        settled = true;
        for (Release release : wanted) {
            if (overtaken.getAsBoolean()) {
                return false;
            }
            fill(release);
        }
        // Statuses hold the slots of the table and those of releases that were refused at once.
        Set<ReleaseKey> others = new HashSet<>(statuses.keySet());
        others.addAll(releases.retired());
        others.removeAll(filled);
        others.forEach(key -> empty(key, releases.retiredAt(key)));
        retireUnused();
        return true;
    }

    private void fill(Release release) {
        ReleaseKey key = release.key();
        Version now = table.at(key);
        if ((now != null && now.release().equals(release)) || release.equals(refused.get(key))) {
            return;
        }
        try {
            Resident resident = residents.get(release.content());
            String message = "was in memory";
            if (resident == null) {
                say(new SlotStatus(key, release.epoch(), served(key, now), WorkerState.LOADING, null, null));
                AdapterLoader.Loaded loaded = load(release);
                resident = loaded.resident();
                message = loaded.message();
            }
            swap(release, now, resident, message);
        } catch (RefusedException e) {
            if (e.forNow()) {
                settled = false;
                report(release, now, e.getMessage() + " (it is tried again)");
            } else {
                refuse(release, instead(release, now), String.valueOf(e.getMessage()));
            }
        } catch (Exception | LinkageError | OutOfMemoryError e) {
            LOG.warn("{} of epoch {} failed unexpectedly", key, release.epoch(), e);
            refuse(release, instead(release, now), e.toString());
        }
    }

    /** Loads and checks a release's content, and keeps it in memory. */
    private AdapterLoader.Loaded load(Release release) throws Exception {
        AdapterLoader.Loaded loaded =
                Objects.requireNonNull(metrics.timer(Metric.ADAPTER_LOAD).recordCallable(() -> loader.load(release)));
        residents.put(release.content(), loaded.resident());
        return loaded;
    }

    /**
     * What is served instead of an active release that is refused: what is served already, or, when the service has just
     * started, what the slot held before, so that a restart changes no scores.
     */
    private @Nullable Version instead(Release release, @Nullable Version now) {
        Release before = release.before();
        if (now != null || before == null || release.key().slot() != Slot.ACTIVE) {
            return now;
        }
        try {
            Resident resident = residents.get(before.content());
            if (resident == null) {
                resident = load(before).resident();
            }
            table = table.with(release.key(), version(before, resident));
            LOG.info("{}: epoch {} is refused, epoch {} serves", release.key(), release.epoch(), before.epoch());
            return table.at(release.key());
        } catch (Exception | LinkageError | OutOfMemoryError e) {
            LOG.warn("{}: epoch {} cannot serve instead of {}", release.key(), before.epoch(), release.epoch(), e);
            return null;
        }
    }

    private void swap(Release release, @Nullable Version now, Resident resident, String message) {
        ReleaseKey key = release.key();
        table = table.with(key, version(release, resident));
        refused.remove(key);
        if (key.slot() == Slot.ACTIVE && now != null && !now.release().content().equals(release.content())) {
            previous.put(key, now.release());
        }
        metrics.counter(Metric.ADAPTER_SWAPS).increment();
        LOG.info("{}: epoch {} serves {}: {}", key, release.epoch(), release.adapter(), message);
        say(new SlotStatus(key, release.epoch(), release.adapter(), WorkerState.SERVING, null, message));
    }

    private Version version(Release release, Resident resident) {
        return new Version(release, resident, offGrammarMass, onAlarm);
    }

    /**
     * Takes a release back whose live answers are bad: the slot serves what it served before, under that epoch.
     *
     * @return false if the release is not served any more
     */
    boolean giveUp(Release release, String why) {
        ReleaseKey key = release.key();
        Version now = table.at(key);
        if (now == null || !now.release().equals(release)) {
            return false;
        }
        Release before = previous.remove(key);
        Resident resident = before == null ? null : residents.get(before.content());
        table = table.with(key, before == null || resident == null ? null : version(before, resident));
        metrics.counter(Metric.ADAPTER_ALARMS).increment();
        refuse(release, table.at(key), why);
        retireUnused();
        return true;
    }

    private void refuse(Release release, @Nullable Version now, String why) {
        refused.put(release.key(), release);
        report(release, now, why);
    }

    private void report(Release release, @Nullable Version now, String why) {
        metrics.counter(Metric.ADAPTER_REFUSALS).increment();
        LOG.warn("{}: epoch {} is refused: {}", release.key(), release.epoch(), why);
        say(new SlotStatus(
                release.key(),
                release.epoch(),
                served(release.key(), now),
                WorkerState.REFUSED,
                release.adapter(),
                why));
    }

    /** @param epoch at which it was retired; 0: a newer active release ended it, or its record is gone */
    private void empty(ReleaseKey key, long epoch) {
        SlotStatus before = statuses.get(key);
        Version now = table.at(key);
        if (now == null && before != null && before.epoch() == epoch && before.state() == WorkerState.SERVING) {
            return;
        }
        table = table.with(key, null);
        refused.remove(key);
        if (epoch > 0 && key.slot() == Slot.ACTIVE && now != null) {
            previous.put(key, now.release());
        } else if (epoch == 0) {
            previous.remove(key);
        }
        if (epoch == 0 && key.platform().equals(ReleaseKey.ALL) && key.slot() == Slot.ACTIVE) {
            say(started(key));
        } else if (epoch == 0) {
            statuses.remove(key);
            listener.changed(key, null);
        } else {
            say(new SlotStatus(key, epoch, served(key, null), WorkerState.SERVING, null, "retired"));
        }
    }

    private SlotStatus started(ReleaseKey key) {
        return new SlotStatus(
                key, 0, start.identity().adapter(), WorkerState.SERVING, null, "what the service started with");
    }

    /** What is served where a release is not: the slot's own version, or what stands behind it. */
    private @Nullable String served(ReleaseKey key, @Nullable Version now) {
        BatchScorer behind = now == null ? table.route(key.platform(), "") : now;
        return behind instanceof Version version
                ? version.release().adapter()
                : behind.identity().adapter();
    }

    private void say(SlotStatus status) {
        statuses.put(status.key(), status);
        listener.changed(status.key(), status);
    }

    private void retireUnused() {
        Set<Release.Content> kept = new HashSet<>();
        previous.values().forEach(r -> kept.add(r.content()));
        table.versions().forEach(v -> kept.add(v.release().content()));
        residents.entrySet().removeIf(e -> {
            boolean unused = !kept.contains(e.getKey());
            if (unused) {
                e.getValue().retire();
            }
            return unused;
        });
    }

    /** Frees every model that nobody uses, and the others with their last user. After the engine's end. */
    void close() {
        table = new RoutingTable(Map.of(), start);
        residents.values().forEach(Resident::retire);
        residents.clear();
    }
}
