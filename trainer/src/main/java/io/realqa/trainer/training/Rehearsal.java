package io.realqa.trainer.training;

import io.realqa.scorer.Checkpoint;
import io.realqa.scorer.Scorer;
import io.realqa.scorer.ScoringProfile;
import io.realqa.scorer.image.ImageDecoder;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.scorer.image.ImageRejectedException;
import io.realqa.scorer.image.RasterImage;
import io.realqa.scorer.image.VisualInput;
import io.realqa.trainer.Label;
import io.realqa.trainer.degradation.Degradation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Keeps a model from forgetting what damage is while it learns a new taste from few labels: some of the labelled images are
 * shown spoilt, and their label is lowered by as much as the base model's score falls.
 *
 * <p>Thread-safe. What is drawn follows from the random numbers alone.
 */
final class Rehearsal implements AutoCloseable {
    private static final double LEAST = 0.5;

    private final Checkpoint checkpoint;
    private final ScoringProfile profile;
    private final double share;
    private final Scorer base;
    private final ImageDecoder decoder = new ImageDecoder(ImageLimits.DEFAULTS);
    private final Map<String, Double> scores = new ConcurrentHashMap<>();

    /** An image as it is shown, and what is to be said of it. */
    record Shown(VisualInput image, Label label) {}

    /** @param share of the images that are shown spoilt, 0 to 1 */
    Rehearsal(Checkpoint checkpoint, ScoringProfile profile, double share) {
        this.checkpoint = checkpoint;
        this.profile = profile;
        this.share = share;
        this.base = new Scorer(checkpoint, null, profile);
    }

    /** The image spoilt, where chance or its label do not want it as it is. */
    Optional<Shown> draw(LabelledImage image, VisualInput untouched, SplittableRandom random) {
        boolean chosen = random.nextDouble() < share;
        Degradation kind = Degradation.UNDISPUTED.get(random.nextInt(Degradation.UNDISPUTED.size()));
        double strength = random.nextDouble(LEAST, Degradation.STRENGTHS);
        long seed = random.nextLong();
        OptionalDouble score = image.label().score();
        if (!chosen || score.isEmpty()) {
            return Optional.empty();
        }
        VisualInput spoilt = spoilt(image, kind, strength, seed);
        double before = scores.computeIfAbsent(image.sha256(), sha -> score(untouched));
        double lowered = score.getAsDouble() + score(spoilt) - before;
        double inRange = Math.max(
                profile.score().minimum().doubleValue(),
                Math.min(profile.score().maximum().doubleValue(), lowered));
        Label label = new Label(
                image.label().imageId(),
                OptionalDouble.of(inRange),
                image.label().deviation(),
                Map.of());
        return Optional.of(new Shown(spoilt, label));
    }

    private double score(VisualInput image) {
        return base.score(List.of(image)).scores().get(0).expectation();
    }

    private VisualInput spoilt(LabelledImage image, Degradation kind, double strength, long seed) {
        try {
            RasterImage raster = decoder.decode(Files.readAllBytes(image.file()));
            return checkpoint.preprocessing().apply(kind.apply(raster, strength, seed));
        } catch (ImageRejectedException e) {
            throw new IllegalArgumentException(image.file() + ": " + e.reason() + ": " + e.getMessage(), e);
        } catch (IOException e) {
            throw new UncheckedIOException(image.file() + ": " + e, e);
        }
    }

    @Override
    public void close() {
        base.close();
    }
}
