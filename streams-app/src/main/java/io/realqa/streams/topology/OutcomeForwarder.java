package io.realqa.streams.topology;

import io.realqa.events.ImageScored;
import io.realqa.events.ImageUploaded;
import io.realqa.schemas.Topics;
import io.realqa.streams.scoring.Outcome;
import io.realqa.streams.scoring.Outcome.Rejected;
import io.realqa.streams.scoring.Outcome.Scored;
import io.realqa.streams.scoring.Reason;
import io.realqa.streams.scoring.Stage;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.jspecify.annotations.Nullable;

/** Makes events of outcomes and forwards them to their topics. Owned by the stream thread. */
final class OutcomeForwarder {
    private static final long MAX_FORWARDED_HEADER_BYTES = 64 << 10;

    private final ProcessorContext<byte[], byte[]> context;
    private final Tasks tasks;

    OutcomeForwarder(ProcessorContext<byte[], byte[]> context, Tasks tasks) {
        this.context = context;
        this.tasks = tasks;
    }

    void score(PendingUpload at, ImageUploaded upload, Scored scored) {
        Instant now = tasks.now();
        Events.Reading reading = Events.Reading.of(tasks.calibrations(), upload, scored);
        emit(ScoringTopology.SCORES, at, upload, tasks.serdes().score(Events.scored(at, upload, scored, reading, now)));
        emit(
                ScoringTopology.ATTRIBUTES,
                at,
                upload,
                tasks.serdes().attributes(Events.assessed(at, upload, scored, now)));
        Outcome.Shadow shadow = scored.shadow();
        if (shadow != null && tasks.serdes().publishesShadows()) {
            ImageScored event = Events.shadow(at, upload, scored, shadow, tasks.calibrations(), now);
            emit(ScoringTopology.SHADOW_SCORES, at, upload, tasks.serdes().shadowScore(event));
        }
        tasks.scoredIn(scored.timings().device());
        tasks.metrics().scored();
        tasks.metrics().read(reading);
        tasks.metrics().endToEnd(upload.getUploadedAt(), now);
    }

    /** @param upload none where it could not be read */
    void deadLetter(PendingUpload at, @Nullable ImageUploaded upload, Rejected rejected) {
        Instant now = tasks.now();
        emit(
                ScoringTopology.DEAD_LETTERS,
                at,
                upload,
                tasks.serdes().deadLetter(Events.deadLettered(at, upload, rejected, now)));
        tasks.metrics().deadLettered(rejected);
        if (upload != null) {
            tasks.metrics().endToEnd(upload.getUploadedAt(), now);
        }
    }

    /** A dead letter that says where the record is and holds nothing of it: no topic takes it. */
    void oversized(PendingUpload upload) {
        PendingUpload stub = new PendingUpload(
                upload.topic(), upload.partition(), upload.offset(), upload.timestamp(), null, null, noHeaders());
        Rejected tooLarge = new Rejected(
                Stage.VALIDATE,
                Reason.RECORD_TOO_LARGE,
                "key, value and headers: " + upload.payloadBytes() + " bytes (expected: at most "
                        + Topics.MAX_UPLOAD_BYTES + "; send larger images by uri)",
                1);
        deadLetter(stub, null, tooLarge);
    }

    /** Asks for a record to be processed, whatever comes of uploads. */
    void fence() {
        context.forward(Fence.of(context.taskId().partition(), tasks.now().toEpochMilli()), ScoringTopology.FENCE);
    }

    /** Outside process() there is no current record: timestamp and headers are the upload's own. */
    private void emit(String sink, PendingUpload at, @Nullable ImageUploaded upload, byte[] event) {
        // Larger headers would not fit every topic; a dead letter has them in its value as well.
        Headers headers = at.headerBytes() > MAX_FORWARDED_HEADER_BYTES ? noHeaders() : at.headers();
        context.forward(new Record<>(outputKey(at, upload), event, Math.max(0, at.timestamp()), headers), sink);
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
}
