package io.realqa.streams.scoring;

import java.time.Duration;
import java.util.List;

/**
 * When a batch closes: on its number of images, its visual tokens or the longest wait, whichever comes first. Pure.
 *
 * @param maxImages most images in a batch
 * @param maxVisualTokens most visual tokens in a batch; an image larger than that goes alone
 * @param maxDelay longest wait of an image for others to join
 */
public record BatchPolicy(int maxImages, int maxVisualTokens, Duration maxDelay) {
    public static final BatchPolicy DEFAULTS = new BatchPolicy(16, 8192, Duration.ofMillis(20));

    public BatchPolicy {
        if (maxImages < 1 || maxImages > 4096) {
            throw new IllegalArgumentException("batch.images: " + maxImages + " (expected: 1 to 4096)");
        }
        if (maxVisualTokens < 1) {
            throw new IllegalArgumentException("batch.visualTokens: " + maxVisualTokens + " (expected: at least 1)");
        }
        if (maxDelay.isNegative() || maxDelay.compareTo(Duration.ofMinutes(1)) > 0) {
            throw new IllegalArgumentException("batch.delay: " + maxDelay + " (expected: 0 to 1 minute)");
        }
    }

    /**
     * What to do now.
     *
     * @param take images to take from the head of the queue as one batch; 0: none yet
     * @param waitNanos with nothing to take: ask again after that time at the latest
     */
    public record Decision(int take, long waitNanos) {}

    /**
     * Decides.
     *
     * @param visualTokens of the images that wait, in the order in which they are to go
     * @param longestWaitNanos how long the one of them that came first has waited
     * @param coming images that are still being fetched or prepared
     */
    public Decision decide(List<Integer> visualTokens, long longestWaitNanos, int coming) {
        if (visualTokens.isEmpty()) {
            return new Decision(0, maxDelay.toNanos());
        }
        int images = 0;
        long tokens = 0;
        boolean full = false;
        for (int n : visualTokens) {
            if (images == maxImages || (images > 0 && tokens + n > maxVisualTokens)) {
                full = true;
                break;
            }
            images++;
            tokens += n;
        }
        full |= images == maxImages || tokens >= maxVisualTokens;
        long left = maxDelay.toNanos() - longestWaitNanos;
        return full || left <= 0 || coming == 0 ? new Decision(images, 0) : new Decision(0, left);
    }
}
