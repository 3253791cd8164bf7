package io.realqa.streams.scoring;

import io.realqa.scorer.Score;
import org.jspecify.annotations.Nullable;

/** What became of one image: exactly one of a score or a rejection. */
public sealed interface Outcome {

    /**
     * It was scored.
     *
     * @param by the model that answered: the event's provenance
     * @param sha256 of the content, 64 hex digits
     * @param shadow what another model says of it, for comparison alone; null: none was asked, or it failed
     */
    record Scored(
            Score score,
            BatchScorer.Identity by,
            String sha256,
            Timings timings,
            @Nullable Shadow shadow) implements Outcome {
        /** A score without another beside it. */
        public Scored(Score score, BatchScorer.Identity by, String sha256, Timings timings) {
            this(score, by, sha256, timings, null);
        }
    }

    /** A score that is not the answer. */
    record Shadow(Score score, BatchScorer.Identity by) {}

    /**
     * It cannot be scored.
     *
     * @param message what was wrong, its value and what was expected
     * @param attempts how often it was tried
     */
    record Rejected(Stage stage, Reason reason, String message, int attempts) implements Outcome {}

    /**
     * Where the time went, in nanoseconds.
     *
     * @param queue waiting for a thread, for a batch to close and for a worker to be free
     * @param device the whole batch's time on the device; 0 if the score was known from equal content
     * @param batchSize images in that batch; 0 if the score was known
     */
    record Timings(long queue, long fetch, long preprocess, long device, int batchSize) {
        /** Whether equal content had been scored before, or was being scored. */
        public boolean known() {
            return batchSize == 0;
        }
    }
}
