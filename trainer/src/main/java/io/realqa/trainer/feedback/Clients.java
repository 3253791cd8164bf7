package io.realqa.trainer.feedback;

import io.realqa.schemas.ClientProperties;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;

/** Settings of the intake's clients, out of those that the configuration hands to Kafka. */
public final class Clients {
    private static final int BLOCK_MILLIS = 15_000;
    private static final int DELIVERY_MILLIS = 60_000;
    private static final int REQUEST_MILLIS = 15_000;
    private static final int POLL_RECORDS = 200;

    private Clients() {}

    /** A consumer of committed records that is assigned its partitions. */
    static Map<String, Object> consumer(Map<String, String> kafka) {
        Map<String, Object> all = ClientProperties.of(kafka, ConsumerConfig.configNames(), "consumer.");
        all.remove(ConsumerConfig.GROUP_ID_CONFIG);
        all.remove(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG);
        all.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
        all.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        all.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        all.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, "false");
        all.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, REQUEST_MILLIS);
        all.putIfAbsent(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, POLL_RECORDS);
        return all;
    }

    /** The same with a group, whose committed offsets it starts from. */
    static Map<String, Object> consumer(Map<String, String> kafka, String group) {
        Map<String, Object> all = consumer(kafka);
        all.put(ConsumerConfig.GROUP_ID_CONFIG, group);
        return all;
    }

    /** A transactional producer: who starts later under the same id takes over. */
    static Map<String, Object> transactional(Map<String, String> kafka, String id) {
        Map<String, Object> all = producer(kafka);
        all.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, id);
        return all;
    }

    /** An idempotent producer. */
    public static Map<String, Object> producer(Map<String, String> kafka) {
        Map<String, Object> all = ClientProperties.of(kafka, ProducerConfig.configNames(), "producer.");
        all.remove(ProducerConfig.TRANSACTIONAL_ID_CONFIG);
        all.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, "true");
        all.put(ProducerConfig.ACKS_CONFIG, "all");
        all.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, BLOCK_MILLIS);
        all.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, REQUEST_MILLIS);
        all.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, DELIVERY_MILLIS);
        return all;
    }
}
