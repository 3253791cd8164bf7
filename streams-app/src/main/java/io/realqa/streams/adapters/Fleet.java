package io.realqa.streams.adapters;

import io.realqa.events.AdapterStatus;
import io.realqa.events.WorkerState;
import io.realqa.schemas.ReleaseKey;
import io.realqa.schemas.ReleaseKey.Slot;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * What the workers say.
 *
 * @param statuses the newest of each worker and slot
 * @param alive time within which a living worker writes again
 */
public record Fleet(List<AdapterStatus> statuses, Duration alive) {
    public Fleet {
        statuses = statuses.stream()
                .sorted(Comparator.comparing(AdapterStatus::getWorkerId)
                        .thenComparing(AdapterStatus::getPlatform)
                        .thenComparing(AdapterStatus::getSlot))
                .toList();
    }

    /** How far the workers are with a release. */
    public record Progress(List<AdapterStatus> serving, List<AdapterStatus> refusing, List<String> waiting) {
        /** Whether every living worker serves or refuses it, and there is one. */
        public boolean done() {
            return waiting.isEmpty() && !(serving.isEmpty() && refusing.isEmpty());
        }
    }

    /** Workers that wrote within the time, by the clock of whoever asks. */
    public Set<String> living(Instant now) {
        Set<String> names = new TreeSet<>();
        for (AdapterStatus s : statuses) {
            if (isAlive(s, now)) {
                names.add(s.getWorkerId());
            }
        }
        return names;
    }

    public boolean isAlive(AdapterStatus status, Instant now) {
        return !status.getAt().isBefore(now.minus(alive));
    }

    /** How far the living workers are with an epoch of a slot; a higher epoch counts as well. */
    public Progress progress(ReleaseKey key, long epoch, Instant now) {
        List<AdapterStatus> serving = new ArrayList<>();
        List<AdapterStatus> refusing = new ArrayList<>();
        Set<String> waiting = living(now);
        for (AdapterStatus s : statuses) {
            boolean about = waiting.contains(s.getWorkerId())
                    && s.getPlatform().equals(key.platform())
                    && s.getSlot() == key.slot().state()
                    && s.getEpoch() >= epoch;
            if (about && s.getState() == WorkerState.SERVING) {
                serving.add(s);
            } else if (about && s.getState() == WorkerState.REFUSED) {
                refusing.add(s);
            } else {
                continue;
            }
            waiting.remove(s.getWorkerId());
        }
        return new Progress(serving, refusing, List.copyOf(waiting));
    }

    /** The slot that a status is about; statuses of before slots were told apart are about the active one. */
    public static Slot slot(AdapterStatus status) {
        for (Slot slot : Slot.values()) {
            if (slot.state() == status.getSlot()) {
                return slot;
            }
        }
        return Slot.ACTIVE;
    }
}
