package io.realqa.trainer.feedback;

import io.realqa.events.DigitDistribution;
import io.realqa.events.ImageLabelled;
import io.realqa.events.ImageScored;
import io.realqa.events.Provenance;
import io.realqa.events.SourcePosition;
import io.realqa.events.StageTimings;
import io.realqa.scorer.ScoringProfile;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Events to test with. */
public final class Labels {
    public static final Path HOME = Path.of(System.getProperty("realqa.home", ".."));
    public static final ScoringProfile PROFILE =
            ScoringProfile.in(HOME.resolve("models/demo")).orElseThrow();
    public static final String DIGEST = "sha256:" + "0".repeat(64);

    private Labels() {}

    /** A label with score 5 on platform p. */
    public static ImageLabelled.Builder label(String imageId, String labeller) {
        return ImageLabelled.newBuilder()
                .setImageId(imageId)
                .setPlatform("p")
                .setScore(5.0)
                .setLabeller(labeller)
                .setLabelledAt(Instant.ofEpochMilli(1));
    }

    /** A score event for image i on platform p; its upload is at an offset of image.uploads-0. */
    public static ImageScored score(
            String imageId, double score, @Nullable String adapter, String sha256, long upload) {
        return ImageScored.newBuilder()
                .setEventId("score-" + imageId + "-" + upload)
                .setImageId(imageId)
                .setPlatform("p")
                .setContentSha256(sha256)
                .setScore(score)
                .setStandardDeviation(0.5)
                .setIntervalLow(score - 1)
                .setIntervalHigh(score + 1)
                .setDigits(digits(score))
                .setOffGrammarMass(0.01)
                .setPrunedMass(0)
                .setProvenance(Provenance.newBuilder()
                        .setModelDigest(DIGEST)
                        .setAdapterDigest(adapter)
                        .setProfileDigest(PROFILE.digest())
                        .setPreprocessingDigest(DIGEST)
                        .build())
                .setSource(new SourcePosition("image.uploads", 0, upload))
                .setTimings(StageTimings.newBuilder()
                        .setQueueMicros(0)
                        .setPreprocessMicros(0)
                        .setDeviceMicros(0)
                        .build())
                .setUploadedAt(Instant.ofEpochMilli(1))
                .setScoredAt(Instant.ofEpochMilli(2))
                .build();
    }

    /** Three places, all certain. */
    public static List<DigitDistribution> digits(double score) {
        int number = (int) Math.round(100 * score);
        List<DigitDistribution> all = new ArrayList<>();
        for (int place = 0; place >= -2; place--) {
            List<Double> probabilities = new ArrayList<>(Collections.nCopies(10, 0.0));
            probabilities.set(number / (int) Math.pow(10, 2 + place) % 10, 1.0);
            all.add(new DigitDistribution(place, probabilities));
        }
        return all;
    }
}
