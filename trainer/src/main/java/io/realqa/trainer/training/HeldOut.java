package io.realqa.trainer.training;

import io.realqa.scorer.EngineSettings;
import io.realqa.scorer.Score;
import io.realqa.scorer.Scorer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.IntConsumer;

/** Scores labelled images, and parts them into those that train and those that judge. */
public final class HeldOut {
    private static final int BATCH = 4;
    private static final long LONGEST_BATCH_SECONDS = 600;

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
        return TrainingRun.sha256(TrainingSet.lines(split));
    }

    /**
     * Scores images in order, several batches side by side where the device allows it.
     *
     * @param done is told how many are scored so far
     */
    static List<Prediction> predict(Scorer scorer, List<LabelledImage> images, ImageSource source, IntConsumer done)
            throws InterruptedException {
        ExecutorService workers = Executors.newFixedThreadPool(
                scorer.checkpoint().compute().workers(), r -> EngineSettings.steadyThread(r, "realqa-evaluate"));
        try {
            List<Future<List<Prediction>>> batches = new ArrayList<>();
            for (int from = 0; from < images.size(); from += BATCH) {
                List<LabelledImage> batch = images.subList(from, Math.min(images.size(), from + BATCH));
                batches.add(workers.submit(() -> predict(scorer, batch, source)));
            }
            List<Prediction> all = new ArrayList<>();
            for (Future<List<Prediction>> batch : batches) {
                all.addAll(batch.get(LONGEST_BATCH_SECONDS, TimeUnit.SECONDS));
                done.accept(all.size());
            }
            return all;
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
        } catch (TimeoutException e) {
            throw new IllegalStateException("a batch did not end within " + LONGEST_BATCH_SECONDS + " s", e);
        } finally {
            workers.shutdownNow();
        }
    }

    private static List<Prediction> predict(Scorer scorer, List<LabelledImage> images, ImageSource source) {
        List<Score> scores =
                scorer.score(images.stream().map(source::get).toList()).scores();
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
