package io.realqa.streams.replay;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Reads what is committed on a topic, from its beginning to where it ends at the start. A group is not involved. */
final class TopicReader {
    private static final Duration POLL = Duration.ofMillis(200);
    private static final Duration STALL_LIMIT = Duration.ofSeconds(60);

    private TopicReader() {}

    /** Told after each poll how far it is: offsets done, offsets in all. */
    interface Progress {
        void at(long done, long total);
    }

    /**
     * @param sink takes a record, and says whether to go on
     * @throws ReplayException if nothing comes for a minute
     */
    static void read(
            Map<String, Object> settings,
            String topic,
            Predicate<ConsumerRecord<byte[], byte[]>> sink,
            Progress progress) {
        try (var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = partitions(consumer, topic);
            consumer.assign(partitions);
            Map<TopicPartition, Long> begins = consumer.beginningOffsets(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            begins.forEach(consumer::seek);
            long start = sum(begins);
            long total = sum(ends) - start;
            long last = -1;
            long since = System.nanoTime();
            while (true) {
                long done = partitions.stream()
                                .mapToLong(p -> Math.min(consumer.position(p), ends.getOrDefault(p, 0L)))
                                .sum()
                        - start;
                progress.at(done, total);
                if (done >= total) {
                    return;
                }
                if (done > last) {
                    last = done;
                    since = System.nanoTime();
                } else if (System.nanoTime() - since > STALL_LIMIT.toNanos()) {
                    throw new ReplayException("topic " + topic + ": " + done + " of " + total
                            + " offsets read, then none within " + STALL_LIMIT + " (expected: all)");
                }
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
                    TopicPartition from = new TopicPartition(record.topic(), record.partition());
                    if (record.offset() < ends.getOrDefault(from, 0L) && !sink.test(record)) {
                        return;
                    }
                }
            }
        }
    }

    private static List<TopicPartition> partitions(KafkaConsumer<byte[], byte[]> consumer, String topic) {
        long start = System.nanoTime();
        while (true) {
            // A topic that was created a moment ago is not known to every broker.
            List<PartitionInfo> known = consumer.partitionsFor(topic);
            if (known != null && !known.isEmpty()) {
                return known.stream()
                        .map(p -> new TopicPartition(p.topic(), p.partition()))
                        .toList();
            }
            if (System.nanoTime() - start > ReplayTopics.CREATION_LIMIT.toNanos()) {
                throw new ReplayException("topic " + topic + ": not there within " + ReplayTopics.CREATION_LIMIT);
            }
            ReplayTopics.pause(topic);
        }
    }

    private static long sum(Map<TopicPartition, Long> offsets) {
        return offsets.values().stream().collect(Collectors.summingLong(o -> o));
    }
}
