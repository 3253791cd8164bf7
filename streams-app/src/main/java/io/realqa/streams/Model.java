package io.realqa.streams;

import io.realqa.scorer.Scorer;
import io.realqa.streams.scoring.BatchScorer;
import org.jspecify.annotations.Nullable;

/**
 * A model that is ready to serve.
 *
 * @param workers batches that should run at a time on its device
 * @param loaded what scores behind it; released adapters are loaded for its checkpoint. None: there can be none
 */
public record Model(
        BatchScorer scorer, int workers, @Nullable Scorer loaded) {
    /** A model for which no adapters can be loaded. */
    public Model(BatchScorer scorer, int workers) {
        this(scorer, workers, null);
    }

    /** A real model, for images within the settings' limits. The scorer stays the caller's to close. */
    public static Model of(Scorer scorer, ServiceConfig config) {
        return new Model(
                BatchScorer.of(scorer, config.imageLimits()),
                scorer.checkpoint().compute().workers(),
                scorer);
    }
}
