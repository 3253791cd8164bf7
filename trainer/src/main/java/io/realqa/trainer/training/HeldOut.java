package io.realqa.trainer.training;

import io.realqa.scorer.Digests;
import io.realqa.scorer.Score;
import io.realqa.scorer.Scorer;
import io.realqa.scorer.image.VisualInput;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.IntConsumer;

/** Scores labelled images, and parts them into those that train and those that judge. */
public final class HeldOut {
    private static final int BATCH = 4;

    private HeldOut() {}

    /** A labelled set in two parts that share no content. */
    public record Split(List<LabelledImage> training, List<LabelledImage> heldOut) {}

    /**
     * Parts a set by the images' content: the same bytes are always on the same side, in this set and the next.
     *
     * @param share of the images to hold out, 0 to 1, on average
     */
    public static Split split(List<LabelledImage> all, double share) {
        if (!(share >= 0 && share < 1)) {
            throw new IllegalArgumentException("heldOut: " + share + " (expected: 0 or more and less than 1)");
        }
        List<LabelledImage> training = new ArrayList<>();
        List<LabelledImage> heldOut = new ArrayList<>();
        for (LabelledImage image : all) {
            // the digest is as good as a random number: its first 48 bits, as a fraction
            double at = Long.parseLong(image.sha256().substring(0, 12), 16) / (double) (1L << 48);
            (at < share ? heldOut : training).add(image);
        }
        if (training.isEmpty()) {
            throw new IllegalArgumentException("labels: " + all.size() + ", all of them held out by chance (expected: "
                    + "enough for training; a smaller share to hold out, or more labels)");
        }
        return new Split(List.copyOf(training), List.copyOf(heldOut));
    }

    /** Digest of a set's images, labels and parts, {@code sha256:…}; an adapter's manifest names the same. */
    public static String digest(Split split) {
        return Digests.of(TrainingSet.lines(split));
    }

    /**
     * Scores images in order, several batches side by side where the device allows it.
     *
     * @param done is told how many are scored so far
     */
    static List<Prediction> predict(Scorer scorer, List<LabelledImage> images, ImageSource source, IntConsumer done)
            throws InterruptedException {
        List<Callable<VisualInput>> inputs = new ArrayList<>();
        images.forEach(i -> inputs.add(() -> source.get(i)));
        List<Score> scores = ImageScores.of(scorer, inputs, BATCH, done);
        List<Prediction> predictions = new ArrayList<>();
        for (int i = 0; i < scores.size(); i++) {
            Score s = scores.get(i);
            Map<String, String> attributes = new LinkedHashMap<>();
            s.attributes().forEach(a -> attributes.put(a.name(), a.value()));
            predictions.add(new Prediction(
                    images.get(i), s.expectation(), s.standardDeviation(), s.low(), s.high(), Map.copyOf(attributes)));
        }
        return predictions;
    }
}
