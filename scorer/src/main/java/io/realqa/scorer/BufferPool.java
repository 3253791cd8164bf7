package io.realqa.scorer;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/**
 * Direct buffers to hand arrays to libtorch in, used again and again. The JVM frees a direct buffer only when it collects
 * its garbage, which knows nothing of native memory: fresh ones for every batch would pile up. Thread-safe.
 *
 * <p>Sizes are powers of two, so it holds no more than twice what was in use at the busiest moment of each size.
 */
final class BufferPool {
    private static final int SMALLEST = 1 << 12;

    private final Map<Integer, Deque<ByteBuffer>> idle = new HashMap<>();

    /** A buffer of at least the size, whole: slice what is needed, and give the same object back. */
    synchronized ByteBuffer borrow(long bytes) {
        if (bytes > 1 << 30) {
            throw new IllegalArgumentException("a batch's array: " + bytes + " bytes (expected: at most 1 GiB)");
        }
        int size = SMALLEST;
        while (size < bytes) {
            size <<= 1;
        }
        Deque<ByteBuffer> fitting = idle.get(size);
        return fitting == null || fitting.isEmpty()
                ? ByteBuffer.allocateDirect(size).order(ByteOrder.nativeOrder())
                : fitting.pop();
    }

    synchronized void giveBack(ByteBuffer buffer) {
        idle.computeIfAbsent(buffer.capacity(), k -> new ArrayDeque<>()).push(buffer);
    }
}
