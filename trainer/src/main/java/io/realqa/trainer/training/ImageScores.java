package io.realqa.trainer.training;

import io.realqa.scorer.EngineSettings;
import io.realqa.scorer.Score;
import io.realqa.scorer.Scorer;
import io.realqa.scorer.image.VisualInput;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.IntConsumer;

/** Scores images in order, several batches side by side where the device allows it; few are prepared at a time. */
public final class ImageScores {
    private static final long LONGEST_BATCH_SECONDS = 600;

    private ImageScores() {}

    /**
     * Scores them.
     *
     * @param images each prepares its image when it is called
     * @param batchSize images of one device call
     * @param done is told how many are scored so far
     */
    public static List<Score> of(
            Scorer scorer, List<? extends Callable<VisualInput>> images, int batchSize, IntConsumer done)
            throws InterruptedException {
        ExecutorService workers = Executors.newFixedThreadPool(
                scorer.checkpoint().compute().workers(), r -> EngineSettings.steadyThread(r, "realqa-judge"));
        try {
            List<Future<List<Score>>> batches = new ArrayList<>();
            for (int from = 0; from < images.size(); from += batchSize) {
                List<? extends Callable<VisualInput>> batch =
                        images.subList(from, Math.min(images.size(), from + batchSize));
                batches.add(workers.submit(() -> {
                    List<VisualInput> inputs = new ArrayList<>();
                    for (Callable<VisualInput> image : batch) {
                        inputs.add(image.call());
                    }
                    return scorer.score(inputs).scores();
                }));
            }
            List<Score> all = new ArrayList<>();
            for (Future<List<Score>> batch : batches) {
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
}
