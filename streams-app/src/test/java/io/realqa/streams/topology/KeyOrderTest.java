package io.realqa.streams.topology;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class KeyOrderTest {
    private static List<Long> ids(List<KeyOrder.Released<String>> released) {
        return released.stream().map(KeyOrder.Released::id).toList();
    }

    @Test
    void aResultWaitsForTheEarlierOnesOfItsKey() {
        KeyOrder<String> order = new KeyOrder<>();
        order.expect("k", 1);
        order.expect("k", 2);
        order.expect("k", 3);

        assertThat(order.finish("k", 3, "third")).isEmpty();
        assertThat(ids(order.finish("k", 1, "first"))).containsExactly(1L);
        assertThat(order.finish("k", 2, "second"))
                .containsExactly(new KeyOrder.Released<>(2, "second"), new KeyOrder.Released<>(3, "third"));
    }

    @Test
    void anotherKeyDoesNotWait() {
        KeyOrder<String> order = new KeyOrder<>();
        order.expect("slow", 1);
        order.expect("fast", 2);

        assertThat(ids(order.finish("fast", 2, "r"))).containsExactly(2L);
    }

    @Test
    void aResultThatNobodyExpectsReleasesNothing() {
        KeyOrder<String> order = new KeyOrder<>();
        assertThat(order.finish("k", 1, "r")).isEmpty();
        order.expect("k", 1);
        assertThat(order.finish("k", 2, "r")).isEmpty();
        assertThat(ids(order.finish("k", 1, "r"))).containsExactly(1L);
        assertThat(order.finish("k", 1, "again")).isEmpty();
    }

    @Test
    void whateverTheOrderOfResultsEachKeysIsKeptAndNothingIsLost() {
        for (int seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            int count = 1 + random.nextInt(40);
            int keys = 1 + random.nextInt(5);
            KeyOrder<String> order = new KeyOrder<>();
            Map<String, List<Long>> come = new HashMap<>();
            List<Long> unfinished = new ArrayList<>();
            Map<Long, String> keyOf = new HashMap<>();
            for (long id = 0; id < count; id++) {
                String key = "k" + random.nextInt(keys);
                order.expect(key, id);
                come.computeIfAbsent(key, k -> new ArrayList<>()).add(id);
                keyOf.put(id, key);
                unfinished.add(id);
            }
            Collections.shuffle(unfinished, random);

            Map<String, List<Long>> gone = new HashMap<>();
            for (int i = 0; i < count; i++) {
                long id = unfinished.get(i);
                String key = String.valueOf(keyOf.get(id));
                for (KeyOrder.Released<String> r : order.finish(key, id, "r" + id)) {
                    assertThat(r.result()).isEqualTo("r" + r.id());
                    gone.computeIfAbsent(key, k -> new ArrayList<>()).add(r.id());
                }
                // What is finished and still held has an unfinished one of its own key before it.
                List<Long> open = unfinished.subList(i + 1, count);
                for (long done : unfinished.subList(0, i + 1)) {
                    String itsKey = String.valueOf(keyOf.get(done));
                    boolean held = !gone.getOrDefault(itsKey, List.of()).contains(done);
                    boolean mustWait = open.stream().anyMatch(o -> o < done && itsKey.equals(keyOf.get(o)));
                    assertThat(held).as("seed %d, id %d", seed, done).isEqualTo(mustWait);
                }
            }
            assertThat(gone).as("seed %d", seed).isEqualTo(come);
        }
    }
}
