package io.realqa.streams.scoring;

import java.time.Duration;
import java.util.Iterator;

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
     * @param close whether a batch closes
     * @param waitNanos if not: ask again after that time at the latest
     */
    public record Decision(boolean close, long waitNanos) {}

    /**
     * Decides.
     *
     * @param images that wait
     * @param visualTokens of all of them
     * @param longestWaitNanos how long the one of them that came first has waited
     * @param coming images that are still being prepared
     * @param tokenBudget visual tokens that the device takes now, at most maxVisualTokens
     */
    public Decision decide(int images, long visualTokens, long longestWaitNanos, int coming, int tokenBudget) {
        if (images == 0) {
            return new Decision(false, Math.max(1, maxDelay.toNanos()));
        }
        // Images in order are taken as long as they fit, so a batch is full exactly if they do not all fit or just so.
        boolean full = images >= maxImages || visualTokens >= budget(tokenBudget);
        long left = maxDelay.toNanos() - longestWaitNanos;
        return full || left <= 0 || coming == 0 ? new Decision(true, 0) : new Decision(false, left);
    }

    /**
     * How many images make a batch.
     *
     * @param visualTokens of the images that wait, in the order in which they are to go
     */
    public int take(Iterator<Integer> visualTokens, int tokenBudget) {
        int images = 0;
        long tokens = 0;
        while (visualTokens.hasNext() && images < maxImages) {
            tokens += visualTokens.next();
            if (images > 0 && tokens > budget(tokenBudget)) {
                break;
            }
            images++;
        }
        return images;
    }

    private int budget(int tokenBudget) {
        return Math.min(tokenBudget, maxVisualTokens);
    }
}
