package io.realqa.streams.scoring;

import io.realqa.scorer.video.VideoLimits;
import java.time.Duration;

/**
 * How clips are scored, and what one may cost. Every default stands here once.
 *
 * @param frames scored of each clip, spread evenly over it
 * @param length longest clip, by its header and by its frames
 * @param bytes largest file
 * @param pixels largest frame, width times height
 * @param decoding longest time for decoding one
 * @param inFlight clips in the engine at a time; further ones wait, and images pass them
 */
public record ClipConfig(int frames, Duration length, long bytes, long pixels, Duration decoding, int inFlight) {
    private static final int MOST_FRAMES = 256;
    private static final Duration LONGEST = Duration.ofHours(24);

    /** Eight frames are a batch's worth of visual tokens; 64 MiB some minutes from a telephone; 9 million pixels 4K. */
    public static final ClipConfig DEFAULTS =
            new ClipConfig(8, Duration.ofMinutes(10), 64L << 20, 9_000_000, Duration.ofMinutes(2), 4);

    public ClipConfig {
        expect(frames >= 1 && frames <= MOST_FRAMES, "frames", frames, "1 to " + MOST_FRAMES);
        expect(length.toMillis() >= 1 && length.compareTo(LONGEST) <= 0, "length", length, "1 ms to 24 hours");
        expect(bytes >= 1 && bytes <= Integer.MAX_VALUE - 8, "bytes", bytes, "1 to " + (Integer.MAX_VALUE - 8));
        expect(pixels >= 1 && pixels <= 500_000_000, "pixels", pixels, "1 to 500000000");
        expect(decoding.toMillis() >= 1 && decoding.compareTo(LONGEST) <= 0, "decoding", decoding, "1 ms to 24 hours");
        expect(inFlight >= 1, "inFlight", inFlight, "at least 1");
    }

    private static void expect(boolean holds, String name, Object value, String expected) {
        if (!holds) {
            throw new IllegalArgumentException("limits.video." + name + ": " + value + " (expected: " + expected + ")");
        }
    }

    /** As the decoder has them. A clip whose header states no length is read at a frame a second. */
    VideoLimits limits() {
        double seconds = length.toMillis() / 1e3;
        return new VideoLimits(bytes, seconds, Math.max(frames, (int) Math.ceil(seconds) + 1), pixels);
    }
}
