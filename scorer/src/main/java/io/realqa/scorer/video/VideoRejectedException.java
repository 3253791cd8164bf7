package io.realqa.scorer.video;

import java.util.Objects;

/** A clip that cannot be scored, whoever tries: retrying is useless. */
public final class VideoRejectedException extends Exception {
    /** Why, as a stable code. */
    public enum Reason {
        /** No bytes at all. */
        EMPTY,
        /** Not a video, or one in a container or a codec that is not read here. */
        UNSUPPORTED_FORMAT,
        /** Cut off, damaged, or contradicting itself. */
        CORRUPT,
        /** Sound only, or a track of pictures without one. */
        NO_VIDEO,
        /** The file is over {@link VideoLimits#maxBytes()}. */
        TOO_MANY_BYTES,
        /** The header or the frames themselves say more than {@link VideoLimits#maxSeconds()}. */
        TOO_LONG,
        /** A frame is over {@link VideoLimits#maxPixels()}. */
        TOO_MANY_PIXELS,
        /** More frames to score than {@link VideoLimits#maxFrames()}, or absurdly many to decode. */
        TOO_MANY_FRAMES,
        /** Whoever reads it has no more time for it. */
        TOO_SLOW
    }

    private final Reason reason;

    VideoRejectedException(Reason reason, String message) {
        super(message);
        this.reason = Objects.requireNonNull(reason);
    }

    public Reason reason() {
        return reason;
    }
}
