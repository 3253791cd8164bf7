package io.realqa.trainer.feedback;

import io.realqa.events.ImageUploaded;
import io.realqa.events.SourcePosition;
import io.realqa.schemas.SchemaRegistryException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.avro.generic.GenericContainer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Deserializer;

/** Reads single upload events at their positions. For one thread. */
final class KafkaUploads implements ImageFinder.Uploads, AutoCloseable {
    private static final Duration LONGEST = Duration.ofSeconds(20);
    private static final Duration SLICE = Duration.ofMillis(500);

    private final KafkaConsumer<byte[], byte[]> consumer;
    private final Deserializer<GenericContainer> deserializer;

    KafkaUploads(Map<String, Object> settings, Deserializer<GenericContainer> deserializer) {
        this.deserializer = deserializer;
        Map<String, Object> one = new java.util.HashMap<>(settings);
        one.put("max.poll.records", 1);
        one.put("auto.offset.reset", "none");
        // One record is wanted, and what is fetched beyond it is thrown away.
        one.put("max.partition.fetch.bytes", 1 << 16);
        this.consumer = new KafkaConsumer<>(one, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    @Override
    public Optional<ImageUploaded> at(SourcePosition position) {
        TopicPartition partition = new TopicPartition(position.getTopic(), position.getPartition());
        if (!exists(partition, position.getOffset())) {
            return Optional.empty();
        }
        consumer.assign(List.of(partition));
        consumer.seek(partition, position.getOffset());
        long deadline = System.nanoTime() + LONGEST.toNanos();
        while (true) {
            try {
                for (ConsumerRecord<byte[], byte[]> r : consumer.poll(SLICE)) {
                    return r.offset() == position.getOffset() && r.value() != null ? event(r) : Optional.empty();
                }
            } catch (OffsetOutOfRangeException e) {
                return Optional.empty();
            }
            if (consumer.position(partition) > position.getOffset()) {
                return Optional.empty();
            }
            if (System.nanoTime() > deadline) {
                throw new IllegalStateException(partition + "@" + position.getOffset() + ": not read within " + LONGEST
                        + " (expected: a broker that answers)");
            }
        }
    }

    /** Whether it can be there: topics are deleted and made anew, and a score's source outlives them. */
    private boolean exists(TopicPartition partition, long offset) {
        List<PartitionInfo> partitions;
        try {
            partitions = consumer.partitionsFor(partition.topic(), LONGEST);
        } catch (UnknownTopicOrPartitionException | InvalidTopicException e) {
            return false;
        }
        return partitions != null
                && partitions.stream().anyMatch(p -> p.partition() == partition.partition())
                && offset < consumer.endOffsets(List.of(partition), LONGEST).getOrDefault(partition, 0L);
    }

    private Optional<ImageUploaded> event(ConsumerRecord<byte[], byte[]> r) {
        try {
            return deserializer.deserialize(r.topic(), r.value()) instanceof ImageUploaded u
                    ? Optional.of(u)
                    : Optional.empty();
        } catch (SerializationException e) {
            if (SchemaRegistryException.ofRegistry(e)) {
                throw e;
            }
            return Optional.empty();
        }
    }

    @Override
    public void close() {
        consumer.close();
    }
}
