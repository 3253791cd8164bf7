package io.realqa.streams.replay;

import io.realqa.events.UploadDeadLettered;
import io.realqa.streams.replay.ReplaySummary.Example;
import io.realqa.streams.replay.ReplaySummary.Group;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Counts a replay. Owned by the thread that replays. */
final class ReplayTally {
    /** Platforms are the producers' to choose: more than so many groups are counted as one. */
    static final int MOST_GROUPS = 200;

    static final Group OTHERS = new Group("…", "…", "…");
    private static final int FIRST = 5;

    private final Map<Group, Long> groups = new HashMap<>();
    private final List<Example> first = new ArrayList<>();
    long read;
    long replayedBefore;
    long withoutValue;
    long tooLarge;
    long unreadable;
    private long replayed;

    void replayed(UploadDeadLettered letter) {
        replayed++;
        Group group = new Group(letter.getStage(), letter.getReason(), letter.getPlatform());
        groups.merge(groups.containsKey(group) || groups.size() < MOST_GROUPS ? group : OTHERS, 1L, Long::sum);
        if (first.size() < FIRST) {
            first.add(new Example(letter.getImageId(), group, letter.getFailedAt(), letter.getMessage()));
        }
    }

    long replayed() {
        return replayed;
    }

    ReplaySummary summary(boolean limited) {
        Map<Group, Long> sorted = new LinkedHashMap<>();
        groups.entrySet().stream()
                .sorted(Comparator.comparing((Map.Entry<Group, Long> e) -> -e.getValue())
                        .thenComparing(e -> e.getKey().toString()))
                .forEach(e -> sorted.put(e.getKey(), e.getValue()));
        return new ReplaySummary(
                read,
                replayed,
                replayedBefore,
                withoutValue,
                tooLarge,
                unreadable,
                limited,
                sorted,
                List.copyOf(first));
    }
}
