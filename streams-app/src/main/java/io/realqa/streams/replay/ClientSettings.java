package io.realqa.streams.replay;

import io.realqa.schemas.Topics;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** Settings of plain clients, out of those that the service hands to Kafka Streams. Pure. */
final class ClientSettings {
    private static final String CONSUMER = "consumer.";
    private static final String PRODUCER = "producer.";
    private static final String ADMIN = "admin.";

    /** A member of the service's group, or one of its transactions, is the last that a replay should become. */
    private static final Set<String> OF_THE_SERVICE = Set.of(
            "application.id",
            "group.id",
            "group.instance.id",
            "group.protocol",
            "transactional.id",
            "enable.auto.commit",
            "client.id");

    private ClientSettings() {}

    static Map<String, Object> consumer(Map<String, String> kafka) {
        Map<String, Object> all = of(kafka, CONSUMER);
        all.put("isolation.level", "read_committed");
        all.put("auto.offset.reset", "earliest");
        all.put("enable.auto.commit", "false");
        all.put("allow.auto.create.topics", "false");
        return all;
    }

    static Map<String, Object> producer(Map<String, String> kafka, String transactionalId) {
        Map<String, Object> all = of(kafka, PRODUCER);
        // A dead letter's upload is smaller than the dead letter.
        all.putIfAbsent("max.request.size", Topics.MAX_DEAD_LETTER_BYTES + (1 << 20));
        all.put("transactional.id", transactionalId);
        all.put("enable.idempotence", "true");
        all.put("acks", "all");
        return all;
    }

    static Map<String, Object> admin(Map<String, String> kafka) {
        Map<String, Object> all = of(kafka, ADMIN);
        all.putIfAbsent("default.api.timeout.ms", "30000");
        all.putIfAbsent("request.timeout.ms", "15000");
        return all;
    }

    /** What holds for every client, and over it what has the prefix. */
    private static Map<String, Object> of(Map<String, String> kafka, String prefix) {
        Map<String, Object> all = new HashMap<>(kafka);
        kafka.forEach((key, value) -> {
            if (key.startsWith(prefix)) {
                all.put(key.substring(prefix.length()), value);
            }
        });
        all.keySet().removeAll(OF_THE_SERVICE);
        return all;
    }
}
