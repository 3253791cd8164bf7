package io.realqa.trainer.feedback;

import io.realqa.events.FeedbackRejected;
import io.realqa.events.ImageAttributesAssessed;
import io.realqa.events.ImageLabelled;
import io.realqa.events.ImageScored;
import io.realqa.events.LabelAccepted;
import io.realqa.events.SourcePosition;
import io.realqa.schemas.SchemaRegistryException;
import io.realqa.scorer.ScoringProfile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.apache.avro.generic.GenericContainer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serde;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One session of taking labels in: each record of the feedback topic becomes one record on the topic of accepted labels or
 * on that of rejects, in one transaction with the offset after it. So whenever the process dies, a label is either not yet
 * taken or taken once; and who starts under the same name fences one that still runs.
 *
 * <p>Accepted labels all go to partition 0, which gives them one order. What the checks know of earlier labels is read from
 * there when a session opens. After an exception the session is unusable: close it and open another.
 *
 * <p>Owned by one thread.
 */
public final class FeedbackIntake implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(FeedbackIntake.class);
    private static final Duration LONGEST_READ = Duration.ofMinutes(2);
    private static final Duration CLOSE = Duration.ofSeconds(5);
    /** Places that hang hold up a label each; what is decided by then is committed. */
    private static final Duration LONGEST_UNCOMMITTED = Duration.ofSeconds(10);
    /** Only a commit tells a session that another has its name; where there are no labels, one is made for that. */
    static final Duration BETWEEN_COMMITS = Duration.ofSeconds(10);

    /** Largest value of the topics that are written: they take a mebibyte, with key and headers. */
    private static final int MOST_BYTES = 900 << 10;

    private static final int MOST_KEY = 64 << 10;

    /** Partition of the accepted labels. */
    public static final int PARTITION = 0;

    /**
     * What an intake needs.
     *
     * @param kafka settings of the clients
     * @param serde of all values
     * @param name group and transactional id
     * @param answers of the service that are kept for labels to come
     */
    public record Setup(
            Map<String, String> kafka,
            Serde<GenericContainer> serde,
            FeedbackTopics topics,
            String name,
            ScoringProfile profile,
            FeedbackSettings settings,
            int answers,
            ImageVault vault,
            ContentSource content,
            Clock clock) {}

    private final Setup setup;
    private final IntakeListener listener;
    private final Consumer<Point> probe;
    private final KafkaProducer<byte[], byte[]> producer;
    private final KafkaConsumer<byte[], byte[]> feedback;
    private final TopicTail answersTail;
    private final KafkaUploads uploads;
    /** Polled and not yet decided on. */
    private final Deque<ConsumerRecord<byte[], byte[]>> waiting = new ArrayDeque<>();

    private final AnswerIndex answers;
    private final FeedbackJudge judge;
    private Instant lastCommit;

    /** Where a process may die; tests see to it that it does. */
    enum Point {
        DECIDED,
        SENT,
        OFFSETS,
        COMMITTED
    }

    /** A record that was decided on, and the value that says so. */
    private record Decided(
            ConsumerRecord<byte[], byte[]> record,
            byte[] value,
            @Nullable LabelAccepted accepted,
            @Nullable FeedbackRejected rejected) {}

    private FeedbackIntake(
            Setup setup,
            IntakeListener listener,
            Consumer<Point> probe,
            KafkaProducer<byte[], byte[]> producer,
            KafkaConsumer<byte[], byte[]> feedback,
            TopicTail answersTail,
            KafkaUploads uploads) {
        this.setup = setup;
        this.listener = listener;
        this.probe = probe;
        this.producer = producer;
        this.feedback = feedback;
        this.answersTail = answersTail;
        this.uploads = uploads;
        this.lastCommit = Instant.now(setup.clock());
        this.answers = new AnswerIndex(setup.answers());
        double scale = setup.profile()
                .score()
                .maximum()
                .subtract(setup.profile().score().minimum())
                .doubleValue();
        this.judge = new FeedbackJudge(
                setup.profile(),
                new LabelLedger(setup.settings(), scale),
                answers,
                new ImageFinder(
                        setup.vault(),
                        setup.content(),
                        uploads,
                        setup.settings().fetchAttempts(),
                        Thread::sleep),
                setup.vault(),
                setup.clock());
    }

    /**
     * Opens a session: fences its predecessor, reads the accepted labels, and goes on after the last of them.
     *
     * @throws RuntimeException of Kafka or the registry, if they do not answer
     */
    public static FeedbackIntake open(Setup setup, IntakeListener listener) {
        return open(setup, listener, point -> {});
    }

    static FeedbackIntake open(Setup setup, IntakeListener listener, Consumer<Point> probe) {
        List<AutoCloseable> opened = new ArrayList<>();
        try {
            KafkaProducer<byte[], byte[]> producer = keep(
                    opened,
                    new KafkaProducer<>(
                            Clients.transactional(setup.kafka(), setup.name()),
                            new ByteArraySerializer(),
                            new ByteArraySerializer()));
            producer.initTransactions();
            Map<String, Object> reader = Clients.consumer(setup.kafka());
            KafkaConsumer<byte[], byte[]> feedback = keep(
                    opened,
                    new KafkaConsumer<>(
                            Clients.consumer(setup.kafka(), setup.name()),
                            new ByteArrayDeserializer(),
                            new ByteArrayDeserializer()));
            feedback.assign(TopicTail.partitions(feedback, setup.topics().feedback()));
            TopicTail tail = keep(
                    opened,
                    new TopicTail(
                            reader,
                            setup.serde().deserializer(),
                            List.of(setup.topics().scores(), setup.topics().attributes()),
                            setup.answers()));
            KafkaUploads uploads =
                    keep(opened, new KafkaUploads(reader, setup.serde().deserializer()));
            FeedbackIntake intake = new FeedbackIntake(setup, listener, probe, producer, feedback, tail, uploads);
            intake.restore(reader);
            return intake;
        } catch (RuntimeException e) {
            opened.forEach(FeedbackIntake::closeQuietly);
            throw e;
        }
    }

    private static <T extends AutoCloseable> T keep(List<AutoCloseable> opened, T one) {
        opened.add(one);
        return one;
    }

    private static void closeQuietly(AutoCloseable one) {
        try {
            if (one instanceof KafkaProducer<?, ?> producer) {
                producer.close(CLOSE);
            } else {
                one.close();
            }
        } catch (Exception e) {
            // What led here is the exception that counts.
        }
    }

    private void restore(Map<String, Object> reader) {
        listener.reset();
        String topic = setup.topics().labels();
        try (TopicTail labels = new TopicTail(reader, setup.serde().deserializer(), List.of(topic), Long.MAX_VALUE)) {
            labels.catchUp(LONGEST_READ, (r, event) -> {
                if (r.partition() == PARTITION && event instanceof LabelAccepted accepted) {
                    restore(r.offset(), accepted);
                }
            });
        }
        answersTail.catchUp(LONGEST_READ, (r, event) -> answered(event));
    }

    private void restore(long offset, LabelAccepted accepted) {
        AcceptedLabel label;
        try {
            label = AcceptedLabel.of(offset, accepted, setup.profile());
        } catch (IllegalArgumentException e) {
            // It was taken under another profile.
            LOG.warn(
                    "{}-{}@{} does not count any more: {}", setup.topics().labels(), PARTITION, offset, e.getMessage());
            return;
        }
        judge.remember(accepted);
        listener.accepted(label, accepted, true);
    }

    private void answered(GenericContainer event) {
        if (event instanceof ImageScored score) {
            answers.put(score);
            listener.scored(score);
        } else if (event instanceof ImageAttributesAssessed attributes) {
            answers.put(attributes);
        }
    }

    /**
     * Takes in what is there, waiting a while for it.
     *
     * @return records that were decided on and committed
     * @throws IllegalStateException if nothing can be committed, such as when another session has the name
     */
    public int poll(Duration longest) throws IOException, InterruptedException {
        if (waiting.isEmpty()) {
            feedback.poll(longest).forEach(waiting::add);
        }
        // Whoever labels has seen the score: what is committed by now holds the answer to each label read before.
        answersTail.catchUp(LONGEST_READ, (r, event) -> answered(event));
        if (waiting.isEmpty()) {
            // Whichever way: a clock may be set back.
            Duration since =
                    Duration.between(lastCommit, Instant.now(setup.clock())).abs();
            if (since.compareTo(BETWEEN_COMMITS) >= 0) {
                Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
                feedback.assignment().forEach(p -> offsets.put(p, new OffsetAndMetadata(feedback.position(p))));
                commit(List.of(), offsets);
            }
            return 0;
        }
        List<Decided> decided = new ArrayList<>();
        long deadline = System.nanoTime() + LONGEST_UNCOMMITTED.toNanos();
        while (!waiting.isEmpty() && (decided.isEmpty() || System.nanoTime() < deadline)) {
            decided.add(decide(waiting.remove()));
        }
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        for (Decided d : decided) {
            offsets.put(
                    new TopicPartition(d.record().topic(), d.record().partition()),
                    new OffsetAndMetadata(d.record().offset() + 1));
        }
        commit(decided, offsets);
        return decided.size();
    }

    private Decided decide(ConsumerRecord<byte[], byte[]> r) throws IOException, InterruptedException {
        SourcePosition source = new SourcePosition(r.topic(), r.partition(), r.offset());
        ImageLabelled label = null;
        try {
            label = read(r);
            LabelAccepted accepted = judge.judge(label, source);
            byte[] value = setup.serde().serializer().serialize(setup.topics().labels(), accepted);
            if (value.length > MOST_BYTES) {
                throw new RejectedException(
                        RejectReason.TOO_LARGE,
                        "label and score: " + value.length + " bytes (expected: at most " + MOST_BYTES + ")");
            }
            return new Decided(r, value, accepted, null);
        } catch (RejectedException e) {
            return rejected(r, source, label, e);
        }
    }

    /** With all that the topic has room for: first the label is left out, which the value says as well, then the value. */
    private Decided rejected(
            ConsumerRecord<byte[], byte[]> r,
            SourcePosition source,
            @Nullable ImageLabelled label,
            RejectedException e) {
        FeedbackRejected rejected = FeedbackRejected.newBuilder()
                .setReason(e.reason().name())
                .setMessage(e.text())
                .setLabel(label)
                .setKey(r.key() == null ? null : ByteBuffer.wrap(r.key()))
                .setValue(r.value() == null ? null : ByteBuffer.wrap(r.value()))
                .setSource(source)
                .setRejectedAt(Instant.now(setup.clock()).truncatedTo(ChronoUnit.MILLIS))
                .build();
        byte[] value = serialized(rejected);
        if (value.length > MOST_BYTES) {
            rejected = FeedbackRejected.newBuilder(rejected).setLabel(null).build();
            value = serialized(rejected);
        }
        if (value.length > MOST_BYTES) {
            rejected = FeedbackRejected.newBuilder(rejected)
                    .setMessage(e.text() + "; key and value are left out: " + size(r.key()) + " and " + size(r.value())
                            + " bytes (expected: at most " + MOST_BYTES + " together)")
                    .setKey(null)
                    .setValue(null)
                    .build();
            value = serialized(rejected);
        }
        return new Decided(r, value, null, rejected);
    }

    private byte[] serialized(FeedbackRejected rejected) {
        return setup.serde().serializer().serialize(setup.topics().rejects(), rejected);
    }

    private static int size(byte @Nullable [] bytes) {
        return bytes == null ? 0 : bytes.length;
    }

    private ImageLabelled read(ConsumerRecord<byte[], byte[]> r) throws RejectedException {
        if (r.value() == null) {
            throw new RejectedException(RejectReason.UNREADABLE, "value: none (expected: a label)");
        }
        try {
            GenericContainer event = setup.serde().deserializer().deserialize(r.topic(), r.value());
            if (event instanceof ImageLabelled label) {
                return label;
            }
            throw new RejectedException(
                    RejectReason.UNREADABLE,
                    "value: " + (event == null ? null : event.getSchema().getFullName())
                            + " (expected: io.realqa.events.ImageLabelled)");
        } catch (SerializationException e) {
            if (SchemaRegistryException.ofRegistry(e)) {
                throw e;
            }
            throw new RejectedException(RejectReason.UNREADABLE, String.valueOf(e.getMessage()));
        }
    }

    private void commit(List<Decided> decided, Map<TopicPartition, OffsetAndMetadata> offsets) {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        probe.accept(Point.DECIDED);
        producer.beginTransaction();
        try {
            for (Decided d : decided) {
                sent.add(producer.send(record(d)));
            }
            probe.accept(Point.SENT);
            producer.sendOffsetsToTransaction(offsets, feedback.groupMetadata());
            probe.accept(Point.OFFSETS);
            producer.commitTransaction();
            probe.accept(Point.COMMITTED);
        } catch (RuntimeException e) {
            throw new IllegalStateException("labels were not committed: " + e.getMessage(), e);
        }
        lastCommit = Instant.now(setup.clock());
        for (int i = 0; i < decided.size(); i++) {
            Decided d = decided.get(i);
            if (d.accepted() != null) {
                listener.accepted(
                        AcceptedLabel.of(offset(sent.get(i)), d.accepted(), setup.profile()), d.accepted(), false);
            } else if (d.rejected() != null) {
                listener.rejected(
                        RejectReason.valueOf(d.rejected().getReason()),
                        d.rejected().getMessage());
            }
        }
    }

    private ProducerRecord<byte[], byte[]> record(Decided d) {
        FeedbackTopics topics = setup.topics();
        if (d.accepted() != null) {
            return new ProducerRecord<>(
                    topics.labels(),
                    PARTITION,
                    d.accepted().getLabel().getImageId().getBytes(StandardCharsets.UTF_8),
                    d.value());
        }
        byte[] key = d.record().key();
        return new ProducerRecord<>(topics.rejects(), size(key) > MOST_KEY ? null : key, d.value());
    }

    private static long offset(Future<RecordMetadata> committed) {
        try {
            return committed.get().offset();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted after a commit", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException("a committed record has no offset: " + e.getCause(), e);
        }
    }

    @Override
    public void close() {
        for (AutoCloseable one : List.of(producer, feedback, answersTail, uploads)) {
            closeQuietly(one);
        }
    }
}
