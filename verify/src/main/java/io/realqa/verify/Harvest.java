package io.realqa.verify;

import io.realqa.events.AttributeAssessment;
import io.realqa.events.ImageAttributesAssessed;
import io.realqa.events.ImageScored;
import io.realqa.events.Provenance;
import io.realqa.events.SourcePosition;
import io.realqa.events.UploadDeadLettered;
import io.realqa.schemas.AvroDeserializer;
import io.realqa.schemas.Topics;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.avro.generic.GenericContainer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;

/** Reads topics from their beginning to their end, as a consumer of committed records alone sees them. */
final class Harvest {
    private static final Duration LIMIT = Duration.ofMinutes(3);

    private final String bootstrapServers;
    private final AvroDeserializer<GenericContainer> deserializer;

    Harvest(String bootstrapServers, AvroDeserializer<GenericContainer> deserializer) {
        this.bootstrapServers = bootstrapServers;
        this.deserializer = deserializer;
    }

    /** Tells the checker of all uploads, then of all events. */
    void into(Checker checker) {
        read(
                Topics.UPLOADS.topic(),
                r -> checker.uploaded(
                        number(r), new Seen.Place(r.partition(), r.offset()), SyntheticImage.sha256(r.value())));
        for (Topics t : List.of(Topics.SCORES, Topics.ATTRIBUTES, Topics.DEAD_LETTERS)) {
            read(t.topic(), r -> checker.saw(event(r)));
        }
    }

    /** Keys of the topic, by partition, whose last value is not null. */
    int livingKeys(String topic) {
        Map<String, Boolean> living = new HashMap<>();
        read(topic, r -> {
            String key = r.partition() + "/" + java.util.HexFormat.of().formatHex(r.key());
            if (r.value() == null) {
                living.remove(key);
            } else {
                living.put(key, true);
            }
        });
        return living.size();
    }

    private static int number(ConsumerRecord<byte[], byte[]> upload) {
        Header header = upload.headers().lastHeader(Generator.NUMBER_HEADER);
        if (header == null) {
            throw new IllegalStateException(
                    "an upload without a number at " + upload.partition() + "/" + upload.offset());
        }
        return ByteBuffer.wrap(header.value()).getInt();
    }

    private Seen event(ConsumerRecord<byte[], byte[]> r) {
        String key = r.key() == null ? "" : new String(r.key(), StandardCharsets.UTF_8);
        GenericContainer value = deserializer.deserialize(r.topic(), r.value());
        if (value instanceof ImageScored s) {
            return new Seen.Scored(
                    place(s.getSource()),
                    key,
                    s.getImageId(),
                    s.getEventId(),
                    s.getContentSha256(),
                    s.getScore(),
                    version(s.getProvenance()),
                    s.getProvenance().getEpoch());
        }
        if (value instanceof ImageAttributesAssessed a) {
            String answered = a.getAttributes().stream()
                    .filter(x -> x.getName().equals(SyntheticScorer.VERSION_ATTRIBUTE))
                    .map(AttributeAssessment::getValue)
                    .findFirst()
                    .orElse("none");
            return new Seen.Assessed(
                    place(a.getSource()),
                    key,
                    a.getImageId(),
                    a.getScoreEventId(),
                    a.getContentSha256(),
                    version(a.getProvenance()),
                    answered,
                    a.getProvenance().getEpoch());
        }
        if (value instanceof UploadDeadLettered d) {
            return new Seen.DeadLettered(
                    place(d.getSource()), key, d.getImageId(), d.getStage(), d.getReason(), digest(d.getValue()));
        }
        throw new IllegalStateException(
                r.topic() + " " + r.partition() + "/" + r.offset() + ": " + value + " (expected: an event)");
    }

    private static String version(Provenance p) {
        return String.valueOf(p.getAdapterDigest());
    }

    private static Seen.Place place(SourcePosition source) {
        return new Seen.Place(source.getPartition(), source.getOffset());
    }

    private static String digest(@Nullable ByteBuffer value) {
        if (value == null) {
            return "none";
        }
        byte[] bytes = new byte[value.remaining()];
        value.duplicate().get(bytes);
        return SyntheticImage.sha256(bytes);
    }

    private void read(String topic, Consumer<ConsumerRecord<byte[], byte[]>> each) {
        Map<String, Object> settings = Map.of(
                "bootstrap.servers",
                bootstrapServers,
                "isolation.level",
                "read_committed",
                "auto.offset.reset",
                "earliest",
                "enable.auto.commit",
                false,
                "fetch.max.bytes",
                8 << 20);
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> all = consumer.partitionsFor(topic).stream()
                    .map(p -> new TopicPartition(topic, p.partition()))
                    .toList();
            consumer.assign(all);
            consumer.seekToBeginning(all);
            Map<TopicPartition, Long> ends = consumer.endOffsets(all);
            long deadline = System.nanoTime() + LIMIT.toNanos();
            while (ends.entrySet().stream().anyMatch(e -> consumer.position(e.getKey()) < e.getValue())) {
                if (System.nanoTime() > deadline) {
                    throw new IllegalStateException(topic + ": not read to its end within " + LIMIT);
                }
                ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofMillis(200));
                records.forEach(each);
            }
        }
    }
}
