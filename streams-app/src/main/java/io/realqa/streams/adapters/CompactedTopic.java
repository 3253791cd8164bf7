package io.realqa.streams.adapters;

import io.realqa.schemas.SchemaRegistryException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.generic.GenericContainer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Deserializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** All records of a small compacted topic, from its beginning, then as they come. Not thread-safe but for {@link #wake}. */
final class CompactedTopic implements AutoCloseable {
    /** One record; without a value the key was removed. */
    record Entry(String key, @Nullable GenericContainer value) {}

    /** Takes records in the order of their partition. */
    interface Sink {
        void accept(Entry entry);
    }

    private static final Logger LOG = LoggerFactory.getLogger(CompactedTopic.class);

    private final String topic;
    private final Deserializer<GenericContainer> deserializer;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final Map<TopicPartition, Long> ends;

    /**
     * Begins to read.
     *
     * @throws IllegalStateException if there is no such topic
     */
    CompactedTopic(String topic, Deserializer<GenericContainer> deserializer, Map<String, Object> settings) {
        this.topic = topic;
        this.deserializer = deserializer;
        this.consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        try {
            List<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
                    .map(p -> new TopicPartition(p.topic(), p.partition()))
                    .toList();
            if (partitions.isEmpty()) {
                throw new IllegalStateException(
                        "topic " + topic + ": missing (expected: created beforehand, compacted)");
            }
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            this.ends = new HashMap<>(consumer.endOffsets(partitions));
        } catch (RuntimeException e) {
            consumer.close();
            throw e;
        }
    }

    /**
     * Reads what is there, waiting a while for it. A record that cannot be read is told in the log and left out.
     *
     * @throws SchemaRegistryException if the registry is away: what was not read must be read again by another instance
     */
    void poll(Duration longest, Sink sink) {
        for (ConsumerRecord<byte[], byte[]> r : consumer.poll(longest)) {
            byte[] key = r.key();
            if (key == null) {
                LOG.warn("{}-{}@{}: a record without a key is left out", topic, r.partition(), r.offset());
                continue;
            }
            try {
                GenericContainer value = r.value() == null ? null : deserializer.deserialize(topic, r.value());
                sink.accept(new Entry(new String(key, StandardCharsets.UTF_8), value));
            } catch (SerializationException | IllegalArgumentException e) {
                if (SchemaRegistryException.ofRegistry(e)) {
                    throw e;
                }
                LOG.warn("{}-{}@{} is left out: {}", topic, r.partition(), r.offset(), e.getMessage());
            }
        }
        ends.entrySet().removeIf(e -> consumer.position(e.getKey()) >= e.getValue());
    }

    /** Whether everything that was there at the beginning has been read. */
    boolean caughtUp() {
        return ends.isEmpty();
    }

    /** Ends a {@link #poll} that waits, with a WakeupException. Any thread. */
    void wake() {
        consumer.wakeup();
    }

    @Override
    public void close() {
        consumer.close();
    }
}
