package io.realqa.streams.scoring;

import io.realqa.scorer.Adapter;
import io.realqa.scorer.Scorer;
import io.realqa.scorer.image.Preprocessing;
import io.realqa.scorer.image.VisualInput;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the engine needs of a model: how its images are prepared, their scores, and who answered. */
public interface BatchScorer {

    /**
     * Digests of all that can change a score.
     *
     * @param adapter none: the base model alone
     */
    record Identity(String checkpoint, @Nullable String adapter, String profile, String preprocessing) {}

    Preprocessing preprocessing();

    /** Scores a batch: one score for each image, in the images' order. */
    Scorer.Batch score(List<VisualInput> images);

    Identity identity();

    /** A real model. */
    static BatchScorer of(Scorer scorer) {
        Adapter adapter = scorer.adapter();
        Preprocessing preprocessing = scorer.checkpoint().preprocessing();
        Identity identity = new Identity(
                scorer.checkpoint().digest(),
                adapter == null ? null : adapter.digest(),
                scorer.profile().digest(),
                preprocessing.digest());
        return new BatchScorer() {
            @Override
            public Preprocessing preprocessing() {
                return preprocessing;
            }

            @Override
            public Scorer.Batch score(List<VisualInput> images) {
                return scorer.score(images);
            }

            @Override
            public Identity identity() {
                return identity;
            }
        };
    }
}
