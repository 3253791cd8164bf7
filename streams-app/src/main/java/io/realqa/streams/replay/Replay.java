package io.realqa.streams.replay;

import io.realqa.events.UploadDeadLettered;
import io.realqa.schemas.EventClasses;
import io.realqa.schemas.SchemaRegistryException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.avro.generic.GenericContainer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends dead letters' uploads through the uploads topic again, each once: an upload and the mark that it was replayed are
 * written in one transaction, and what has a mark is left out. So a run may be killed at any point, and be repeated.
 *
 * <p>Memory: the marks' event ids (about 100 bytes each), and one transaction's uploads.
 */
public final class Replay {
    private static final Logger LOG = LoggerFactory.getLogger(Replay.class);

    private final ReplayOptions options;
    private final Clock clock;
    private final Batch batch;
    private final Runnable beforeCommit;

    /** Largest transaction. */
    record Batch(int uploads, long bytes) {
        static final Batch DEFAULTS = new Batch(200, 8 << 20);
    }

    /** What a run is at. */
    public enum Phase {
        MARKS,
        DEAD_LETTERS
    }

    /** Told often how far a run is, in offsets of the topic that it reads. */
    public interface Progress {
        void at(Phase phase, long done, long total, long replayed);
    }

    public Replay(ReplayOptions options) {
        this(options, Clock.systemUTC(), Batch.DEFAULTS, () -> {});
    }

    /** @param beforeCommit called when a transaction's records are on the brokers, before it is committed */
    Replay(ReplayOptions options, Clock clock, Batch batch, Runnable beforeCommit) {
        this.options = options;
        this.clock = clock;
        this.batch = batch;
        this.beforeCommit = beforeCommit;
    }

    /**
     * Replays what is on the dead-letter topic when it starts.
     *
     * @throws ReplayException if it stopped early; the message says what was replayed until then
     * @throws io.realqa.settings.SettingsException if the serde cannot be had
     */
    public ReplaySummary run(Progress progress) {
        ReplayTally tally = new ReplayTally();
        EventClasses.trust();
        try (Serde<GenericContainer> serde = options.service().newSerde()) {
            serde.configure(options.service().registry(), false);
            return run(serde.deserializer(), tally, progress);
        } catch (ReplayException | KafkaException e) {
            String before = tally.replayed() == 0
                    ? ""
                    : "; " + tally.replayed() + " uploads were replayed before; to replay the rest, run it again";
            throw new ReplayException(e.getMessage() + before, e);
        }
    }

    private ReplaySummary run(Deserializer<GenericContainer> deserializer, ReplayTally tally, Progress progress) {
        try (ReplayTopics topics = new ReplayTopics(ClientSettings.admin(kafka()))) {
            topics.required("dead-letters", options.deadLetters());
            int partitions = topics.required("uploads", options.uploads());
            if (options.dryRun()) {
                Set<String> marks = topics.partitions(options.marks()) == 0 ? Set.of() : marks(progress);
                return run(deserializer, null, marks, tally, progress);
            }
            if (topics.partitions(options.marks()) == 0) {
                topics.createCompacted(options.marks(), 1);
            }
            topics.requireCompacted("replays", options.marks());
            try (UploadWriter writer = new UploadWriter(options, partitions, clock, beforeCommit)) {
                writer.takeOver();
                return run(deserializer, writer, marks(progress), tally, progress);
            }
        }
    }

    private Map<String, String> kafka() {
        return options.service().kafka();
    }

    /** Event ids of what is not to be replayed any more. To be read after the writer has taken over, not before. */
    private Set<String> marks(Progress progress) {
        Set<String> marks = new HashSet<>();
        if (options.again()) {
            return marks;
        }
        TopicReader.read(
                ClientSettings.consumer(kafka()),
                options.marks(),
                record -> {
                    if (record.key() != null) {
                        String id = new String(record.key(), StandardCharsets.UTF_8);
                        // A mark without a value is one taken back.
                        boolean changed = record.value() == null ? marks.remove(id) : marks.add(id);
                        LOG.trace("mark {}: {}", id, changed);
                    }
                    return true;
                },
                (done, total) -> progress.at(Phase.MARKS, done, total, 0));
        return marks;
    }

    /** @param writer none on a dry run */
    private ReplaySummary run(
            Deserializer<GenericContainer> deserializer,
            @Nullable UploadWriter writer,
            Set<String> marks,
            ReplayTally tally,
            Progress progress) {
        ReplayPlan plan = new ReplayPlan(options.filter(), options.limit(), marks);
        List<UploadDeadLettered> open = new ArrayList<>();
        long[] bytes = new long[1];
        TopicReader.read(
                ClientSettings.consumer(kafka()),
                options.deadLetters(),
                record -> {
                    tally.read++;
                    UploadDeadLettered letter = letter(deserializer, record, tally);
                    if (letter == null || !taken(plan, letter, tally)) {
                        return true;
                    }
                    open.add(letter);
                    bytes[0] += record.serializedValueSize();
                    if (open.size() >= batch.uploads() || bytes[0] >= batch.bytes()) {
                        write(writer, open, tally);
                        bytes[0] = 0;
                    }
                    return !plan.full();
                },
                (done, total) -> progress.at(Phase.DEAD_LETTERS, done, total, tally.replayed()));
        write(writer, open, tally);
        return tally.summary(plan.full());
    }

    private static boolean taken(ReplayPlan plan, UploadDeadLettered letter, ReplayTally tally) {
        return switch (plan.judge(letter)) {
            case REPLAY -> true;
            case NOT_SELECTED -> false;
            case REPLAYED_BEFORE -> {
                tally.replayedBefore++;
                yield false;
            }
            case WITHOUT_VALUE -> {
                tally.withoutValue++;
                yield false;
            }
        };
    }

    private static void write(@Nullable UploadWriter writer, List<UploadDeadLettered> open, ReplayTally tally) {
        if (writer != null) {
            List<UploadDeadLettered> tooLarge = writer.write(open);
            tally.tooLarge += tooLarge.size();
            open.removeAll(tooLarge);
        }
        open.forEach(tally::replayed);
        open.clear();
    }

    /** Null where the record is no dead letter. */
    private static @Nullable UploadDeadLettered letter(
            Deserializer<GenericContainer> deserializer, ConsumerRecord<byte[], byte[]> record, ReplayTally tally) {
        String place = record.topic() + "-" + record.partition() + "@" + record.offset();
        try {
            GenericContainer event = deserializer.deserialize(record.topic(), record.value());
            if (event instanceof UploadDeadLettered letter) {
                return letter;
            }
            LOG.warn(
                    "{}: {} (expected: a dead letter)",
                    place,
                    event == null ? "no value" : event.getSchema().getFullName());
        } catch (SerializationException e) {
            if (SchemaRegistryException.ofRegistry(e)) {
                throw e;
            }
            LOG.warn("{}: {}", place, e.getMessage());
        }
        tally.unreadable++;
        return null;
    }
}
