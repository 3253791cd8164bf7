package io.realqa.streams;

import org.apache.kafka.streams.KafkaStreams;

/** What Kafka Streams tells of its threads. */
final class StreamThreads {
    private StreamThreads() {}

    static int activeTasks(KafkaStreams streams) {
        return streams.metadataForLocalThreads().stream()
                .mapToInt(t -> t.activeTasks().size())
                .sum();
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
