package io.realqa.streams.replay;

import io.realqa.events.RecordHeader;
import io.realqa.events.UploadDeadLettered;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/**
 * Writes uploads and the marks that they were replayed, both in one transaction. The transactional id is one for each
 * topic of marks, so of two replays the later one fences the earlier. Owned by the thread that replays.
 */
final class UploadWriter implements AutoCloseable {
    static final String REPLAY_OF = "realqa-replay-of";
    private static final String TRANSACTIONAL_ID = "realqa-replay-";
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(10);

    private final KafkaProducer<byte[], byte[]> producer;
    private final ReplayOptions options;
    private final int partitions;
    private final Clock clock;
    private final Runnable beforeCommit;

    /** @param partitions of the uploads topic */
    UploadWriter(ReplayOptions options, int partitions, Clock clock, Runnable beforeCommit) {
        this.producer = new KafkaProducer<>(
                ClientSettings.producer(options.service().kafka(), TRANSACTIONAL_ID + options.marks()),
                new ByteArraySerializer(),
                new ByteArraySerializer());
        this.options = options;
        this.partitions = partitions;
        this.clock = clock;
        this.beforeCommit = beforeCommit;
    }

    /**
     * Fences every earlier replay and ends its open transaction: afterwards the marks are complete, and only this writer
     * adds to them, until a later one takes over.
     */
    void takeOver() {
        try {
            producer.initTransactions();
        } catch (KafkaException e) {
            throw failure(e);
        }
    }

    /**
     * Writes all that the uploads topic takes.
     *
     * @return those that are too large for it
     * @throws ReplayException if another replay took over, or the cluster does not take it; nothing of it was committed
     *     then, or, if the answer to the commit was lost, all of it with its marks
     */
    List<UploadDeadLettered> write(List<UploadDeadLettered> letters) {
        List<UploadDeadLettered> left = new ArrayList<>(letters);
        List<UploadDeadLettered> tooLarge = new ArrayList<>();
        while (!left.isEmpty()) {
            List<UploadDeadLettered> refused = attempt(left);
            if (refused.isEmpty()) {
                break;
            }
            // A transaction in which one record failed can only be aborted: the others go once more.
            left.removeAll(refused);
            tooLarge.addAll(refused);
        }
        return tooLarge;
    }

    private List<UploadDeadLettered> attempt(List<UploadDeadLettered> letters) {
        List<UploadDeadLettered> tooLarge = new ArrayList<>();
        try {
            producer.beginTransaction();
            List<Future<RecordMetadata>> sends = new ArrayList<>();
            KafkaException failed = send(letters, sends);
            producer.flush();
            for (int i = 0; i < sends.size(); i++) {
                Throwable cause = failureOf(sends.get(i));
                if (cause instanceof RecordTooLargeException) {
                    tooLarge.add(letters.get(i));
                } else if (cause != null && failed == null) {
                    failed = new KafkaException(cause.getMessage(), cause);
                }
            }
            if (!tooLarge.isEmpty()) {
                producer.abortTransaction();
                return tooLarge;
            }
            if (failed != null) {
                throw failed;
            }
            beforeCommit.run();
            producer.commitTransaction();
            return List.of();
        } catch (KafkaException e) {
            throw failure(e);
        }
    }

    /** @return what ended it early: once a record has failed, the producer takes no more */
    private @Nullable KafkaException send(List<UploadDeadLettered> letters, List<Future<RecordMetadata>> sends) {
        try {
            for (UploadDeadLettered letter : letters) {
                sends.add(producer.send(upload(letter)));
                producer.send(mark(letter));
            }
            return null;
        } catch (KafkaException e) {
            return e;
        }
    }

    private static @Nullable Throwable failureOf(Future<RecordMetadata> send) {
        try {
            send.get();
            return null;
        } catch (ExecutionException e) {
            return e.getCause() == null ? e : e.getCause();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return e;
        }
    }

    /**
     * The upload as it was, but for its timestamp: topics keep records by timestamp, and an old one could be deleted
     * before it is scored.
     */
    private ProducerRecord<byte[], byte[]> upload(UploadDeadLettered letter) {
        var source = letter.getSource();
        // The partition as it was, where there is one: a key's uploads stay in order whatever partitioned them.
        Integer partition = source.getTopic().equals(options.uploads()) && source.getPartition() < partitions
                ? (Integer) source.getPartition()
                : null;
        var record = new ProducerRecord<byte[], byte[]>(
                options.uploads(), partition, null, bytes(letter.getKey()), bytes(letter.getValue()));
        for (RecordHeader header : letter.getHeaders()) {
            record.headers().add(header.getKey(), bytes(header.getValue()));
        }
        record.headers().add(REPLAY_OF, utf8(letter.getEventId()));
        return record;
    }

    /** Key: the dead letter's event id. Value: when it was replayed, for people. */
    private ProducerRecord<byte[], byte[]> mark(UploadDeadLettered letter) {
        return new ProducerRecord<>(
                options.marks(), utf8(letter.getEventId()), utf8(clock.instant().toString()));
    }

    private static ReplayException failure(KafkaException e) {
        return failure("replay", "the uploads", e);
    }

    /**
     * A failed transaction, in words.
     *
     * @param run what was running, of which a later one takes over from an earlier
     * @param what it was writing
     */
    static ReplayException failure(String run, String what, KafkaException e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof ProducerFencedException || cause instanceof InvalidProducerEpochException) {
                return new ReplayException("another " + run + " was started and has taken over", e);
            }
        }
        return new ReplayException("the cluster did not take " + what + ": " + e.getMessage(), e);
    }

    private static byte @Nullable [] bytes(@Nullable ByteBuffer buffer) {
        if (buffer == null) {
            return null;
        }
        byte[] copy = new byte[buffer.remaining()];
        buffer.duplicate().get(copy);
        return copy;
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Ends an open transaction, too, if the cluster answers in time. */
    @Override
    public void close() {
        producer.close(CLOSE_LIMIT);
    }
}
