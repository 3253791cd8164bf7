package io.realqa.verify;

import io.realqa.scorer.Score;
import io.realqa.scorer.ScoringProfile;
import io.realqa.scorer.image.ImageDecoder;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.scorer.image.ImageRejectedException;
import io.realqa.streams.scoring.BatchScorer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * A model without a device: the score follows from the content's digest and the version of the adapter, and each
 * answer names its version, so whoever reads an event can tell whether it belongs to its upload and to one version. It
 * fails when told to, and on poison. Thread-safe.
 */
final class SyntheticScorer implements BatchScorer {
    /** The attribute whose value is the version that answered. */
    static final String VERSION_ATTRIBUTE = "version";

    private static final int VISUAL_TOKENS = 64;

    private final String version;
    private final DeviceFaults faults;
    private final Sabotage sabotage;

    SyntheticScorer(String version, DeviceFaults faults, Sabotage sabotage) {
        this.version = version;
        this.faults = faults;
        this.sabotage = sabotage;
    }

    private record Image(String sha256, boolean poison) implements Prepared {
        @Override
        public int visualTokens() {
            return VISUAL_TOKENS;
        }
    }

    @Override
    public Prepared prepare(byte[] content) throws ImageRejectedException {
        if (!SyntheticImage.readable(content)) {
            // The real decoder says what is wrong with it.
            new ImageDecoder(ImageLimits.DEFAULTS).decode(content);
            throw new IllegalStateException("a real image (expected: a synthetic one, or none)");
        }
        return new Image(SyntheticImage.sha256(content), SyntheticImage.poison(content));
    }

    @Override
    public List<Score> score(List<Prepared> images) {
        List<Image> batch = images.stream().map(Image.class::cast).toList();
        boolean nan = faults.onCall(batch.stream().map(Image::sha256).toList());
        if (batch.stream().anyMatch(Image::poison)) {
            throw new IllegalStateException("a poison image in a batch of " + batch.size());
        }
        List<Score> scores = new ArrayList<>();
        for (Image image : batch) {
            scores.add(score(nan, image.sha256()));
        }
        return scores;
    }

    private Score score(boolean nan, String sha256) {
        double value = SyntheticImage.score(sabotage == Sabotage.FOREIGN ? sha256.substring(1) : sha256, version);
        double answer = nan ? Double.NaN : value;
        String answered = sabotage == Sabotage.VERSION ? version + "-other" : version;
        Score.Attribute by = new Score.Attribute(
                VERSION_ATTRIBUTE,
                ScoringProfile.Level.LOW,
                answered,
                Map.of(answered, 1.0),
                OptionalDouble.empty(),
                0);
        return new Score(answer, 0, answer, answer, List.of(), 0, 0, List.of(by), null);
    }

    /** The device's commanded faults are of single calls: it works. */
    @Override
    public void probe() {
        faults.onProbe();
    }

    @Override
    public Identity identity() {
        return new Identity("sha256:synthetic", version, "sha256:profile", "sha256:preprocessing", 0);
    }
}
