package io.realqa.streams.adapters;

import io.realqa.schemas.ReleaseKey;
import io.realqa.schemas.ReleaseKey.Slot;
import io.realqa.streams.scoring.BatchScorer;
import io.realqa.streams.scoring.ModelRouter;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Who answers for an image: the platform's canary if the image falls in its share, else the platform's active release,
 * else the same of {@code *}, else what the service started with. Immutable.
 */
final class RoutingTable implements ModelRouter {
    private final Map<ReleaseKey, Version> slots;
    private final BatchScorer start;
    private final boolean candidates;

    /** @param start what answers where nothing is released */
    RoutingTable(Map<ReleaseKey, Version> slots, BatchScorer start) {
        this.slots = Map.copyOf(slots);
        this.start = start;
        this.candidates = slots.keySet().stream().anyMatch(k -> k.slot() == Slot.CANDIDATE);
    }

    @Override
    public BatchScorer route(String platform, String imageId) {
        if (slots.isEmpty()) {
            return start;
        }
        BatchScorer own = own(platform, imageId);
        BatchScorer any = own == null ? own(ReleaseKey.ALL, imageId) : own;
        return any == null ? start : any;
    }

    /** The platform's candidate, or that of {@code *} if it has none, if the image falls in its share. */
    @Override
    public @Nullable BatchScorer shadow(String platform, String imageId) {
        if (!candidates) {
            return null;
        }
        Version own = slots.get(new ReleaseKey(platform, Slot.CANDIDATE));
        Version candidate = own == null ? slots.get(new ReleaseKey(ReleaseKey.ALL, Slot.CANDIDATE)) : own;
        return candidate != null
                        && TrafficShare.holdsFromTheEnd(candidate.release().share(), imageId)
                ? candidate
                : null;
    }

    private @Nullable BatchScorer own(String platform, String imageId) {
        Version canary = slots.get(new ReleaseKey(platform, Slot.CANARY));
        if (canary != null && TrafficShare.holds(canary.release().share(), imageId)) {
            return canary;
        }
        return slots.get(new ReleaseKey(platform, Slot.ACTIVE));
    }

    @Nullable
    Version at(ReleaseKey key) {
        return slots.get(key);
    }

    Collection<Version> versions() {
        return slots.values();
    }

    /** The same with another version in a slot; null: none. */
    RoutingTable with(ReleaseKey key, @Nullable Version version) {
        Map<ReleaseKey, Version> next = new HashMap<>(slots);
        if (version == null) {
            next.remove(key);
        } else {
            next.put(key, version);
        }
        return new RoutingTable(next, start);
    }
}
