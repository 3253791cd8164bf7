package io.realqa.scorer.video;

import io.realqa.scorer.video.VideoRejectedException.Reason;

/**
 * Which frames of a clip are scored: for each wanted time the first frame that is not before it, and the clip's last frame
 * where that gives none.
 */
public sealed interface FrameSampling {
    /** One a second. */
    FrameSampling DEFAULT = new Rate(1);

    /** So many a second, the first frame being one of them. */
    record Rate(double perSecond) implements FrameSampling {
        public Rate {
            if (!(perSecond > 0 && perSecond <= 240)) {
                throw new IllegalArgumentException("fps: " + perSecond + " (expected: over 0, at most 240)");
            }
        }

        @Override
        public double time(int index, double seconds) {
            return index / perSecond;
        }

        @Override
        public long count(double seconds) {
            return Math.max(1, (long) Math.ceil(seconds * perSecond - 1e-6));
        }
    }

    /** So many in all: the clip is split in as many equal parts, and each gives the frame at its middle. */
    record Uniform(int frames) implements FrameSampling {
        public Uniform {
            if (frames < 1) {
                throw new IllegalArgumentException("frames: " + frames + " (expected: at least 1)");
            }
        }

        @Override
        public double time(int index, double seconds) {
            return index < frames ? (index + 0.5) * seconds / frames : Double.POSITIVE_INFINITY;
        }

        @Override
        public long count(double seconds) {
            return frames;
        }
    }

    /** When the frame of an index is wanted, seconds from the start of a clip of so many seconds. */
    double time(int index, double seconds);

    /** How many frames a clip of so many seconds gives; an estimate where its header is wrong. */
    long count(double seconds);

    /** Fails where the sampling needs to know the clip's length and its header does not say it. */
    default void check(double seconds) throws VideoRejectedException {
        if (this instanceof Uniform && !(seconds > 0)) {
            throw new VideoRejectedException(
                    Reason.UNSUPPORTED_FORMAT,
                    "video: its header does not say how long it is (expected: frames at a rate for such a file)");
        }
    }
}
