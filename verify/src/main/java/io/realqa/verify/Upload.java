package io.realqa.verify;

import org.jspecify.annotations.Nullable;

/**
 * One upload of the load.
 *
 * @param number its place in the load, from 0
 * @param kind never {@link Kind#DUPLICATE}: a duplicate is like the upload that it repeats
 * @param origin number of the upload that it repeats, else its own
 * @param content number of its image
 */
record Upload(int number, int origin, Kind kind, String imageId, int partition, long content) {

    /** What may become of it. */
    Expected expected() {
        return switch (kind) {
            case BY_URI, INLINE, SLOW_HOST -> new Expected(true, null, null);
            case FAILING_HOST -> new Expected(true, "FETCH", null);
            case MISSING -> new Expected(false, "FETCH", "NOT_FOUND");
            case POISON -> new Expected(false, "SCORE", null);
            case UNDECODABLE -> new Expected(false, "DECODE", "UNSUPPORTED_FORMAT");
            case SCHEMALESS -> new Expected(false, "DESERIALIZE", "NOT_AN_UPLOAD_EVENT");
            case WRONG_DIGEST -> new Expected(false, "VALIDATE", "SHA256_MISMATCH");
            case DUPLICATE -> throw new IllegalStateException("a duplicate has the kind of what it repeats");
        };
    }

    /**
     * @param score whether it may be scored
     * @param stage the stage in which it may be dead-lettered; null: it must be scored
     * @param reason the reason for which it may; null: any of that stage
     */
    record Expected(
            boolean score, @Nullable String stage, @Nullable String reason) {
        boolean allows(String deadIn, String because) {
            return deadIn.equals(stage) && (reason == null || reason.equals(because));
        }
    }

    /** The image's bytes. */
    byte[] bytes() {
        return SyntheticImage.content(content, kind == Kind.POISON);
    }
}
