package io.realqa.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.realqa.measures.Ncm;
import io.realqa.scorer.Adapter;
import io.realqa.scorer.ClipScorer;
import io.realqa.scorer.Score;
import io.realqa.scorer.Scorer;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Results as JSON objects with the fields of the ImageScored and ImageAttributesAssessed events, under their names. What
 * only an upload on Kafka has (platform and its calibration, source, uploadedAt) is absent, and video from an image's
 * line.
 */
final class ScoreJson {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final ObjectNode provenance;

    /** @param by what gives the scores */
    ScoreJson(Scorer by) {
        Adapter adapter = by.adapter();
        provenance = MAPPER.createObjectNode()
                .put("modelDigest", by.checkpoint().digest())
                .put("adapterDigest", adapter == null ? null : adapter.digest())
                .put("profileDigest", by.profile().digest())
                .put("preprocessingDigest", by.checkpoint().preprocessing().digest())
                .put("epoch", 0);
    }

    /** The line of one result. */
    String of(Scoring.Result result) {
        ObjectNode json = MAPPER.createObjectNode();
        json.put("imageId", result.path().toString());
        if (result instanceof Scoring.Refused refused) {
            json.putObject("error")
                    .put("stage", refused.stage())
                    .put("reason", refused.reason())
                    .put("message", refused.message());
        } else if (result instanceof Scoring.Done done) {
            fill(json, done);
        } else if (result instanceof Scoring.DoneClip clip) {
            fill(json, clip.done());
            video(json.putObject("video"), clip);
        }
        return json.toString();
    }

    private static void video(ObjectNode json, Scoring.DoneClip clip) {
        json.put("seconds", clip.seconds());
        ArrayNode frames = json.putArray("frames");
        for (ClipScorer.Moment moment : clip.timeline()) {
            ObjectNode frame = frames.addObject().put("time", moment.seconds());
            number(frame, "score", moment.score().expectation());
            number(frame, "standardDeviation", moment.score().standardDeviation());
            number(frame, "offGrammarMass", moment.score().offGrammarMass());
            ObjectNode attributes = frame.putObject("attributes");
            moment.score().attributes().forEach(a -> attributes.put(a.name(), a.value()));
        }
    }

    private void fill(ObjectNode json, Scoring.Done done) {
        Score s = done.score();
        json.put("contentSha256", done.sha256());
        number(json, "score", s.expectation());
        number(json, "standardDeviation", s.standardDeviation());
        number(json, "intervalLow", s.low());
        number(json, "intervalHigh", s.high());
        ArrayNode digits = json.putArray("digits");
        for (Score.Digit d : s.digits()) {
            ArrayNode p = digits.addObject().put("place", d.place()).putArray("probabilities");
            d.probabilities().forEach(p::add);
        }
        number(json, "offGrammarMass", s.offGrammarMass());
        number(json, "prunedMass", s.prunedMass());
        ncm(json, s.greedy());
        if (s.text() != null) {
            json.put("text", s.text());
        }
        ArrayNode attributes = json.putArray("attributes");
        s.attributes().forEach(a -> attribute(attributes.addObject(), a));
        json.set("provenance", provenance);
        json.putObject("timings")
                .put("queueMicros", micros(done.timings().queue()))
                .put("fetchMicros", micros(done.timings().fetch()))
                .put("preprocessMicros", micros(done.timings().preprocess()))
                .put("deviceMicros", micros(done.timings().device()))
                .put("batchSize", done.timings().batchSize())
                .put("known", done.timings().known())
                .put("deviceSteps", done.steps());
        json.put("scoredAt", done.at().toString());
    }

    /** The model's own most probable digits as the label; null where they are not known. */
    private static void ncm(ObjectNode json, Score.@Nullable Greedy greedy) {
        Ncm.Value value = greedy == null
                ? null
                : Ncm.corrected(greedy.number(), greedy.logProbabilities()).orElse(null);
        if (value == null) {
            json.putNull("ncm");
        } else {
            json.putObject("ncm")
                    .put("answer", value.label())
                    .put("expectation", value.expectation())
                    .put("ncm", value.squaredError())
                    .put("ncmStar", value.squaredErrorWithoutLabel());
        }
    }

    private static void attribute(ObjectNode json, Score.Attribute a) {
        json.put("name", a.name());
        json.put("level", a.level().name());
        json.put("value", a.value());
        ArrayNode probabilities = json.putArray("probabilities");
        a.probabilities()
                .forEach((value, p) ->
                        probabilities.addObject().put("value", value).put("probability", p));
        a.expectation().ifPresentOrElse(e -> json.put("expectation", e), () -> json.putNull("expectation"));
        number(json, "offGrammarMass", a.offGrammarMass());
        json.put("reason", a.reason());
    }

    /** JSON has no NaN: what is not known is null. */
    private static void number(ObjectNode json, String name, double value) {
        if (Double.isNaN(value)) {
            json.putNull(name);
        } else {
            json.put(name, value);
        }
    }

    private static long micros(long nanos) {
        return TimeUnit.NANOSECONDS.toMicros(nanos);
    }
}
