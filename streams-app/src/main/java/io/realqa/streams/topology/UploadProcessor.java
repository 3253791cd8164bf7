package io.realqa.streams.topology;

import io.realqa.events.ImageUploaded;
import io.realqa.schemas.SchemaRegistryException;
import io.realqa.schemas.Topics;
import io.realqa.streams.scoring.ImageJob;
import io.realqa.streams.scoring.Outcome;
import io.realqa.streams.scoring.Outcome.Rejected;
import io.realqa.streams.scoring.Priority;
import io.realqa.streams.scoring.Reason;
import io.realqa.streams.scoring.Stage;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.streams.processor.Cancellable;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The micro-batcher's side of the topology. An upload goes into the pending store and to the engine; its outcome is
 * forwarded, and the pending entry deleted, by the next process() or punctuation. So offsets, pending entries and outputs
 * commit in one transaction, and what was pending when a task stopped is offered again by init() where it starts; its
 * outcomes wait for a record to be processed ({@link Fence}).
 *
 * <p>Owned by its stream thread.
 */
final class UploadProcessor implements Processor<byte[], byte[], byte[], byte[]> {
    private static final Logger LOG = LoggerFactory.getLogger(UploadProcessor.class);
    private static final Duration DRAIN_EVERY = Duration.ofMillis(5);
    private static final long SHORTEST_NAP_NANOS = 200_000;
    private static final long LONGEST_NAP_NANOS = DRAIN_EVERY.toNanos();
    /** Between two questions to a registry that is away. */
    private static final long REGISTRY_PAUSE_NANOS = Duration.ofSeconds(1).toNanos();

    private final Tasks tasks;
    private final UploadValidator validator;
    private TaskState state;
    private long waitedNanos;
    private boolean uncommitted;
    /** Whether a transaction that forwards outcomes now would be refused to an owner that is none any more. */
    private boolean fenced;
    /** Whether a record has to come for that. */
    private boolean fenceWanted;

    private long askRegistryAt;
    private @Nullable ProcessorContext<byte[], byte[]> context;
    private @Nullable OutcomeForwarder forwarder;
    private @Nullable KeyValueStore<Long, byte[]> store;
    private @Nullable Cancellable punctuator;

    UploadProcessor(Tasks tasks) {
        this.tasks = tasks;
        this.validator = new UploadValidator(tasks.settings().maxInlineBytes());
        this.state = new TaskState(tasks.metrics());
    }

    @Override
    public void init(ProcessorContext<byte[], byte[]> processorContext) {
        this.state = new TaskState(tasks.metrics());
        this.waitedNanos = 0;
        this.fenced = false;
        this.context = processorContext;
        this.forwarder = new OutcomeForwarder(processorContext, tasks);
        this.store = processorContext.getStateStore(ScoringTopology.PENDING_STORE);
        this.punctuator = processorContext.schedule(DRAIN_EVERY, PunctuationType.WALL_CLOCK_TIME, now -> {
            waitedNanos = 0;
            CommitPace pace = tasks.pace();
            pace.enter();
            drain(pace);
            pace.leave();
        });
        int restored = 0;
        try (KeyValueIterator<Long, byte[]> pending = store().all()) {
            // The store iterates over the serialised offsets, which are big-endian: oldest first.
            while (pending.hasNext()) {
                accept(PendingUpload.decode(pending.next().value));
                restored++;
            }
        }
        fenceWanted = restored > 0;
        tasks.metrics().restored(restored);
        if (restored > 0) {
            LOG.info("task {}: {} pending uploads are offered again", processorContext.taskId(), restored);
        }
    }

    @Override
    public void process(Record<byte[], byte[]> in) {
        CommitPace pace = tasks.pace();
        pace.enter();
        process(in, pace);
        pace.leave();
    }

    private void process(Record<byte[], byte[]> in, CommitPace pace) {
        RecordMetadata at = context()
                .recordMetadata()
                .orElseThrow(() -> new IllegalStateException("a record without topic, partition and offset"));
        fenced = true;
        if (at.topic().equals(tasks.settings().fenceTopic())) {
            drain(pace);
            return;
        }
        PendingUpload upload = new PendingUpload(
                at.topic(), at.partition(), at.offset(), in.timestamp(), in.key(), in.value(), in.headers());
        tasks.metrics().uploaded();
        if (upload.payloadBytes() > Topics.MAX_UPLOAD_BYTES) {
            // Possible, since the topic's limit is on compressed batches. Neither the store nor a dead letter can hold
            // it.
            forwarder().oversized(upload);
            return;
        }
        store().put(at.offset(), upload.encode());
        accept(upload);
        waitForRoom();
        drain(pace);
    }

    /** Takes on a pending upload. One that the task has no more time for stays in the store for the next task. */
    private void accept(PendingUpload at) {
        state.stored(at.payloadBytes());
        if (tasks.stopping()) {
            return;
        }
        if (!state.unread.isEmpty() || !read(at)) {
            // What came after one that cannot be read yet may be of the same key.
            state.unread.add(at.offset());
        }
    }

    /**
     * Reads an upload and starts work on it, or finds at once why there is none to do.
     *
     * @return false if it cannot be read now, since the registry does not answer or lets nobody in: that says nothing of
     *     the upload
     */
    private boolean read(PendingUpload at) {
        ImageUploaded upload;
        try {
            upload = tasks.serdes().upload(at.topic(), at.value());
        } catch (SerializationException e) {
            if (SchemaRegistryException.ofRegistry(e)) {
                LOG.warn("uploads wait for the schema registry: {}", e.getMessage());
                askRegistryAt = System.nanoTime() + REGISTRY_PAUSE_NANOS;
                return false;
            }
            String key = text(at.key());
            state.open(key, at.offset(), null);
            state.finish(key, at.offset(), unreadable(e));
            return true;
        }
        String key = upload.getImageId();
        byte[] content = bytes(upload.getContent());
        Rejected wrong = validator.check(upload);
        // The content is in the store and with the engine: once is enough here.
        state.open(key, at.offset(), withoutContent(upload));
        if (wrong != null) {
            state.finish(key, at.offset(), wrong);
        } else {
            state.offer(tasks.engine(), job(key, at.offset(), upload, content));
        }
        return true;
    }

    private void readAgain() {
        if (state.unread.isEmpty() || System.nanoTime() - askRegistryAt < 0) {
            return;
        }
        while (!state.unread.isEmpty()) {
            if (!read(pending(state.unread.element()))) {
                return;
            }
            state.unread.remove();
        }
    }

    private static ImageUploaded withoutContent(ImageUploaded u) {
        return new ImageUploaded(
                u.getImageId(),
                u.getPlatform(),
                u.getUploader(),
                null,
                u.getUri(),
                u.getMediaType(),
                u.getSha256(),
                u.getPriority(),
                u.getUploadedAt());
    }

    private static byte @Nullable [] bytes(@Nullable ByteBuffer content) {
        if (content == null) {
            return null;
        }
        byte[] bytes = new byte[content.remaining()];
        content.duplicate().get(bytes);
        return bytes;
    }

    private static Rejected unreadable(SerializationException e) {
        String problem = String.valueOf(e.getMessage());
        String message = problem.contains("(expected: ")
                ? problem
                : problem + " (expected: an upload event whose schema the registry knows)";
        return new Rejected(Stage.DESERIALIZE, Reason.NOT_AN_UPLOAD_EVENT, message, 1);
    }

    private static String text(byte @Nullable [] key) {
        return key == null ? "" : new String(key, StandardCharsets.UTF_8);
    }

    private ImageJob job(String key, long offset, ImageUploaded upload, byte @Nullable [] content) {
        TaskState mine = state;
        return new ImageJob(
                key,
                upload.getPlatform(),
                content,
                upload.getUri(),
                upload.getMediaType(),
                upload.getSha256(),
                Priority.valueOf(upload.getPriority().name()),
                outcome -> mine.finish(key, offset, outcome),
                mine::over);
    }

    /**
     * At the engine's or the pending store's limit, and while the instance stops: forwards results as they come, for a
     * bounded time. The transaction stays open meanwhile, so the bound is on all the calls between two punctuations,
     * after which Kafka Streams may commit.
     */
    private void waitForRoom() {
        state.offerAgain(tasks.engine());
        if (!mustWait()) {
            return;
        }
        long start = System.nanoTime();
        long left = tasks.settings().longestWait().toNanos() - waitedNanos;
        long nap = SHORTEST_NAP_NANOS;
        while (mustWait()
                && System.nanoTime() - start < left
                && !Thread.currentThread().isInterrupted()) {
            TaskState.Finished finished = state.poll();
            if (finished == null) {
                // A nap rather than a signal for each outcome: batches come back as a whole. The longer none comes, the
                // longer the nap: beside a slow device thousands of short ones a second would take the cores' time.
                LockSupport.parkNanos(nap);
                nap = Math.min(2 * nap, LONGEST_NAP_NANOS);
            } else {
                forward(finished);
                nap = SHORTEST_NAP_NANOS;
            }
            readAgain();
            state.offerAgain(tasks.engine());
        }
        waitedNanos += System.nanoTime() - start;
    }

    /** An engine whose device is lost gives no room any more, and the thread is wanted where its tasks are handed on. */
    private boolean mustWait() {
        if (tasks.engine().fault() != null) {
            return false;
        }
        return state.crowded() || (tasks.stopping() && state.busy());
    }

    private void drain(CommitPace pace) {
        if (fenced) {
            for (TaskState.Finished f = state.poll(); f != null; f = state.poll()) {
                forward(f);
            }
        } else if (fenceWanted) {
            fenceWanted = false;
            forwarder().fence();
            uncommitted = true;
        }
        readAgain();
        state.offerAgain(tasks.engine());
        commitSoon(pace);
    }

    /** Whoever waits for a score should not wait for the commit interval as well. */
    private void commitSoon(CommitPace pace) {
        if (uncommitted && pace.turn(tasks.deviceNanos())) {
            uncommitted = false;
            context().commit();
        }
    }

    private void forward(TaskState.Finished finished) {
        for (KeyOrder.Released<Outcome> released : state.release(finished)) {
            PendingUpload at = pending(released.id());
            ImageUploaded upload = state.close(released.id());
            if (released.result() instanceof Outcome.Scored scored && upload != null) {
                forwarder().score(at, upload, scored);
            } else if (released.result() instanceof Rejected rejected) {
                forwarder().deadLetter(at, upload, rejected);
            } else {
                throw new IllegalStateException("offset " + released.id() + " was scored but never read");
            }
            store().delete(released.id());
            state.deleted(at.payloadBytes());
            uncommitted = true;
        }
    }

    private PendingUpload pending(long offset) {
        byte[] entry = store().get(offset);
        if (entry == null) {
            throw new IllegalStateException("pending store: no entry for offset " + offset);
        }
        return PendingUpload.decode(entry);
    }

    private ProcessorContext<byte[], byte[]> context() {
        return Objects.requireNonNull(context, "init() comes first");
    }

    private OutcomeForwarder forwarder() {
        return Objects.requireNonNull(forwarder, "init() comes first");
    }

    private KeyValueStore<Long, byte[]> store() {
        return Objects.requireNonNull(store, "init() comes first");
    }

    @Override
    public void close() {
        state.end();
        if (punctuator != null) {
            punctuator.cancel();
            punctuator = null;
        }
    }
}
