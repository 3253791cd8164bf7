package io.realqa.streams;

import io.realqa.scorer.Scorer;
import io.realqa.streams.scoring.BatchScorer;

/**
 * A model that is ready to serve.
 *
 * @param workers batches that should run at a time on its device
 */
public record Model(BatchScorer scorer, int workers) {

    /** A real model, for images within the settings' limits. The scorer stays the caller's to close. */
    public static Model of(Scorer scorer, ServiceConfig config) {
        return new Model(
                BatchScorer.of(scorer, config.imageLimits()),
                scorer.checkpoint().compute().workers());
    }
}
