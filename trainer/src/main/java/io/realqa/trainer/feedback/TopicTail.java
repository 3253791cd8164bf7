package io.realqa.trainer.feedback;

import io.realqa.schemas.SchemaRegistryException;
import java.time.Duration;
import java.util.ArrayList;
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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads topics from some way before their ends, or from their beginnings, then as they grow. For one thread. */
final class TopicTail implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TopicTail.class);
    private static final Duration SLICE = Duration.ofMillis(200);

    /** Takes records. */
    interface Sink {
        void accept(ConsumerRecord<byte[], byte[]> record, GenericContainer event);
    }

    private final KafkaConsumer<byte[], byte[]> consumer;
    private final Deserializer<GenericContainer> deserializer;
    private final List<TopicPartition> partitions;
    private final Map<TopicPartition, Long> starts = new HashMap<>();

    /** @param back records before each topic's end to start from, as far as they are there */
    TopicTail(
            Map<String, Object> settings, Deserializer<GenericContainer> deserializer, List<String> topics, long back) {
        this.deserializer = deserializer;
        this.consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        this.partitions = new ArrayList<>();
        try {
            for (String topic : topics) {
                List<TopicPartition> own = partitions(consumer, topic);
                Map<TopicPartition, Long> begins = consumer.beginningOffsets(own);
                Map<TopicPartition, Long> ends = consumer.endOffsets(own);
                partitions.addAll(own);
                consumer.assign(partitions);
                begins.forEach((p, begin) -> {
                    long end = ends.getOrDefault(p, begin);
                    starts.put(p, Math.max(begin, end - Math.max(1, back / own.size())));
                });
            }
            starts.forEach(consumer::seek);
        } catch (RuntimeException e) {
            consumer.close();
            throw e;
        }
    }

    /** @throws IllegalStateException if there is no such topic */
    static List<TopicPartition> partitions(KafkaConsumer<?, ?> consumer, String topic) {
        List<TopicPartition> all = consumer.partitionsFor(topic).stream()
                .map(p -> new TopicPartition(p.topic(), p.partition()))
                .toList();
        if (all.isEmpty()) {
            throw new IllegalStateException("topic " + topic + ": missing (expected: created beforehand)");
        }
        return all;
    }

    /**
     * Reads up to what was committed when this was called.
     *
     * @throws IllegalStateException if that takes longer than the limit
     */
    void catchUp(Duration longest, Sink sink) {
        Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
        long deadline = System.nanoTime() + longest.toNanos();
        while (true) {
            ends.entrySet().removeIf(e -> consumer.position(e.getKey()) >= e.getValue());
            if (ends.isEmpty()) {
                return;
            }
            if (System.nanoTime() > deadline) {
                throw new IllegalStateException("topics " + ends.keySet() + " not read within " + longest
                        + " (expected: a broker that answers)");
            }
            poll(SLICE, sink);
        }
    }

    /** Reads what is there. A record that cannot be read is told in the log and left out. */
    void poll(Duration longest, Sink sink) {
        for (ConsumerRecord<byte[], byte[]> r : consumer.poll(longest)) {
            if (r.value() == null) {
                continue;
            }
            GenericContainer event;
            try {
                event = deserializer.deserialize(r.topic(), r.value());
            } catch (SerializationException e) {
                if (SchemaRegistryException.ofRegistry(e)) {
                    throw e;
                }
                LOG.warn("{}-{}@{} is left out: {}", r.topic(), r.partition(), r.offset(), e.getMessage());
                continue;
            }
            if (event != null) {
                sink.accept(r, event);
            }
        }
    }

    @Override
    public void close() {
        consumer.close();
    }
}
