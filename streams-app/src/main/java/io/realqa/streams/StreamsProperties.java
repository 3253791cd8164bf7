package io.realqa.streams;

import io.realqa.schemas.Topics;
import io.realqa.settings.KafkaSettings;
import io.realqa.settings.SettingsException;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.StreamsConfig;

/** Settings of Kafka Streams: what this service wants, what the deployment says, and what is not a choice. */
final class StreamsProperties {
    private static final int MAX_POLL_INTERVAL_MILLIS = 120_000;
    /**
     * A thread joins a rebalance when it has worked off what it has polled. While the engine is full that goes at the
     * pace of the device, and the whole group waits for it.
     */
    private static final int MAX_POLL_RECORDS = 250;

    /** What is restored is what is pending, whatever the length of its changelog: tasks may go anywhere at once. */
    private static final long ACCEPTABLE_RECOVERY_LAG = 1_000_000_000L;

    /**
     * After a crash, what was in the open transaction is free again when it times out. A thread's tasks may wait in it
     * one after the other, and the registry may keep one waiting: Streams' 10 s are few.
     */
    private static final int TRANSACTION_TIMEOUT_MILLIS = 30_000;

    private static final int PRODUCER_BATCH_BYTES = 256 << 10;
    /** A commit does not wait for it. */
    private static final int PRODUCER_LINGER_MILLIS = 5;

    /** Doubles from there, up to Kafka's second. */
    private static final int PRODUCER_RETRY_MILLIS = 5;

    private StreamsProperties() {}

    static Properties of(ServiceConfig config) {
        Map<String, Object> all = new HashMap<>();
        all.put(StreamsConfig.APPLICATION_ID_CONFIG, "realqa-stream");
        // Wall-clock punctuators fire between polls: this bounds the latency of a finished score on an idle task.
        all.put(StreamsConfig.POLL_MS_CONFIG, 5);
        // Uploads and fences have no order among them.
        all.put(StreamsConfig.MAX_TASK_IDLE_MS_CONFIG, -1L);
        // Tasks ask for a commit when they have forwarded outcomes; this is for all that was only taken in.
        all.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 1_000);
        all.put(StreamsConfig.METRICS_RECORDING_LEVEL_CONFIG, "INFO");
        all.put(ConsumerConfig.MAX_POLL_INTERVAL_MS_CONFIG, MAX_POLL_INTERVAL_MILLIS);
        all.put("main.consumer.max.poll.records", MAX_POLL_RECORDS);
        all.put(StreamsConfig.ACCEPTABLE_RECOVERY_LAG_CONFIG, ACCEPTABLE_RECOVERY_LAG);
        // A dead letter holds a whole upload record.
        all.put("producer.max.request.size", Topics.MAX_DEAD_LETTER_BYTES + (1 << 20));
        all.put("producer.transaction.timeout.ms", TRANSACTION_TIMEOUT_MILLIS);
        // Events of some kilobytes: Kafka's 16 KiB would be ten of them.
        all.put("producer.batch.size", PRODUCER_BATCH_BYTES);
        all.put("producer.linger.ms", PRODUCER_LINGER_MILLIS);
        // Right after a commit the broker may still be at its end; Kafka's 100 ms would be a visible pause.
        all.put("producer.retry.backoff.ms", PRODUCER_RETRY_MILLIS);
        all.put("consumer.auto.offset.reset", "earliest");
        all.putAll(config.kafka());
        // Not a choice: the guarantees rest on it.
        all.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        Properties properties = new Properties();
        properties.putAll(all);
        return properties;
    }

    /**
     * Refuses what Kafka Streams or its clients do not take, what is not a choice, and what Kafka Streams takes but nobody means.
     *
     * @throws SettingsException naming key and value
     */
    static void check(ServiceConfig config) {
        KafkaSettings.check("kafka", config.kafka(), StreamsConfig.configDef());
        String guarantee = config.kafka().get(StreamsConfig.PROCESSING_GUARANTEE_CONFIG);
        if (guarantee != null && !guarantee.equals(StreamsConfig.EXACTLY_ONCE_V2)) {
            throw new SettingsException("kafka." + StreamsConfig.PROCESSING_GUARANTEE_CONFIG + ": " + guarantee
                    + " (expected: " + StreamsConfig.EXACTLY_ONCE_V2 + ", or left out)");
        }
        String threads = config.kafka().get(StreamsConfig.NUM_STREAM_THREADS_CONFIG);
        if (threads != null && Integer.parseInt(threads.strip()) < 1) {
            throw new SettingsException(
                    "kafka." + StreamsConfig.NUM_STREAM_THREADS_CONFIG + ": " + threads + " (expected: at least 1)");
        }
        String application = config.kafka().get(StreamsConfig.APPLICATION_ID_CONFIG);
        if (application != null) {
            KafkaSettings.name("kafka." + StreamsConfig.APPLICATION_ID_CONFIG, application);
        }
        together(config);
    }

    /** Settings that Kafka takes each, but not together. */
    private static void together(ServiceConfig config) {
        try {
            StreamsConfig all = new StreamsConfig(of(config));
            Map<String, Object> consumer =
                    all.getMainConsumerConfigs(all.getString(StreamsConfig.APPLICATION_ID_CONFIG), "client", 0);
            consumer.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
            consumer.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
            Map<String, Object> producer = all.getProducerConfigs("client");
            producer.put(ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
            producer.put(ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
            new ConsumerConfig(consumer);
            new ProducerConfig(producer);
        } catch (ConfigException | IllegalArgumentException e) {
            throw new SettingsException("kafka: " + e.getMessage() + " (expected: settings that go together)", e);
        }
    }

    /** Whether the instance keeps its place in the group when it stops, so that it has its tasks again after a restart. */
    static boolean isStaticMember(ServiceConfig config) {
        return config.kafka().keySet().stream().anyMatch(k -> k.endsWith(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG));
    }
}
