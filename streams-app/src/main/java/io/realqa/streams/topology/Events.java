package io.realqa.streams.topology;

import io.realqa.events.AttributeAssessment;
import io.realqa.events.AttributeLevel;
import io.realqa.events.DigitDistribution;
import io.realqa.events.ImageAttributesAssessed;
import io.realqa.events.ImageScored;
import io.realqa.events.ImageUploaded;
import io.realqa.events.LabelFreeNcm;
import io.realqa.events.Provenance;
import io.realqa.events.RecordHeader;
import io.realqa.events.ScoredFrame;
import io.realqa.events.ScoredVideo;
import io.realqa.events.SourcePosition;
import io.realqa.events.StageTimings;
import io.realqa.events.UploadDeadLettered;
import io.realqa.events.ValueProbability;
import io.realqa.measures.Ncm;
import io.realqa.scorer.Score;
import io.realqa.streams.calibration.Calibrations;
import io.realqa.streams.scoring.BatchScorer;
import io.realqa.streams.scoring.Outcome;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;

/** Outcomes as events. An event's id follows from the upload's place on Kafka alone, so a repetition has the same id. */
final class Events {
    private static final String TRACE_HEADER = "traceparent";
    /** A trace context is 55 bytes long; a later version's may be somewhat longer. */
    private static final int MAX_TRACE_BYTES = 256;

    private static final int MAX_MESSAGE = 4096;
    private static final int MESSAGE_END = 400;

    private Events() {}

    /** What is worked out of a score before it becomes an event; null where there is nothing to say. */
    record Reading(Calibrations.@Nullable Result calibrated, Ncm.@Nullable Value ncm) {
        static final Reading NONE = new Reading(null, null);

        static Reading of(Calibrations calibrations, ImageUploaded upload, Outcome.Scored outcome) {
            Score s = outcome.score();
            Score.Greedy greedy = s.greedy();
            if (greedy == null && calibrations.none()) {
                return NONE;
            }
            return new Reading(
                    calibrations.calibrate(upload.getPlatform(), outcome.by(), s.expectation()),
                    greedy == null
                            ? null
                            : Ncm.corrected(greedy.number(), greedy.logProbabilities())
                                    .orElse(null));
        }
    }

    static ImageScored scored(
            PendingUpload at, ImageUploaded upload, Outcome.Scored outcome, Reading reading, Instant now) {
        Score s = outcome.score();
        Calibrations.Calibrated calibrated = reading.calibrated() instanceof Calibrations.Calibrated c ? c : null;
        List<DigitDistribution> digits = s.digits().stream()
                .map(d -> new DigitDistribution(d.place(), d.probabilities()))
                .toList();
        return ImageScored.newBuilder()
                .setEventId(id(at, "score"))
                .setImageId(upload.getImageId())
                .setPlatform(upload.getPlatform())
                .setContentSha256(outcome.sha256())
                .setScore(s.expectation())
                .setStandardDeviation(s.standardDeviation())
                .setIntervalLow(s.low())
                .setIntervalHigh(s.high())
                .setDigits(digits)
                .setOffGrammarMass(s.offGrammarMass())
                .setPrunedMass(s.prunedMass())
                .setProvenance(provenance(outcome.by()))
                .setSource(source(at))
                .setTimings(timings(outcome.timings()))
                .setTraceParent(trace(at.headers()))
                .setUploadedAt(upload.getUploadedAt())
                .setScoredAt(now)
                .setCalibratedScore(calibrated == null ? null : (Double) calibrated.score())
                .setCalibrationDigest(calibrated == null ? null : calibrated.digest())
                .setNcm(ncm(reading.ncm()))
                .setVideo(video(s.clip()))
                .build();
    }

    /** What a candidate says, as a score event with an id of its own. */
    static ImageScored shadow(
            PendingUpload at,
            ImageUploaded upload,
            Outcome.Scored outcome,
            Outcome.Shadow shadow,
            Calibrations calibrations,
            Instant now) {
        Outcome.Scored other = new Outcome.Scored(shadow.score(), shadow.by(), outcome.sha256(), outcome.timings());
        return ImageScored.newBuilder(scored(at, upload, other, Reading.of(calibrations, upload, other), now))
                .setEventId(id(at, "shadow"))
                .build();
    }

    private static @Nullable LabelFreeNcm ncm(Ncm.@Nullable Value v) {
        return v == null
                ? null
                : new LabelFreeNcm(v.label(), v.expectation(), v.squaredError(), v.squaredErrorWithoutLabel());
    }

    private static @Nullable ScoredVideo video(Score.@Nullable Clip clip) {
        if (clip == null) {
            return null;
        }
        List<ScoredFrame> frames = clip.frames().stream()
                .map(f -> new ScoredFrame(f.seconds(), f.expectation(), f.standardDeviation(), f.offGrammarMass()))
                .toList();
        return new ScoredVideo(clip.seconds(), frames);
    }

    static ImageAttributesAssessed assessed(
            PendingUpload at, ImageUploaded upload, Outcome.Scored outcome, Instant now) {
        List<AttributeAssessment> attributes = new ArrayList<>();
        for (Score.Attribute a : outcome.score().attributes()) {
            List<ValueProbability> probabilities = new ArrayList<>();
            a.probabilities().forEach((value, p) -> probabilities.add(new ValueProbability(value, p)));
            attributes.add(AttributeAssessment.newBuilder()
                    .setName(a.name())
                    .setLevel(AttributeLevel.valueOf(a.level().name()))
                    .setValue(a.value())
                    .setProbabilities(probabilities)
                    .setExpectation(
                            a.expectation().isPresent() ? a.expectation().getAsDouble() : null)
                    .setOffGrammarMass(a.offGrammarMass())
                    .setReason(a.reason())
                    .build());
        }
        return ImageAttributesAssessed.newBuilder()
                .setEventId(id(at, "attributes"))
                .setScoreEventId(id(at, "score"))
                .setImageId(upload.getImageId())
                .setPlatform(upload.getPlatform())
                .setContentSha256(outcome.sha256())
                .setAttributes(attributes)
                .setProvenance(provenance(outcome.by()))
                .setSource(source(at))
                .setTimings(timings(outcome.timings()))
                .setTraceParent(trace(at.headers()))
                .setUploadedAt(upload.getUploadedAt())
                .setScoredAt(now)
                .build();
    }

    /** @param upload null where the value could not be read */
    static UploadDeadLettered deadLettered(
            PendingUpload at, @Nullable ImageUploaded upload, Outcome.Rejected outcome, Instant now) {
        List<RecordHeader> headers = new ArrayList<>();
        for (Header h : at.headers()) {
            headers.add(new RecordHeader(h.key(), h.value() == null ? null : ByteBuffer.wrap(h.value())));
        }
        return UploadDeadLettered.newBuilder()
                .setEventId(id(at, "dead-letter"))
                .setImageId(imageId(at, upload))
                .setPlatform(upload == null ? null : shortened(upload.getPlatform(), UploadValidator.MAX_NAME))
                .setStage(outcome.stage().name())
                .setReason(outcome.reason().name())
                .setMessage(message(outcome.message()))
                .setAttempts(outcome.attempts())
                .setKey(at.key() == null ? null : ByteBuffer.wrap(at.key()))
                .setValue(at.value() == null ? null : ByteBuffer.wrap(at.value()))
                .setHeaders(headers)
                .setTimestamp(Instant.ofEpochMilli(Math.max(0, at.timestamp())))
                .setSource(source(at))
                .setTraceParent(trace(at.headers()))
                .setFailedAt(now)
                .build();
    }

    /** The upload's id, or its key where the value could not be read; null if there is none. */
    static @Nullable String imageId(PendingUpload at, @Nullable ImageUploaded upload) {
        String id = upload == null ? text(at.key()) : upload.getImageId();
        return id == null ? null : shortened(id, UploadValidator.MAX_NAME);
    }

    /** A name-based UUID of topic, partition, offset and kind. */
    private static String id(PendingUpload at, String kind) {
        String name = String.join("\0", at.topic(), "" + at.partition(), "" + at.offset(), kind);
        return UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.UTF_8)).toString();
    }

    private static Provenance provenance(BatchScorer.Identity by) {
        return new Provenance(by.checkpoint(), by.adapter(), by.profile(), by.preprocessing(), by.epoch());
    }

    private static SourcePosition source(PendingUpload at) {
        return new SourcePosition(at.topic(), at.partition(), at.offset());
    }

    private static StageTimings timings(Outcome.Timings t) {
        return new StageTimings(
                micros(t.queue()),
                micros(t.fetch()),
                micros(t.preprocess()),
                micros(t.device()),
                t.batchSize(),
                t.known());
    }

    private static long micros(long nanos) {
        return TimeUnit.NANOSECONDS.toMicros(nanos);
    }

    private static @Nullable String trace(Headers headers) {
        Header header = headers.lastHeader(TRACE_HEADER);
        return header == null || header.value() == null || header.value().length > MAX_TRACE_BYTES
                ? null
                : text(header.value());
    }

    /** A dead letter repeats what the upload says, and must still fit its topic. */
    private static String shortened(String text, int characters) {
        return text.length() <= characters ? text : text.substring(0, characters) + "…";
    }

    /** What went wrong, in one line; of a long one the middle is left out, since its end says what was expected. */
    private static String message(String text) {
        String line = text.replaceAll("\\p{Cntrl}", "\uFFFD");
        return line.length() <= MAX_MESSAGE
                ? line
                : line.substring(0, MAX_MESSAGE - MESSAGE_END) + " … " + line.substring(line.length() - MESSAGE_END);
    }

    /** UTF-8 text; where bytes are none, a replacement character stands for each. */
    private static @Nullable String text(byte @Nullable [] bytes) {
        return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
    }
}
