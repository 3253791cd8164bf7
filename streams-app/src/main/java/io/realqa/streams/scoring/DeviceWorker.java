package io.realqa.streams.scoring;

import io.realqa.scorer.Score;
import io.realqa.streams.scoring.MicroBatcher.Ready;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs batches on the device, on a thread of its own. One that fails is divided ({@link Bisection}); an image that goes on
 * failing alone is given up, provided the device has shown that it works. All but {@link #callNanos} belongs to the worker's thread.
 */
final class DeviceWorker implements Runnable {

    /** Where a worker's results go. Each image of a batch ends exactly once, unless the engine is closed. */
    interface Results {
        void scored(
                Ready image, Score score, BatchScorer.Identity by, long startNanos, long deviceNanos, int batchSize);

        /** The same with what a candidate says of it. */
        default void scored(
                Ready image,
                Score score,
                BatchScorer.Identity by,
                long startNanos,
                long deviceNanos,
                int batchSize,
                Outcome.@Nullable Shadow shadow) {
            scored(image, score, by, startNanos, deviceNanos, batchSize);
        }

        void rejected(Ready image, Reason reason, String message, int attempts);

        /** Nobody waits for it any more. */
        void dropped(Ready image);

        /** The device answers nothing at all; the images stay without an outcome. */
        void broken(String message);
    }

    private static final Logger LOG = LoggerFactory.getLogger(DeviceWorker.class);
    /** The longest pause before an image is tried again. */
    private static final long LONGEST_PAUSE_MILLIS = 5_000;

    private static final int PROBES = 3;

    private final MicroBatcher batcher;
    private final ModelRouter models;
    private final EngineConfig config;
    private final TokenBudget budget;
    private final EngineMetrics metrics;
    private final Shadows results;
    private final CountDownLatch closing;
    private volatile long callStart;
    /** @param closing counted down when the engine closes or the device is given up: pauses end */
    DeviceWorker(
            MicroBatcher batcher,
            ModelRouter models,
            EngineConfig config,
            TokenBudget budget,
            EngineMetrics metrics,
            Results results,
            CountDownLatch closing) {
        this.batcher = batcher;
        this.models = models;
        this.config = config;
        this.budget = budget;
        this.metrics = metrics;
        this.results = new Shadows(models, results, config, metrics);
        this.closing = closing;
    }

    /** How long the call under way has taken; 0: there is none. Any thread may ask. */
    long callNanos(long now) {
        long start = callStart;
        return start == 0 ? 0 : Math.max(1, now - start);
    }

    /** Runs a device call, so that one that hangs is noticed. */
    private void timed(Runnable call) {
        long start = now();
        callStart = start;
        try {
            call.run();
        } finally {
            callStart = 0;
            metrics.busy(now() - start);
        }
    }

    private boolean closed() {
        return closing.getCount() == 0;
    }

    @Override
    public void run() {
        while (!closed()) {
            List<Ready> batch = List.of();
            Map<BatchScorer, List<Ready>> parts = new LinkedHashMap<>();
            try {
                batch = batcher.take();
                divide(batch, parts);
                for (Map.Entry<BatchScorer, List<Ready>> part : parts.entrySet()) {
                    new Part(part.getKey()).score(part.getValue());
                }
            } catch (Throwable e) {
                // An interrupt ends here as well: closing alone ends this thread.
                LOG.error("the worker failed with {} images and goes on", batch.size(), e);
                batch.forEach(r -> results.rejected(r, Reason.INTERNAL, e.toString(), 1));
            } finally {
                parts.keySet().forEach(BatchScorer::leave);
                results.flush(this::timed);
            }
        }
    }

    /** One model answers for an image: where platforms have different ones, a batch is split. */
    private void divide(List<Ready> batch, Map<BatchScorer, List<Ready>> parts) {
        for (Ready r : batch) {
            if (r.flight().cancelled()) {
                results.dropped(r);
            } else {
                entered(r.job(), parts).add(r);
            }
        }
    }

    private List<Ready> entered(ImageJob job, Map<BatchScorer, List<Ready>> parts) {
        while (true) {
            BatchScorer by = models.route(job.platform(), job.imageId());
            List<Ready> part = parts.get(by);
            if (part != null) {
                return part;
            }
            // A model is closed only after the router has stopped to name it, so this ends.
            if (by.enter()) {
                List<Ready> fresh = new ArrayList<>();
                parts.put(by, fresh);
                return fresh;
            }
        }
    }

    /** What one model scores of a batch. */
    private final class Part implements Bisection.Calls {
        private final BatchScorer by;
        /** Whether the device has answered since the batch began. */
        private boolean answered;

        Part(BatchScorer by) {
            this.by = by;
        }

        void score(List<Ready> images) {
            judge(new Bisection(this, config.device().attempts()).solve(images));
        }

        /** Gives up the images that failed in every attempt, if it is not the device that fails. */
        private void judge(List<Bisection.Suspect> suspects) {
            if (suspects.isEmpty()) {
                return;
            }
            String broken = answered ? null : probe(by);
            for (Bisection.Suspect s : suspects) {
                if (closed() || broken != null) {
                    results.dropped(s.image());
                } else {
                    LOG.warn(
                            "an image (sha256 {}) cannot be scored: {}",
                            s.image().sha256(),
                            s.failure().message(),
                            s.failure().cause());
                    results.rejected(
                            s.image(), s.failure().reason(), s.failure().message(), s.attempts());
                }
            }
            if (broken != null && !closed()) {
                results.broken(broken);
            }
        }

        @Override
        public List<Bisection.Flawed> call(List<Ready> batch) {
            long start = now();
            callStart = start;
            List<Score> scores;
            try {
                scores = by.score(batch.stream().map(Ready::input).toList());
            } finally {
                callStart = 0;
                metrics.busy(now() - start);
            }
            long nanos = now() - start;
            if (scores.size() != batch.size()) {
                throw new IllegalStateException("scores: " + scores.size() + " (expected: " + batch.size() + ")");
            }
            metrics.batch(batch.size(), tokens(batch));
            budget.fitted();
            List<Bisection.Flawed> flawed = new ArrayList<>();
            for (int i = 0; i < batch.size(); i++) {
                Ready image = batch.get(i);
                Answers.Flaw flaw = Answers.flaw(scores.get(i), config.offGrammarMass());
                if (flaw == null) {
                    answered = true;
                    results.scored(image, scores.get(i), by.identity(), start, nanos, batch.size());
                } else {
                    metrics.flawed.increment();
                    flawed.add(new Bisection.Flawed(image, flaw));
                }
            }
            return flawed;
        }

        @Override
        public void failed(List<Ready> batch, boolean outOfMemory) {
            (outOfMemory ? metrics.outOfMemory : metrics.errors).increment();
            if (outOfMemory) {
                budget.outOfMemory(tokens(batch));
            }
        }

        @Override
        public void dropped(Ready image) {
            results.dropped(image);
        }

        @Override
        public boolean pause(int failures) {
            return DeviceWorker.this.pause(failures);
        }

        @Override
        public boolean closed() {
            return DeviceWorker.this.closed();
        }
    }

    /** @return what is wrong with the device; null: nothing */
    private @Nullable String probe(BatchScorer by) {
        String wrong = "";
        for (int i = 0; i < PROBES; i++) {
            if (i > 0 && pause(i)) {
                break;
            }
            callStart = now();
            try {
                by.probe();
                return null;
            } catch (Throwable e) {
                LOG.warn("the device did not score the probe image", e);
                wrong = "the device scores nothing any more, not even a plain image: " + e;
            } finally {
                callStart = 0;
            }
        }
        return wrong;
    }

    /** @return whether the engine closed meanwhile */
    private boolean pause(int failures) {
        long millis = Math.min(
                LONGEST_PAUSE_MILLIS, config.device().backoff().toMillis() << Math.min(16, Math.max(0, failures - 1)));
        try {
            return closing.await(millis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            // Closing alone ends the worker, and counts the latch down first.
            return closed();
        }
    }

    private static long now() {
        // 0 means that no call is under way.
        return System.nanoTime() | 1;
    }

    private static long tokens(List<Ready> images) {
        return images.stream().mapToLong(r -> r.input().visualTokens()).sum();
    }
}
