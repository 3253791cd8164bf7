package io.realqa.streams.adapters;

import io.realqa.events.AdapterRelease;
import io.realqa.events.ReleaseState;
import io.realqa.schemas.ReleaseKey;
import io.realqa.schemas.ReleaseKey.Slot;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The release topic, folded: the newest record of each slot. What follows from it does not depend on the order in which
 * records of different slots come, so every worker arrives at the same. Immutable.
 */
final class Releases {
    static final Releases NONE = new Releases(Map.of());

    /** The newest record of a slot; without a release the slot was emptied at that epoch. */
    private record Entry(long epoch, @Nullable Release release) {}

    private final Map<ReleaseKey, Entry> slots;

    private Releases(Map<ReleaseKey, Entry> slots) {
        this.slots = Map.copyOf(slots);
    }

    /**
     * The next record of the topic. A lower epoch than the slot's is stale and ignored; an equal one replaces it, since
     * that is what compaction leaves.
     *
     * @param event null: the slot is forgotten
     * @throws IllegalArgumentException if the record says nothing that can be followed
     */
    Releases with(String recordKey, @Nullable AdapterRelease event) {
        ReleaseKey key = ReleaseKey.parse(recordKey);
        Map<ReleaseKey, Entry> next = new HashMap<>(slots);
        if (event == null) {
            next.remove(key);
            return new Releases(next);
        }
        check(key, event);
        Entry now = slots.get(key);
        if (now != null && event.getEpoch() < now.epoch()) {
            return this;
        }
        boolean retired = event.getState() == ReleaseState.RETIRED;
        next.put(key, new Entry(event.getEpoch(), retired ? null : Release.of(key, event)));
        return new Releases(next);
    }

    private static void check(ReleaseKey key, AdapterRelease event) {
        if (!event.getPlatform().equals(key.platform())) {
            throw new IllegalArgumentException(
                    "platform: " + event.getPlatform() + " (expected: that of the key " + key + ")");
        }
        if (event.getState() != ReleaseState.RETIRED
                && event.getState() != key.slot().state()) {
            throw new IllegalArgumentException("state: " + event.getState() + " (expected: "
                    + key.slot().state() + " or RETIRED under the key " + key + ")");
        }
        if (event.getEpoch() < 1) {
            throw new IllegalArgumentException("epoch: " + event.getEpoch() + " (expected: at least 1)");
        }
        if (!(event.getTrafficShare() >= 0 && event.getTrafficShare() <= 1)) {
            throw new IllegalArgumentException("trafficShare: " + event.getTrafficShare() + " (expected: 0 to 1)");
        }
    }

    /** Whether a record would change nothing since a newer one is known. */
    boolean stale(ReleaseKey key, long epoch) {
        Entry now = slots.get(key);
        return now != null && epoch < now.epoch();
    }

    /**
     * The releases that are to be served: all that fill an active slot, and canaries and candidates with a share whose
     * epoch is over their platform's active one. A newer active release ends them: they were compared with an older one.
     */
    List<Release> inForce() {
        List<Release> all = new ArrayList<>();
        for (Map.Entry<ReleaseKey, Entry> e : slots.entrySet()) {
            Release release = e.getValue().release();
            if (release == null) {
                continue;
            }
            boolean active = e.getKey().slot() == Slot.ACTIVE;
            Entry main = slots.get(new ReleaseKey(e.getKey().platform(), Slot.ACTIVE));
            if (active || (release.share() > 0 && (main == null || release.epoch() > main.epoch()))) {
                all.add(release);
            }
        }
        return all;
    }

    /** Slots that were emptied by an event of their own. */
    List<ReleaseKey> retired() {
        return slots.keySet().stream().filter(k -> retiredAt(k) > 0).toList();
    }

    /** Epoch of the event that retired a slot's release; 0: there is none. */
    long retiredAt(ReleaseKey key) {
        Entry entry = slots.get(key);
        return entry == null || entry.release() != null ? 0 : entry.epoch();
    }

    /** The highest epoch of a platform, over all its slots; 0: it has none. */
    long epoch(String platform) {
        return slots.entrySet().stream()
                .filter(e -> e.getKey().platform().equals(platform))
                .mapToLong(e -> e.getValue().epoch())
                .max()
                .orElse(0);
    }
}
