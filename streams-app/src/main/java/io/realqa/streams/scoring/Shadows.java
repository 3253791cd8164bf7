package io.realqa.streams.scoring;

import io.realqa.scorer.Score;
import io.realqa.streams.scoring.MicroBatcher.Ready;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets a candidate score what was scored, for comparison alone. Stands between a worker and its results: images in a
 * candidate's share are held back until their batch is through, then the candidate scores them in a call of its own, and
 * they go on with both scores. Whatever the candidate does, they go on with the one that counts. Owned by the worker's
 * thread.
 */
final class Shadows implements DeviceWorker.Results {
    private static final Logger LOG = LoggerFactory.getLogger(Shadows.class);

    private final ModelRouter models;
    private final DeviceWorker.Results results;
    private final EngineConfig config;
    private final EngineMetrics metrics;
    private final Map<BatchScorer, List<Held>> held = new LinkedHashMap<>();

    /** An image with the score that counts. */
    private record Held(
            Ready image, Score score, BatchScorer.Identity by, long startNanos, long deviceNanos, int batchSize) {}

    Shadows(ModelRouter models, DeviceWorker.Results results, EngineConfig config, EngineMetrics metrics) {
        this.models = models;
        this.results = results;
        this.config = config;
        this.metrics = metrics;
    }

    @Override
    public void scored(Ready image, Score score, BatchScorer.Identity by, long start, long device, int batchSize) {
        BatchScorer candidate =
                models.shadow(image.job().platform(), image.job().imageId());
        if (candidate == null) {
            results.scored(image, score, by, start, device, batchSize);
        } else {
            held.computeIfAbsent(candidate, c -> new ArrayList<>())
                    .add(new Held(image, score, by, start, device, batchSize));
        }
    }

    /**
     * The batch is through: the candidates' turn.
     *
     * @param device runs a device call, so that one that hangs is noticed
     */
    void flush(Consumer<Runnable> device) {
        if (held.isEmpty()) {
            return;
        }
        Map<BatchScorer, List<Held>> due = new LinkedHashMap<>(held);
        held.clear();
        due.forEach((candidate, images) -> flush(candidate, images, device));
    }

    private void flush(BatchScorer candidate, List<Held> images, Consumer<Runnable> device) {
        List<Score> scores = new ArrayList<>();
        if (candidate.enter()) {
            try {
                device.accept(() -> scores.addAll(candidate.score(
                        images.stream().map(h -> h.image().input()).toList())));
            } catch (Throwable e) {
                LOG.warn(
                        "a candidate failed on {} images, which are scored without it: {}",
                        images.size(),
                        e.toString());
            } finally {
                candidate.leave();
            }
        }
        boolean complete = scores.size() == images.size();
        for (int i = 0; i < images.size(); i++) {
            Held h = images.get(i);
            Score other = complete ? sound(scores.get(i)) : null;
            metrics.shadow(h.score(), other);
            results.scored(
                    h.image(),
                    h.score(),
                    h.by(),
                    h.startNanos(),
                    h.deviceNanos(),
                    h.batchSize(),
                    other == null ? null : new Outcome.Shadow(other, candidate.identity()));
        }
    }

    /** An answer that is no score compares with none. */
    private @Nullable Score sound(Score score) {
        return Answers.flaw(score, config.offGrammarMass()) == null ? score : null;
    }

    @Override
    public void rejected(Ready image, Reason reason, String message, int attempts) {
        // Where a worker gives a whole batch up, those that have their score keep it.
        boolean scored = held.values().stream().anyMatch(l -> l.stream().anyMatch(h -> h.image() == image));
        if (!scored) {
            results.rejected(image, reason, message, attempts);
        }
    }

    @Override
    public void dropped(Ready image) {
        results.dropped(image);
    }

    @Override
    public void broken(String message) {
        results.broken(message);
    }
}
