package io.realqa.streams.content;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** Bytes that are collected up to a limit and never beyond it. Not thread-safe. */
final class BoundedBytes {
    /** A declared size is only a claim: this much is set aside for it before any byte has come. */
    private static final int MOST_AT_FIRST = 1 << 20;

    private static final int FIRST_WITHOUT_CLAIM = 16 << 10;

    private final int limit;
    private byte[] bytes;
    private int size;

    /**
     * @param limit most bytes, at most what an array holds
     * @param declared size in bytes that the source claims, or a negative number
     */
    BoundedBytes(long limit, long declared) {
        this.limit = Math.toIntExact(limit);
        long first = declared < 0 ? FIRST_WITHOUT_CLAIM : Math.min(declared, MOST_AT_FIRST);
        this.bytes = new byte[(int) Math.min(first, limit)];
    }

    /** Takes all that remains in the source, or nothing and returns false if that were too much. */
    boolean add(ByteBuffer source) {
        int count = source.remaining();
        if (count > limit - size) {
            return false;
        }
        if (count > bytes.length - size) {
            long wanted = Math.max(2L * bytes.length, (long) size + count);
            bytes = Arrays.copyOf(bytes, (int) Math.min(wanted, limit));
        }
        source.get(bytes, size, count);
        size += count;
        return true;
    }

    /** What was collected; this object must not be used afterwards, since the array may be handed out as it is. */
    byte[] toArray() {
        return size == bytes.length ? bytes : Arrays.copyOf(bytes, size);
    }
}
