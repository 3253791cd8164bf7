package io.realqa.streams.scoring;

import io.realqa.scorer.Score;

/** What became of one image: exactly one of a score or a rejection. */
public sealed interface Outcome {

    /**
     * It was scored.
     *
     * @param by the model that answered: the event's provenance
     * @param sha256 of the content, 64 hex digits
     */
    record Scored(Score score, BatchScorer.Identity by, String sha256, Timings timings) implements Outcome {}

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
