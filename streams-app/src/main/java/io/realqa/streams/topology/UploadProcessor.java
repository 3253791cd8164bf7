package io.realqa.streams.topology;

import io.realqa.events.ImageUploaded;
import io.realqa.schemas.SchemaRegistryException;
import io.realqa.schemas.Topics;
import io.realqa.streams.scoring.ImageJob;
import io.realqa.streams.scoring.Outcome;
import io.realqa.streams.scoring.Outcome.Rejected;
import io.realqa.streams.scoring.Priority;
import io.realqa.streams.scoring.ScoringEngine;
import io.realqa.streams.scoring.Stage;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.streams.processor.Cancellable;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.jspecify.annotations.Nullable;

/**
 * The micro-batcher's side of the topology. An upload goes into the pending store and to the engine; its outcome is
 * forwarded, and the pending entry deleted, by the next process() or punctuation. So offsets, pending entries and outputs
 * commit in one transaction, and what was pending when a task stopped is offered again by init() where it starts.
 *
 * <p>Owned by its stream thread. The outbox alone is shared: the engine's threads add to it.
 */
final class UploadProcessor implements Processor<byte[], byte[], byte[], byte[]> {
    private static final Duration DRAIN_EVERY = Duration.ofMillis(5);
    private static final long WAIT_SLICE_MILLIS = 5;
    private static final int NO_SUCH_SCHEMA = 404;
    /** The store is in memory, and one slow upload may hold back many of its key. */
    private static final long MOST_PENDING_BYTES = 128L << 20;

    private static final long MAX_FORWARDED_HEADER_BYTES = 64 << 10;

    private final ScoringEngine engine;
    private final EventSerdes serdes;
    private final UploadValidator validator;
    private final Clock clock;
    private final Duration longestWait;

    private Life life = new Life();
    private long waitedNanos;
    private @Nullable ProcessorContext<byte[], byte[]> context;
    private @Nullable KeyValueStore<Long, byte[]> store;
    private @Nullable Cancellable punctuator;

    /**
     * What lasts from init() to close(). Kafka Streams may call init() again after close(), and what the engine still
     * holds of an earlier life must not reach the next one.
     */
    private static final class Life {
        final LinkedBlockingQueue<Finished> outbox = new LinkedBlockingQueue<>();
        /** Jobs that the engine had no room for. */
        final Deque<ImageJob> backlog = new ArrayDeque<>();

        final Map<Long, ImageUploaded> uploads = new HashMap<>();
        final KeyOrder<Outcome> order = new KeyOrder<>();
        /** In the pending store: what is in the engine or the backlog, or waits for an earlier upload of its key. */
        long pendingBytes;

        volatile boolean over;
    }

    /** An outcome on its way back to the stream thread. */
    private record Finished(String key, long offset, Outcome outcome) {}

    /** @param longestWait how long process() waits in all for room in the engine between two punctuations */
    UploadProcessor(
            ScoringEngine engine, EventSerdes serdes, UploadValidator validator, Clock clock, Duration longestWait) {
        this.engine = engine;
        this.serdes = serdes;
        this.validator = validator;
        this.clock = clock;
        this.longestWait = longestWait;
    }

    @Override
    public void init(ProcessorContext<byte[], byte[]> processorContext) {
        this.life = new Life();
        this.waitedNanos = 0;
        this.context = processorContext;
        this.store = processorContext.getStateStore(ScoringTopology.PENDING_STORE);
        this.punctuator = processorContext.schedule(DRAIN_EVERY, PunctuationType.WALL_CLOCK_TIME, now -> {
            waitedNanos = 0;
            drain();
        });
        try (KeyValueIterator<Long, byte[]> pending = store().all()) {
            // The store iterates over the serialised offsets, which are big-endian: oldest first.
            pending.forEachRemaining(e -> accept(PendingUpload.decode(e.value)));
        }
    }

    @Override
    public void process(Record<byte[], byte[]> in) {
        RecordMetadata at = context()
                .recordMetadata()
                .orElseThrow(() -> new IllegalStateException("an upload without topic, partition and offset"));
        PendingUpload upload = new PendingUpload(
                at.topic(), at.partition(), at.offset(), in.timestamp(), in.key(), in.value(), in.headers());
        if (upload.payloadBytes() > Topics.MAX_UPLOAD_BYTES) {
            // Possible, since the topic's limit is on compressed batches. Neither the store nor a dead letter can hold
            // it.
            forwardOversized(upload);
            return;
        }
        store().put(at.offset(), upload.encode());
        accept(upload);
        waitForRoom();
        drain();
    }

    /** Starts work on a pending upload, or finds at once why there is none to do. */
    private void accept(PendingUpload at) {
        life.pendingBytes += at.payloadBytes();
        ImageUploaded upload;
        try {
            upload = serdes.upload(at.topic(), at.value());
        } catch (SerializationException e) {
            if (e instanceof SchemaRegistryException registry && registry.status() != NO_SUCH_SCHEMA) {
                // The registry does not answer or lets nobody in: that says nothing of the upload, so the thread starts
                // again from the last commit.
                throw e;
            }
            finishAtOnce(text(at.key()), at.offset(), unreadable(e));
            return;
        }
        String key = upload.getImageId();
        // The content is in the store and with the engine: once is enough here.
        life.uploads.put(
                at.offset(), ImageUploaded.newBuilder(upload).setContent(null).build());
        Rejected wrong = validator.check(upload);
        if (wrong != null) {
            finishAtOnce(key, at.offset(), wrong);
            return;
        }
        life.order.expect(key, at.offset());
        ImageJob job = job(key, at.offset(), upload);
        if (!life.backlog.isEmpty() || !engine.offer(job)) {
            life.backlog.add(job);
        }
    }

    private void finishAtOnce(String key, long offset, Rejected wrong) {
        life.order.expect(key, offset);
        life.outbox.add(new Finished(key, offset, wrong));
    }

    private static Rejected unreadable(SerializationException e) {
        String message = e.getMessage() + " (expected: an upload event whose schema the registry knows)";
        return new Rejected(Stage.DESERIALIZE, "NOT_AN_UPLOAD_EVENT", message, 1);
    }

    private static String text(byte @Nullable [] key) {
        return key == null ? "" : new String(key, StandardCharsets.UTF_8);
    }

    private ImageJob job(String key, long offset, ImageUploaded upload) {
        ByteBuffer content = upload.getContent();
        byte[] bytes = null;
        if (content != null) {
            bytes = new byte[content.remaining()];
            content.duplicate().get(bytes);
        }
        Life mine = life;
        Priority priority = Priority.valueOf(upload.getPriority().name());
        return new ImageJob(
                bytes,
                upload.getUri(),
                upload.getSha256(),
                priority,
                outcome -> mine.outbox.add(new Finished(key, offset, outcome)),
                () -> mine.over);
    }

    private boolean crowded() {
        return !life.backlog.isEmpty() || life.pendingBytes > MOST_PENDING_BYTES;
    }

    /**
     * At the engine's or the pending store's limit: forwards results as they come, for a bounded time. The transaction stays open meanwhile, so
     * the bound is on all the calls between two punctuations, after which Kafka Streams may commit.
     */
    private void waitForRoom() {
        offerBacklog();
        long start = System.nanoTime();
        long left = longestWait.toNanos() - waitedNanos;
        while (crowded() && System.nanoTime() - start < left) {
            try {
                Finished finished = life.outbox.poll(WAIT_SLICE_MILLIS, TimeUnit.MILLISECONDS);
                if (finished != null) {
                    forward(finished);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
            offerBacklog();
        }
        waitedNanos += System.nanoTime() - start;
    }

    private void offerBacklog() {
        while (!life.backlog.isEmpty() && engine.offer(life.backlog.element())) {
            life.backlog.remove();
        }
    }

    private void drain() {
        for (Finished f = life.outbox.poll(); f != null; f = life.outbox.poll()) {
            forward(f);
        }
        offerBacklog();
    }

    private void forward(Finished finished) {
        for (KeyOrder.Released<Outcome> released : life.order.finish(finished.key, finished.offset, finished.outcome)) {
            byte[] entry = store().get(released.id());
            if (entry == null) {
                throw new IllegalStateException("pending store: no entry for offset " + released.id());
            }
            PendingUpload at = PendingUpload.decode(entry);
            ImageUploaded upload = life.uploads.remove(released.id());
            if (released.result() instanceof Outcome.Scored scored && upload != null) {
                emit(
                        ScoringTopology.SCORES,
                        at,
                        upload,
                        serdes.score(Events.scored(at, upload, scored, clock.instant())));
                emit(
                        ScoringTopology.ATTRIBUTES,
                        at,
                        upload,
                        serdes.attributes(Events.assessed(at, upload, scored, clock.instant())));
            } else if (released.result() instanceof Rejected rejected) {
                emit(
                        ScoringTopology.DEAD_LETTERS,
                        at,
                        upload,
                        serdes.deadLetter(Events.deadLettered(at, upload, rejected, clock.instant())));
            } else {
                throw new IllegalStateException("offset " + released.id() + " was scored but never read");
            }
            store().delete(released.id());
            life.pendingBytes -= at.payloadBytes();
        }
    }

    /** A dead letter that says where the record is and holds nothing of it. */
    private void forwardOversized(PendingUpload upload) {
        PendingUpload stub = new PendingUpload(
                upload.topic(), upload.partition(), upload.offset(), upload.timestamp(), null, null, noHeaders());
        Rejected tooLarge = new Rejected(
                Stage.VALIDATE,
                "RECORD_TOO_LARGE",
                "key, value and headers: " + upload.payloadBytes() + " bytes (expected: at most "
                        + Topics.MAX_UPLOAD_BYTES + "; send larger images by uri)",
                1);
        emit(
                ScoringTopology.DEAD_LETTERS,
                stub,
                null,
                serdes.deadLetter(Events.deadLettered(stub, null, tooLarge, clock.instant())));
    }

    /** Outside process() there is no current record: timestamp and headers are the upload's own. */
    private void emit(String sink, PendingUpload at, @Nullable ImageUploaded upload, byte[] event) {
        // Larger headers would not fit every topic; a dead letter has them in its value as well.
        Headers headers = at.headerBytes() > MAX_FORWARDED_HEADER_BYTES ? noHeaders() : at.headers();
        context().forward(new Record<>(outputKey(at, upload), event, Math.max(0, at.timestamp()), headers), sink);
    }

    private static byte @Nullable [] outputKey(PendingUpload at, @Nullable ImageUploaded upload) {
        byte[] key = at.key();
        if (upload == null && key != null && key.length <= UploadValidator.MAX_NAME) {
            return key;
        }
        String id = Events.imageId(at, upload);
        return id == null ? null : id.getBytes(StandardCharsets.UTF_8);
    }

    private static Headers noHeaders() {
        return new Record<>(0, 0, 0).headers();
    }

    private ProcessorContext<byte[], byte[]> context() {
        return java.util.Objects.requireNonNull(context, "init() comes first");
    }

    private KeyValueStore<Long, byte[]> store() {
        return java.util.Objects.requireNonNull(store, "init() comes first");
    }

    @Override
    public void close() {
        life.over = true;
        life.backlog.clear();
        if (punctuator != null) {
            punctuator.cancel();
            punctuator = null;
        }
    }
}
