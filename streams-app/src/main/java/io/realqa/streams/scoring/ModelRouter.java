package io.realqa.streams.scoring;

import org.jspecify.annotations.Nullable;

/** Which model answers for an image. Asked between batches, so that a swap takes effect from one batch to the next. */
@FunctionalInterface
public interface ModelRouter {
    /**
     * The model that serves it now. Thread-safe, and cheap.
     *
     * @param platform the tenant
     * @param imageId decides in which share of the traffic it falls
     */
    BatchScorer route(String platform, String imageId);

    /**
     * The model that scores it as well, in the shadow of the one that answers; null: none does. Thread-safe, and cheap.
     */
    default @Nullable BatchScorer shadow(String platform, String imageId) {
        return null;
    }
}
