package io.realqa.streams.scoring;

import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One image to score.
 *
 * @param content the file's bytes; null where uri says where it is
 * @param sha256 expected digest of the file, 64 hex digits, if known
 * @param done called exactly once, on a thread of the engine, unless the job was cancelled
 * @param cancelled asked before each stage: nobody waits for the outcome any more
 */
public record ImageJob(
        String imageId,
        String platform,
        byte @Nullable [] content,
        @Nullable String uri,
        @Nullable String sha256,
        Priority priority,
        Consumer<Outcome> done,
        BooleanSupplier cancelled) {

    /** Jobs of one lane are fetched from one place; the empty lane needs no fetching. */
    public String lane() {
        return content != null ? "" : FetchLanes.laneOf(String.valueOf(uri));
    }
}
