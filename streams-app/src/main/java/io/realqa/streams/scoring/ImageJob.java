package io.realqa.streams.scoring;

import io.realqa.streams.content.ContentPlace;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One image or clip to score.
 *
 * @param content the file's bytes; null where uri says where it is
 * @param mediaType as declared: video/… is a clip; null and anything else an image
 * @param sha256 expected digest of the file, 64 hex digits, if known
 * @param done called exactly once, on a thread of the engine, unless the job was cancelled
 * @param cancelled asked before each stage: nobody waits for the outcome any more
 */
public record ImageJob(
        String imageId,
        String platform,
        byte @Nullable [] content,
        @Nullable String uri,
        @Nullable String mediaType,
        @Nullable String sha256,
        Priority priority,
        Consumer<Outcome> done,
        BooleanSupplier cancelled) {
    private static final String VIDEO = "video/";
    private static final String CLIPS = "clips ";

    /** An image. */
    public ImageJob(
            String imageId,
            String platform,
            byte @Nullable [] content,
            @Nullable String uri,
            @Nullable String sha256,
            Priority priority,
            Consumer<Outcome> done,
            BooleanSupplier cancelled) {
        this(imageId, platform, content, uri, null, sha256, priority, done, cancelled);
    }

    /** Whether it is scored by its frames. */
    public boolean clip() {
        return mediaType != null && mediaType.regionMatches(true, 0, VIDEO, 0, VIDEO.length());
    }

    /**
     * Jobs of one lane are fetched from one place; the empty lane needs no fetching. Clips have lanes of their own, in
     * which they wait for each other and hold up no image.
     */
    public String lane() {
        String place = content != null ? "" : ContentPlace.of(String.valueOf(uri));
        return clip() ? CLIPS + place : place;
    }
}
