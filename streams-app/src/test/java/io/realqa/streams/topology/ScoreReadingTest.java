package io.realqa.streams.topology;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.realqa.events.ImageScored;
import io.realqa.events.ImageUploaded;
import io.realqa.events.ScoredFrame;
import io.realqa.measures.calibration.Calibration;
import io.realqa.measures.calibration.PiecewiseLinear;
import io.realqa.schemas.EventClasses;
import io.realqa.scorer.Score;
import io.realqa.streams.calibration.Calibrations;
import io.realqa.streams.scoring.BatchScorer;
import io.realqa.streams.scoring.Outcome;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.streams.processor.api.Record;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What a score event says beside the score itself. */
class ScoreReadingTest {
    static {
        EventClasses.trust();
    }

    private static final BatchScorer.Identity BY =
            new BatchScorer.Identity("sha256:c", null, "sha256:p", "sha256:x", 0);

    private static ImageScored event(Calibrations calibrations, String platform, Score score) {
        ImageUploaded upload = ImageUploaded.newBuilder()
                .setImageId("a")
                .setPlatform(platform)
                .setUploadedAt(Instant.EPOCH)
                .build();
        Outcome.Scored outcome = new Outcome.Scored(score, BY, "00", new Outcome.Timings(0, 0, 0, 0, 1));
        PendingUpload at = new PendingUpload("uploads", 0, 0, 0, null, null, new Record<>(0, 0, 0).headers());
        return Events.scored(at, upload, outcome, Events.Reading.of(calibrations, upload, outcome), Instant.EPOCH);
    }

    private static Score score(Score.@Nullable Greedy greedy, Score.@Nullable Clip clip) {
        return new Score(6, 1, 5, 7, List.of(), 0.1, 0, List.of(), null, greedy, clip);
    }

    @Test
    void theCalibratedScoreStandsBesideTheRawOneWithItsVersion() {
        Calibration own = new Calibration(
                "photos", Map.of(), 9, new PiecewiseLinear(List.of(0.0), List.of(1.0), 0.5, 0.5, 0, 10));
        Calibrations calibrations = Calibrations.of(List.of(own));
        ImageScored event = event(calibrations, "photos", score(null, null));
        assertThat(event.getScore()).isEqualTo(6);
        assertThat(event.getCalibratedScore()).isEqualTo(4);
        assertThat(event.getCalibrationDigest()).isEqualTo(own.digest());
        ImageScored other = event(calibrations, "videos", score(null, null));
        assertThat(other.getCalibratedScore()).isNull();
        assertThat(other.getCalibrationDigest()).isNull();
    }

    /** By hand: digits 6 (.8) or 5 (.2), then 5 (.5) or 9 (.5): expectation 5.8 + 0.7 = 6.5. */
    @Test
    void ncmTakesTheMostProbableDigitsForTheLabel() {
        double[][] log = new double[2][10];
        for (double[] row : log) {
            java.util.Arrays.fill(row, Double.NEGATIVE_INFINITY);
        }
        // Some of the probability lies outside the digits: the softmax goes over the ten alone.
        log[0][6] = Math.log(0.4);
        log[0][5] = Math.log(0.1);
        log[1][5] = Math.log(0.25);
        log[1][9] = Math.log(0.25);
        ImageScored event = event(Calibrations.NONE, "photos", score(new Score.Greedy("6.5", log), null));
        var ncm = Objects.requireNonNull(event.getNcm());
        assertThat(ncm.getAnswer()).isEqualTo(6.5);
        assertThat(ncm.getExpectation()).isCloseTo(6.5, within(1e-12));
        assertThat(ncm.getNcm()).isCloseTo(0, within(1e-12));
        // Without the answer's own digits: 0.2 · 5 + 0.1 · 0.5 · 9 = 1.45
        assertThat(ncm.getNcmStar()).isCloseTo((1.45 - 6.5) * (1.45 - 6.5), within(1e-9));
        assertThat(event(Calibrations.NONE, "photos", score(null, null)).getNcm())
                .isNull();
    }

    @Test
    void aClipHasItsFrames() {
        Score.Clip clip =
                new Score.Clip(20, List.of(new Score.Frame(2.5, 6, 1, 0.1), new Score.Frame(7.5, 7, 0.5, 0.2)));
        var video = Objects.requireNonNull(
                event(Calibrations.NONE, "photos", score(null, clip)).getVideo());
        assertThat(video.getSeconds()).isEqualTo(20);
        assertThat(video.getFrames())
                .containsExactly(new ScoredFrame(2.5, 6.0, 1.0, 0.1), new ScoredFrame(7.5, 7.0, 0.5, 0.2));
        assertThat(event(Calibrations.NONE, "photos", score(null, null)).getVideo())
                .isNull();
    }
}
