package io.realqa.verify;

import org.jspecify.annotations.Nullable;

/** What the checker needs of a committed record, with where it stands. */
sealed interface Seen {

    /** An upload's place on Kafka. */
    record Place(int partition, long offset) {
        @Override
        public String toString() {
            return partition + "/" + offset;
        }
    }

    /** The upload that it names as its source. */
    Place source();

    /** Key of the record. */
    String key();

    /**
     * @param by version of the adapter in its provenance
     * @param epoch of the release that it serves under
     */
    record Scored(
            Place source,
            String key,
            String imageId,
            String eventId,
            String sha256,
            double score,
            String by,
            long epoch)
            implements Seen {}

    /**
     * @param answered the version that the answer itself names
     */
    record Assessed(
            Place source,
            String key,
            String imageId,
            String scoreEventId,
            String sha256,
            String by,
            String answered,
            long epoch)
            implements Seen {}

    /**
     * @param valueDigest of the upload's value that it holds
     */
    record DeadLettered(
            Place source, String key, @Nullable String imageId, String stage, String reason, String valueDigest)
            implements Seen {}
}
