package io.realqa.scorer.video;

import io.realqa.scorer.video.VideoRejectedException.Reason;

/**
 * What a clip may cost. All but the frames' own times are checked from its header, before anything is decoded.
 *
 * @param maxBytes of the file
 * @param maxSeconds of the clip
 * @param maxFrames to be scored
 * @param maxPixels width times height of a frame
 */
public record VideoLimits(long maxBytes, double maxSeconds, int maxFrames, long maxPixels) {
    /** 512 MiB, ten minutes, 600 frames (a second each), 36 million pixels (8K). */
    public static final VideoLimits DEFAULTS = new VideoLimits(512L << 20, 600, 600, 36_000_000);

    /** Frames a second that no camera exceeds: more is a trap for the decoder. */
    private static final int MOST_FRAMES_PER_SECOND = 1000;

    public VideoLimits {
        require(maxBytes >= 1, "maxBytes", maxBytes, "at least 1");
        require(maxSeconds > 0 && maxSeconds <= 86_400, "maxSeconds", maxSeconds, "over 0, at most 86400");
        require(maxFrames >= 1, "maxFrames", maxFrames, "at least 1");
        require(maxPixels >= 1 && maxPixels <= 500_000_000, "maxPixels", maxPixels, "1 to 500000000");
    }

    private static void require(boolean holds, String name, Object value, String expected) {
        if (!holds) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: " + expected + ")");
        }
    }

    void checkBytes(long bytes) throws VideoRejectedException {
        if (bytes > maxBytes) {
            throw new VideoRejectedException(
                    Reason.TOO_MANY_BYTES, "video: " + bytes + " bytes (expected: at most " + maxBytes + ")");
        }
    }

    void checkSeconds(double seconds) throws VideoRejectedException {
        if (seconds > maxSeconds) {
            throw new VideoRejectedException(
                    Reason.TOO_LONG,
                    String.format(
                            java.util.Locale.ROOT,
                            "video: %.1f s long (expected: at most %.0f s)",
                            seconds,
                            maxSeconds));
        }
    }

    void checkSize(long width, long height) throws VideoRejectedException {
        if (width < 1 || height < 1) {
            throw new VideoRejectedException(
                    Reason.CORRUPT, "video: frames of " + width + "x" + height + " (expected: at least 1x1)");
        }
        if (width * height > maxPixels) {
            throw new VideoRejectedException(
                    Reason.TOO_MANY_PIXELS,
                    "video: frames of " + width + "x" + height + " (expected: at most " + maxPixels + " pixels)");
        }
    }

    void checkFrames(long frames) throws VideoRejectedException {
        if (frames > maxFrames) {
            throw new VideoRejectedException(
                    Reason.TOO_MANY_FRAMES,
                    "video: " + frames + " frames to score (expected: at most " + maxFrames
                            + "; a lower rate takes fewer)");
        }
    }

    void checkDecoded(long frames) throws VideoRejectedException {
        if (frames > maxSeconds * MOST_FRAMES_PER_SECOND) {
            throw new VideoRejectedException(
                    Reason.TOO_MANY_FRAMES,
                    "video: over " + frames + " frames (expected: at most " + MOST_FRAMES_PER_SECOND + " a second)");
        }
    }
}
