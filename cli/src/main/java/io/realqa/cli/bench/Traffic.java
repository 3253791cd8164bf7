package io.realqa.cli.bench;

import io.realqa.cli.LocalStack;
import io.realqa.events.ImageUploaded;
import io.realqa.schemas.Topics;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.jspecify.annotations.Nullable;

/** Uploads to a local stack, and the scores that were committed there since this was made. */
final class Traffic implements AutoCloseable {
    private final KafkaProducer<String, ImageUploaded> producer;
    private final KafkaConsumer<String, byte[]> scores;

    Traffic(LocalStack stack) {
        producer = stack.producer(Map.of("linger.ms", 1));
        scores = new KafkaConsumer<>(
                Map.of("bootstrap.servers", stack.bootstrapServers(), "isolation.level", "read_committed"),
                new StringDeserializer(),
                new ByteArrayDeserializer());
        List<TopicPartition> partitions = scores.partitionsFor(Topics.SCORES.topic()).stream()
                .map(p -> new TopicPartition(p.topic(), p.partition()))
                .toList();
        scores.assign(partitions);
        scores.seekToEnd(partitions);
        partitions.forEach(scores::position);
    }

    /** Sends an upload of some content, or of what is at a URI. */
    void upload(String id, byte @Nullable [] content, @Nullable String uri) {
        ImageUploaded event = ImageUploaded.newBuilder()
                .setImageId(id)
                .setPlatform("bench")
                .setUploader("somebody")
                .setContent(content == null ? null : ByteBuffer.wrap(content))
                .setUri(uri)
                .setMediaType("image/jpeg")
                .setUploadedAt(Instant.now())
                .build();
        producer.send(new ProducerRecord<>(Topics.UPLOADS.topic(), id, event));
    }

    /** Waits until all uploads are on the broker. */
    void flush() {
        producer.flush();
    }

    /** Scores that have come, by the images' ids. */
    ConsumerRecords<String, byte[]> scores(Duration wait) {
        return scores.poll(wait);
    }

    @Override
    public void close() {
        producer.close();
        scores.close();
    }
}
