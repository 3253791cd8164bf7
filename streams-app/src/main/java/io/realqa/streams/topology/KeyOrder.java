package io.realqa.streams.topology;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Hands results on in the order in which their keys' records came, though they finish in any order. Records of different
 * keys do not wait for each other. Owned by one thread.
 *
 * @param <R> result
 */
final class KeyOrder<R> {
    private final Map<String, Deque<Waiting<R>>> byKey = new HashMap<>();

    private static final class Waiting<R> {
        final long id;

        @Nullable
        R result;

        Waiting(long id) {
            this.id = id;
        }
    }

    /** A result with the record it belongs to. */
    record Released<R>(long id, R result) {}

    /** A record has come; ids ascend within a key. */
    void expect(String key, long id) {
        byKey.computeIfAbsent(key, k -> new ArrayDeque<>()).add(new Waiting<>(id));
    }

    /** A record's result is here: what may be handed on now, in order. Empty while an earlier record is unfinished. */
    List<Released<R>> finish(String key, long id, R result) {
        Deque<Waiting<R>> queue = byKey.get(key);
        if (queue == null) {
            return List.of();
        }
        for (Waiting<R> w : queue) {
            if (w.id == id) {
                w.result = result;
            }
        }
        List<Released<R>> released = new ArrayList<>();
        while (!queue.isEmpty()) {
            R first = queue.element().result;
            if (first == null) {
                break;
            }
            released.add(new Released<>(queue.remove().id, first));
        }
        if (queue.isEmpty()) {
            byKey.remove(key);
        }
        return released;
    }
}
