package io.realqa.streams.replay;

import io.realqa.events.ImageScored;
import io.realqa.events.Provenance;
import io.realqa.schemas.EventClasses;
import io.realqa.schemas.SchemaRegistryException;
import io.realqa.schemas.Topics;
import io.realqa.streams.ServiceConfig;
import io.realqa.streams.calibration.Calibrations;
import io.realqa.streams.scoring.BatchScorer.Identity;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.avro.generic.GenericContainer;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serde;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts past score events on the scale of the calibrations in force: each is written anew, with its own event id and
 * everything in it but the calibrated score, to a compacted topic of its own. What was written and how far the score
 * events were read commit together, under a group named by topic and calibrations: so a run may be killed at any point
 * and repeated, and none is written twice for the same calibrations.
 */
public final class Recalibration {
    private static final Logger LOG = LoggerFactory.getLogger(Recalibration.class);
    private static final int MOST_IN_TRANSACTION = 2_000;
    private static final Duration POLL = Duration.ofMillis(200);
    private static final Duration STALL_LIMIT = Duration.ofSeconds(60);
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(10);
    private static final String PREFIX = "realqa-recalibrate-";

    private final ServiceConfig config;
    private final Calibrations calibrations;
    private final boolean dryRun;
    private final int inTransaction;
    private final Runnable beforeCommit;
    private final String scores;
    private final String target;

    private long read;
    private long written;
    private long upToDate;
    private long uncalibrated;
    private long otherModel;
    private long unreadable;

    /**
     * What a run did.
     *
     * @param read score events since the last run with these calibrations
     * @param written with a new calibrated score; on a dry run: that would be
     * @param upToDate that have that very score already
     * @param uncalibrated of platforms without a calibration
     * @param otherModel given by another model than the platform's calibration was fitted for
     * @param unreadable records that are no score events
     */
    public record Summary(
            long read, long written, long upToDate, long uncalibrated, long otherModel, long unreadable) {}

    /** Told often how far a run is, in offsets. */
    public interface Progress {
        void at(long done, long total, long written);
    }

    /**
     * @param dryRun only counts
     * @throws io.realqa.settings.SettingsException if a calibration cannot be read, or there is none
     */
    public Recalibration(ServiceConfig config, boolean dryRun) {
        this(config, config.calibrations(), dryRun, MOST_IN_TRANSACTION, () -> {});
    }

    /** @param beforeCommit called when a transaction's records are on the brokers, before it is committed */
    Recalibration(
            ServiceConfig config, Calibrations calibrations, boolean dryRun, int inTransaction, Runnable beforeCommit) {
        if (calibrations.none()) {
            throw new io.realqa.settings.SettingsException(
                    "calibration: missing (expected: a calibration file for at least one platform)");
        }
        this.config = config;
        this.calibrations = calibrations;
        this.dryRun = dryRun;
        this.inTransaction = inTransaction;
        this.beforeCommit = beforeCommit;
        this.scores = config.topics().scores();
        this.target = config.topics().recalibrated();
    }

    /** Topic that it writes. */
    public String target() {
        return target;
    }

    /**
     * Runs over what is on the scores topic when it starts. Call it once.
     *
     * @throws ReplayException if it stopped early; what was written until then is not written again
     */
    public Summary run(Progress progress) {
        EventClasses.trust();
        try (Serde<GenericContainer> serde = config.newSerde();
                ReplayTopics topics = new ReplayTopics(ClientSettings.admin(config.kafka()))) {
            serde.configure(config.registry(), false);
            int partitions = topics.required("scores", scores);
            int there = dryRun ? partitions : topics.partitions(target);
            if (there == 0) {
                topics.createCompacted(target, partitions);
                there = partitions;
            }
            try (KafkaConsumer<byte[], byte[]> consumer = consumer()) {
                return run(consumer, serde, there, progress);
            }
        } catch (KafkaException e) {
            throw UploadWriter.failure("recalibration", "the score events", e);
        }
    }

    private String group() {
        return PREFIX + target + "-" + calibrations.name();
    }

    private KafkaConsumer<byte[], byte[]> consumer() {
        Map<String, Object> settings = ClientSettings.consumer(config.kafka());
        settings.put("group.id", group());
        return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    private Summary run(
            KafkaConsumer<byte[], byte[]> consumer, Serde<GenericContainer> serde, int partitions, Progress progress) {
        if (dryRun) {
            copy(consumer, serde, null, partitions, progress);
        } else {
            // One run at a time: a later one fences an earlier one, and ends what it left open.
            String id = PREFIX + target;
            try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
                    ClientSettings.producer(config.kafka(), id),
                    new ByteArraySerializer(),
                    new ByteArraySerializer())) {
                producer.initTransactions();
                try {
                    copy(consumer, serde, producer, partitions, progress);
                } finally {
                    producer.close(CLOSE_LIMIT);
                }
            }
        }
        return new Summary(read, written, upToDate, uncalibrated, otherModel, unreadable);
    }

    private void copy(
            KafkaConsumer<byte[], byte[]> consumer,
            Serde<GenericContainer> serde,
            @Nullable KafkaProducer<byte[], byte[]> producer,
            int partitions,
            Progress progress) {
        List<TopicPartition> from = consumer.partitionsFor(scores).stream()
                .map(p -> new TopicPartition(p.topic(), p.partition()))
                .toList();
        consumer.assign(from);
        Map<TopicPartition, Long> begins = begins(consumer, from);
        begins.forEach(consumer::seek);
        Map<TopicPartition, Long> ends = consumer.endOffsets(from);
        long start = sum(begins);
        long total = Math.max(0, sum(ends) - start);
        long last = -1;
        long since = System.nanoTime();
        Transaction open = new Transaction(consumer, producer);
        while (true) {
            long done = from.stream()
                            .mapToLong(p -> Math.min(consumer.position(p), ends.getOrDefault(p, 0L)))
                            .sum()
                    - start;
            progress.at(done, total, written);
            if (done >= total) {
                open.commit();
                return;
            }
            if (done > last) {
                last = done;
                since = System.nanoTime();
            } else if (System.nanoTime() - since > STALL_LIMIT.toNanos()) {
                throw new ReplayException("topic " + scores + ": " + done + " of " + total
                        + " offsets read, then none within " + STALL_LIMIT + " (expected: all)");
            }
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
                TopicPartition at = new TopicPartition(record.topic(), record.partition());
                if (record.offset() < ends.getOrDefault(at, 0L)) {
                    read++;
                    open.passed(at, record.offset() + 1, calibrated(serde, record, partitions));
                }
            }
        }
    }

    /** Where the last run with these calibrations stopped, or the topic's beginning. */
    private static Map<TopicPartition, Long> begins(
            KafkaConsumer<byte[], byte[]> consumer, List<TopicPartition> partitions) {
        Map<TopicPartition, Long> begins = new HashMap<>(consumer.beginningOffsets(partitions));
        consumer.committed(new java.util.HashSet<>(partitions)).forEach((partition, offset) -> {
            if (offset != null) {
                begins.merge(partition, offset.offset(), Math::max);
            }
        });
        return begins;
    }

    private static long sum(Map<TopicPartition, Long> offsets) {
        return offsets.values().stream().collect(Collectors.summingLong(o -> o));
    }

    /** The open transaction: its records, and how far they were made of the scores topic. */
    private final class Transaction {
        private final KafkaConsumer<byte[], byte[]> consumer;
        private final @Nullable KafkaProducer<byte[], byte[]> producer;
        private final Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        private int passed;

        Transaction(KafkaConsumer<byte[], byte[]> consumer, @Nullable KafkaProducer<byte[], byte[]> producer) {
            this.consumer = consumer;
            this.producer = producer;
        }

        /** @param next offset to go on from */
        void passed(TopicPartition at, long next, @Nullable ProducerRecord<byte[], byte[]> event) {
            if (producer == null) {
                return;
            }
            if (passed++ == 0) {
                producer.beginTransaction();
            }
            offsets.put(at, new OffsetAndMetadata(next));
            if (event != null) {
                // A failed send fails the commit.
                var sent = producer.send(event);
                LOG.trace("{}: {}", target, sent);
            }
            if (passed >= inTransaction) {
                commit();
            }
        }

        void commit() {
            if (producer == null || passed == 0) {
                return;
            }
            producer.sendOffsetsToTransaction(offsets, new ConsumerGroupMetadata(group()));
            producer.flush();
            beforeCommit.run();
            producer.commitTransaction();
            LOG.debug("{}: committed {}", target, offsets);
            offsets.clear();
            passed = 0;
        }
    }

    /** The event as it is to be written; null: it needs not be. */
    private @Nullable ProducerRecord<byte[], byte[]> calibrated(
            Serde<GenericContainer> serde, ConsumerRecord<byte[], byte[]> record, int partitions) {
        ImageScored event = event(serde, record);
        if (event == null) {
            unreadable++;
            return null;
        }
        Calibrations.Result result =
                calibrations.calibrate(event.getPlatform(), identity(event.getProvenance()), event.getScore());
        if (result == null) {
            uncalibrated++;
            return null;
        }
        if (!(result instanceof Calibrations.Calibrated now)) {
            otherModel++;
            return null;
        }
        Double before = event.getCalibratedScore();
        if (before != null && before == now.score() && now.digest().equals(event.getCalibrationDigest())) {
            upToDate++;
            return null;
        }
        written++;
        ImageScored anew = ImageScored.newBuilder(event)
                .setCalibratedScore(now.score())
                .setCalibrationDigest(now.digest())
                .build();
        byte[] key = record.key() == null ? event.getImageId().getBytes(StandardCharsets.UTF_8) : record.key();
        // The partition as it was, where there is one: a key's events stay in order whatever partitioned them.
        Integer partition = record.partition() < partitions ? (Integer) record.partition() : null;
        byte[] value = serde.serializer().serialize(target, anew);
        return new ProducerRecord<>(target, partition, record.timestamp(), key, value, record.headers());
    }

    private static Identity identity(Provenance p) {
        return new Identity(
                p.getModelDigest(),
                p.getAdapterDigest(),
                p.getProfileDigest(),
                p.getPreprocessingDigest(),
                p.getEpoch());
    }

    private @Nullable ImageScored event(Serde<GenericContainer> serde, ConsumerRecord<byte[], byte[]> record) {
        String place = record.topic() + "-" + record.partition() + "@" + record.offset();
        try {
            GenericContainer event = serde.deserializer().deserialize(record.topic(), record.value());
            if (event instanceof ImageScored scored) {
                return scored;
            }
            LOG.warn(
                    "{}: {} (expected: {})",
                    place,
                    event == null ? "no value" : event.getSchema().getFullName(),
                    Topics.SCORES.schema().getFullName());
        } catch (SerializationException e) {
            if (SchemaRegistryException.ofRegistry(e)) {
                throw e;
            }
            LOG.warn("{}: {}", place, e.getMessage());
        }
        return null;
    }
}
