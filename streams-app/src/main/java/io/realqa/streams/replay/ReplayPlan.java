package io.realqa.streams.replay;

import io.realqa.events.UploadDeadLettered;
import java.util.HashSet;
import java.util.Set;

/**
 * Decides on one dead letter after the other. Pure but for what it remembers: the event ids of what was replayed, before
 * or in this run, about 100 bytes each. Owned by the thread that replays.
 */
final class ReplayPlan {
    enum Verdict {
        REPLAY,
        NOT_SELECTED,
        REPLAYED_BEFORE,
        WITHOUT_VALUE
    }

    private final ReplayFilter filter;
    private final long limit;
    private final Set<String> done;
    private long taken;

    /** @param replayed event ids of what is not to be replayed again; copied */
    ReplayPlan(ReplayFilter filter, long limit, Set<String> replayed) {
        this.filter = filter;
        this.limit = limit;
        this.done = new HashSet<>(replayed);
    }

    Verdict judge(UploadDeadLettered letter) {
        if (!filter.takes(letter)) {
            return Verdict.NOT_SELECTED;
        }
        if (letter.getValue() == null) {
            return Verdict.WITHOUT_VALUE;
        }
        // The topic may hold the same letter twice, if it was copied from another cluster.
        if (!done.add(letter.getEventId())) {
            return Verdict.REPLAYED_BEFORE;
        }
        taken++;
        return Verdict.REPLAY;
    }

    /** Whether the limit is reached. */
    boolean full() {
        return taken >= limit;
    }
}
