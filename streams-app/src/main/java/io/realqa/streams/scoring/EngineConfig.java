package io.realqa.streams.scoring;

import java.time.Duration;

/**
 * How the engine works. Every default stands here once.
 *
 * @param batches when a batch closes
 * @param limits what may be in flight
 * @param device how the device is used and watched
 * @param fetch how hosts are treated
 * @param cacheEntries scores that are kept, so that equal content is scored once; 0: it is scored as often as it comes
 * @param offGrammarMass an answer with more than that outside the allowed scores is none
 * @param clips how clips are scored, and what one may cost
 */
public record EngineConfig(
        BatchPolicy batches,
        Limits limits,
        Device device,
        Fetch fetch,
        int cacheEntries,
        double offGrammarMass,
        ClipConfig clips) {

    /** A score with its distributions takes some kilobytes. */
    public static final int DEFAULT_CACHE_ENTRIES = 5_000;

    /** Nearly nothing of what the model says is a score: it was asked in other words than it was taught. */
    public static final double DEFAULT_OFF_GRAMMAR_MASS = 0.99;

    public static final EngineConfig DEFAULTS = new EngineConfig(
            BatchPolicy.DEFAULTS,
            Limits.DEFAULTS,
            Device.DEFAULTS,
            Fetch.DEFAULTS,
            DEFAULT_CACHE_ENTRIES,
            DEFAULT_OFF_GRAMMAR_MASS,
            ClipConfig.DEFAULTS);

    public EngineConfig {
        if (cacheEntries < 0) {
            throw new IllegalArgumentException("cache.entries: " + cacheEntries + " (expected: at least 0)");
        }
        if (!(offGrammarMass > 0 && offGrammarMass <= 1)) {
            throw new IllegalArgumentException(
                    "limits.offGrammarMass: " + offGrammarMass + " (expected: over 0, up to 1)");
        }
    }

    /**
     * @param images most images in flight
     * @param bytes most bytes of files in flight; a larger single image is admitted alone. Content by reference counts
     *     as the largest content that the policy allows until it is fetched, then as what it is
     */
    public record Limits(int images, long bytes) {
        public static final Limits DEFAULTS = new Limits(256, 512L << 20);

        public Limits {
            if (images < 1) {
                throw new IllegalArgumentException("limits.inFlightImages: " + images + " (expected: at least 1)");
            }
            if (bytes < 1) {
                throw new IllegalArgumentException("limits.inFlightBytes: " + bytes + " (expected: at least 1)");
            }
        }
    }

    /**
     * @param workers batches that run at a time
     * @param callTimeout a call that takes longer hangs, and with it the device
     * @param attempts calls that fail with an image before it is given up
     * @param backoff pause before an image is tried again alone; it doubles from there
     */
    public record Device(int workers, Duration callTimeout, int attempts, Duration backoff) {
        public static final Device DEFAULTS = new Device(1, Duration.ofMinutes(1), 3, Duration.ofMillis(50));

        public Device {
            if (workers < 1 || workers > 64) {
                throw new IllegalArgumentException("batch.workers: " + workers + " (expected: 1 to 64)");
            }
            if (callTimeout.compareTo(Duration.ofMillis(1)) < 0 || callTimeout.compareTo(Duration.ofHours(1)) > 0) {
                throw new IllegalArgumentException(
                        "batch.callTimeout: " + callTimeout + " (expected: 1 millisecond to 1 hour)");
            }
            if (attempts < 1 || attempts > 20) {
                throw new IllegalArgumentException("batch.attempts: " + attempts + " (expected: 1 to 20)");
            }
        }

        public Device withWorkers(int number) {
            return new Device(number, callTimeout, attempts, backoff);
        }
    }

    /**
     * @param perHost fetches that run against one host at a time
     * @param patience longest wait for a host that is left alone because it failed too often
     * @param pause how long such a host is left alone before it is tried again
     */
    public record Fetch(int perHost, Duration patience, Duration pause) {
        public static final Fetch DEFAULTS = new Fetch(16, Duration.ofMinutes(2), Duration.ofSeconds(5));

        public Fetch {
            if (perHost < 1 || perHost > 64) {
                throw new IllegalArgumentException("content.perHost: " + perHost + " (expected: 1 to 64)");
            }
            if (patience.isNegative() || patience.compareTo(Duration.ofHours(1)) > 0) {
                throw new IllegalArgumentException("content.patience: " + patience + " (expected: 0 to 1 hour)");
            }
            if (pause.compareTo(Duration.ofMillis(1)) < 0) {
                throw new IllegalArgumentException("content.pause: " + pause + " (expected: at least 1 millisecond)");
            }
        }
    }

    public EngineConfig withDevice(Device other) {
        return new EngineConfig(batches, limits, other, fetch, cacheEntries, offGrammarMass, clips);
    }

    public EngineConfig withBatches(BatchPolicy other) {
        return new EngineConfig(other, limits, device, fetch, cacheEntries, offGrammarMass, clips);
    }

    public EngineConfig withLimits(Limits other) {
        return new EngineConfig(batches, other, device, fetch, cacheEntries, offGrammarMass, clips);
    }

    public EngineConfig withFetch(Fetch other) {
        return new EngineConfig(batches, limits, device, other, cacheEntries, offGrammarMass, clips);
    }

    public EngineConfig withClips(ClipConfig other) {
        return new EngineConfig(batches, limits, device, fetch, cacheEntries, offGrammarMass, other);
    }

    public EngineConfig withCacheEntries(int entries) {
        return new EngineConfig(batches, limits, device, fetch, entries, offGrammarMass, clips);
    }
}
