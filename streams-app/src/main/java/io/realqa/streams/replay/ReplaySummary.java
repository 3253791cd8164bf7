package io.realqa.streams.replay;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a replay did, or, on a dry run, would do.
 *
 * @param read dead letters on the topic, up to where the limit was reached
 * @param replayed uploads written to the uploads topic
 * @param replayedBefore selected, but replayed by an earlier run
 * @param withoutValue selected, but without the upload's value: nothing to replay
 * @param tooLarge selected, but larger than the uploads topic takes
 * @param unreadable records that are no dead letters, or whose schema the registry does not know
 * @param limited whether the limit ended it
 * @param groups the replayed ones by stage, reason and platform, most first
 * @param first the first few of them
 */
public record ReplaySummary(
        long read,
        long replayed,
        long replayedBefore,
        long withoutValue,
        long tooLarge,
        long unreadable,
        boolean limited,
        Map<Group, Long> groups,
        List<Example> first) {
    /** What the uploads of a group have in common. */
    public record Group(
            String stage, String reason, @Nullable String platform) {}

    /** One of the dead letters. */
    public record Example(@Nullable String imageId, Group group, Instant failedAt, String message) {}
}
