package io.realqa.streams.adapters;

import io.realqa.scorer.Digests;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Which images a canary gets: those whose id falls under its share. The place of an id is the first 53 bits of the SHA-256
 * of its UTF-8 bytes, as a fraction of 1; so all instances agree, and a growing share keeps the images that it had.
 */
final class TrafficShare {
    private TrafficShare() {}

    /** Place of an image id, from 0 up to but not including 1. */
    static double place(String imageId) {
        byte[] hash = Digests.sha256().digest(imageId.getBytes(StandardCharsets.UTF_8));
        return (ByteBuffer.wrap(hash).getLong() >>> 11) * 0x1p-53;
    }

    /** Whether an image falls in a share that is counted from the other end: it overlaps a canary's as late as can be. */
    static boolean holdsFromTheEnd(double share, String imageId) {
        return share > 0 && (share >= 1 || place(imageId) >= 1 - share);
    }

    static boolean holds(double share, String imageId) {
        return share > 0 && (share >= 1 || place(imageId) < share);
    }
}
