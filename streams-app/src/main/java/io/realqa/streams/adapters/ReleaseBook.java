package io.realqa.streams.adapters;

import io.realqa.events.AdapterRelease;
import io.realqa.events.ReleaseState;
import io.realqa.schemas.EventClasses;
import io.realqa.schemas.ReleaseKey;
import io.realqa.schemas.ReleaseKey.Slot;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The newest release event of each slot, and which event comes next when an operator wants something. Pure. */
public final class ReleaseBook {
    private final Map<ReleaseKey, AdapterRelease> slots = new HashMap<>();
    /** Slots whose release no worker took: what they hold is what their release was to replace. */
    private final Set<ReleaseKey> refused = new HashSet<>();

    /** Nothing is released. */
    public ReleaseBook() {
        // Copying an event looks its classes up.
        EventClasses.trust();
    }

    /** An event and the slot that it is for. */
    public record Entry(ReleaseKey key, AdapterRelease event) {}

    /** The next record of the topic; null: the slot is forgotten. Records that workers would not follow are left out. */
    void put(String recordKey, @Nullable AdapterRelease event) {
        ReleaseKey key = ReleaseKey.parse(recordKey);
        AdapterRelease now = slots.get(key);
        if (event == null) {
            slots.remove(key);
        } else if (event.getPlatform().equals(key.platform()) && (now == null || now.getEpoch() <= event.getEpoch())) {
            slots.put(key, event);
            refused.remove(key);
        }
    }

    /** Notes which releases every living worker refuses. */
    void note(Fleet fleet, Instant now) {
        slots.forEach((key, event) -> {
            Fleet.Progress progress = fleet.progress(key, event.getEpoch(), now);
            if (progress.done() && progress.serving().isEmpty()) {
                refuse(key);
            }
        });
    }

    /** Notes that a slot's release is not taken. */
    void refuse(ReleaseKey key) {
        refused.add(key);
    }

    /** All slots that were ever filled, by platform and slot. */
    public List<Entry> entries() {
        List<Entry> all = new ArrayList<>();
        slots.forEach((key, event) -> all.add(new Entry(key, event)));
        all.sort(java.util.Comparator.comparing((Entry e) -> e.key().platform())
                .thenComparing(e -> e.key().slot()));
        return all;
    }

    /** The release in a slot; null: it is empty. */
    public @Nullable AdapterRelease at(ReleaseKey key) {
        AdapterRelease event = slots.get(key);
        return event == null || event.getState() == ReleaseState.RETIRED ? null : event;
    }

    /** Epoch of a platform's newest event for its active slot; 0: there is none. */
    public long activeEpoch(String platform) {
        AdapterRelease event = slots.get(new ReleaseKey(platform, Slot.ACTIVE));
        return event == null ? 0 : event.getEpoch();
    }

    private long nextEpoch(String platform) {
        long newest = slots.entrySet().stream()
                .filter(e -> e.getKey().platform().equals(platform))
                .mapToLong(e -> e.getValue().getEpoch())
                .max()
                .orElse(0);
        if (newest == Long.MAX_VALUE) {
            throw new IllegalArgumentException("platform: " + platform + " has a release of epoch " + newest
                    + ", which none can follow (expected: less; remove its record from the release topic)");
        }
        return newest + 1;
    }

    /**
     * A release into a slot.
     *
     * @param adapter what is released; its platform, state, epoch, share, time and previous are set here
     * @param share of the platform's images, for a canary or candidate
     * @throws IllegalArgumentException if the share is not over 0 and up to 1
     */
    public Entry release(ReleaseKey key, AdapterRelease adapter, double share, Instant now) {
        if (!(share > 0 && share <= 1)) {
            throw new IllegalArgumentException("share: " + share + " (expected: over 0, up to 1)");
        }
        return next(key, adapter, key.slot().state(), share, now);
    }

    /**
     * The platform's canary, or else its candidate, becomes its active release.
     *
     * @throws IllegalArgumentException if it has neither
     */
    public Entry promote(String platform, Instant now) {
        AdapterRelease canary = at(new ReleaseKey(platform, Slot.CANARY));
        AdapterRelease chosen = canary == null ? at(new ReleaseKey(platform, Slot.CANDIDATE)) : canary;
        if (chosen == null) {
            throw new IllegalArgumentException("platform: " + platform
                    + " has neither canary nor candidate (expected: one, or an adapter's folder)");
        }
        return next(new ReleaseKey(platform, Slot.ACTIVE), chosen, ReleaseState.ACTIVE, 1, now);
    }

    /**
     * The platform's active slot gets what it held before, leaving out what no worker took; if that was nothing, it is
     * emptied.
     *
     * @throws IllegalArgumentException if nothing was ever released for it
     */
    public Entry rollback(String platform, Instant now) {
        ReleaseKey key = new ReleaseKey(platform, Slot.ACTIVE);
        AdapterRelease active = slots.get(key);
        if (active == null) {
            throw new IllegalArgumentException(
                    "platform: " + platform + " has no active release (expected: one; known are " + platforms() + ")");
        }
        AdapterRelease before = active.getPrevious();
        if (before == null || before.getState() == ReleaseState.RETIRED) {
            return next(key, active, ReleaseState.RETIRED, 0, now);
        }
        // What was there before that one is not known; the refused one is nothing to come back to.
        AdapterRelease previous = refused.contains(key) ? null : active;
        return next(key, before, previous, ReleaseState.ACTIVE, 1, now);
    }

    /**
     * A slot is emptied: the platform falls back to what stands behind it.
     *
     * @throws IllegalArgumentException if it is empty
     */
    public Entry retire(ReleaseKey key, Instant now) {
        AdapterRelease event = at(key);
        if (event == null) {
            throw new IllegalArgumentException(
                    "slot: " + key + " is empty (expected: a release; known are " + platforms() + ")");
        }
        return next(key, event, ReleaseState.RETIRED, 0, now);
    }

    private Collection<String> platforms() {
        return slots.keySet().stream()
                .map(ReleaseKey::platform)
                .distinct()
                .sorted()
                .toList();
    }

    private Entry next(ReleaseKey key, AdapterRelease content, ReleaseState state, double share, Instant now) {
        AdapterRelease newest = slots.get(key);
        AdapterRelease served = newest != null && refused.contains(key) ? newest.getPrevious() : newest;
        return next(key, content, served, state, share, now);
    }

    private Entry next(
            ReleaseKey key,
            AdapterRelease content,
            @Nullable AdapterRelease before,
            ReleaseState state,
            double share,
            Instant now) {
        if (key.platform().isBlank()) {
            throw new IllegalArgumentException("platform: empty (expected: a platform, or * for all)");
        }
        return new Entry(
                key,
                AdapterRelease.newBuilder(content)
                        .setPlatform(key.platform())
                        .setState(state)
                        .setEpoch(nextEpoch(key.platform()))
                        .setTrafficShare(share)
                        .setReleasedAt(now)
                        .setPrevious(
                                before == null
                                        ? null
                                        : AdapterRelease.newBuilder(before)
                                                .setPrevious(null)
                                                .build())
                        .build());
    }
}
