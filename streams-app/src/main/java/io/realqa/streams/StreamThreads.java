package io.realqa.streams;

import java.util.stream.Collectors;
import org.apache.kafka.streams.KafkaStreams;

/** What Kafka Streams tells of its threads. */
final class StreamThreads {
    private StreamThreads() {}

    static int activeTasks(KafkaStreams streams) {
        return streams.metadataForLocalThreads().stream()
                .mapToInt(t -> t.activeTasks().size())
                .sum();
    }

    /** The partitions that a thread reads and its last commit of each, as text for the log. */
    static String reading(KafkaStreams streams, Thread thread) {
        String offsets = streams.metadataForLocalThreads().stream()
                .filter(t -> t.threadName().equals(thread.getName()))
                .flatMap(t -> t.activeTasks().stream())
                .flatMap(task -> task.committedOffsets().entrySet().stream())
                .map(e -> e.getKey() + (e.getValue() < 0 ? "" : " from offset " + e.getValue()))
                .sorted()
                .collect(Collectors.joining(", "));
        return offsets.isEmpty() ? "no partitions" : offsets;
    }

    /** The longest commit of late, over all threads; 0 before the first. */
    static double longestCommitSeconds(KafkaStreams streams) {
        return streams.metrics().entrySet().stream()
                .filter(m -> m.getKey().name().equals("commit-latency-max")
                        && m.getKey().group().equals("stream-thread-metrics"))
                .map(m -> m.getValue().metricValue())
                .filter(Double.class::isInstance)
                .mapToDouble(v -> (Double) v / 1e3)
                .filter(Double::isFinite)
                .max()
                .orElse(0);
    }
}
