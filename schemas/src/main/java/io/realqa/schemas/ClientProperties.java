package io.realqa.schemas;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** Settings of one kind of Kafka client, out of those that a deployment states for all of them. Pure. */
public final class ClientProperties {
    private ClientProperties() {}

    /**
     * What the client knows, and over it what has the prefix.
     *
     * @param known names of the client's settings; others are left out
     * @param prefix such as {@code consumer.}
     */
    public static Map<String, Object> of(Map<String, String> kafka, Set<String> known, String prefix) {
        Map<String, Object> all = new HashMap<>();
        kafka.forEach((key, value) -> {
            if (known.contains(key)) {
                all.put(key, value);
            }
        });
        kafka.forEach((key, value) -> {
            if (key.startsWith(prefix) && known.contains(key.substring(prefix.length()))) {
                all.put(key.substring(prefix.length()), value);
            }
        });
        return all;
    }
}
