package io.realqa.verify;

import io.realqa.schemas.Topics;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Counts results as they are committed, for the screen and to know when the end may have come. */
final class Monitor implements AutoCloseable {
    private final Thread thread;
    private final AtomicLong results = new AtomicLong();
    private volatile boolean closed;

    Monitor(String bootstrapServers, int partitions) {
        List<TopicPartition> all = Stream.of(Topics.SCORES, Topics.DEAD_LETTERS)
                .flatMap(t ->
                        java.util.stream.IntStream.range(0, partitions).mapToObj(p -> new TopicPartition(t.topic(), p)))
                .toList();
        thread = new Thread(() -> follow(bootstrapServers, all), "monitor");
        thread.setDaemon(true);
        thread.start();
    }

    private void follow(String bootstrapServers, List<TopicPartition> all) {
        Map<String, Object> settings = Map.of(
                "bootstrap.servers",
                bootstrapServers,
                "isolation.level",
                "read_committed",
                "auto.offset.reset",
                "earliest",
                "enable.auto.commit",
                false);
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.assign(all);
            consumer.seekToBeginning(all);
            while (!closed) {
                try {
                    results.addAndGet(consumer.poll(Duration.ofMillis(200)).count());
                } catch (KafkaException e) {
                    // A broker on its way; the positions are kept.
                }
            }
        }
    }

    /** Scores and dead letters committed so far. */
    long results() {
        return results.get();
    }

    @Override
    public void close() {
        closed = true;
        try {
            thread.join(5_000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
