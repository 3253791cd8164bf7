package io.realqa.cli;

import io.realqa.scorer.ClipScorer;
import io.realqa.scorer.Digests;
import io.realqa.scorer.Score;
import io.realqa.scorer.Scorer;
import io.realqa.scorer.image.ImageDecoder;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.scorer.image.ImageRejectedException;
import io.realqa.scorer.image.VisualInput;
import io.realqa.streams.scoring.Outcome.Timings;
import io.realqa.streams.scoring.Reason;
import io.realqa.streams.scoring.Stage;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Scores files in batches without Kafka: decodes the next ones while the device is busy. Results keep the files' order. */
final class Scoring {

    /** What became of one file. */
    sealed interface Result {
        Path path();
    }

    /** steps: device steps that followed the batch's prefill. */
    record Done(Path path, Score score, String sha256, Timings timings, int steps, Instant at) implements Result {}

    /**
     * A clip.
     *
     * @param done the clip as a whole
     * @param seconds its length by its header
     * @param timeline each frame's own score
     */
    record DoneClip(Done done, double seconds, List<ClipScorer.Moment> timeline) implements Result {
        @Override
        public Path path() {
            return done.path();
        }
    }

    /** reason: a code of the catalogue in docs/operations.md. */
    record Refused(Path path, String stage, String reason, String message) implements Result {
        /** With the stage that the catalogue has for a reason; the bytes are here already, so it is not the fetching. */
        static Refused of(Path path, ImageRejectedException e) {
            Reason reason = Reason.valueOf(e.reason().name());
            Stage stage = reason.stages().contains(Stage.PREPROCESS) ? Stage.PREPROCESS : Stage.DECODE;
            return new Refused(path, stage.name(), reason.name(), String.valueOf(e.getMessage()));
        }
    }

    /** A file on its way to the device, or already refused. */
    private record Prepared(
            Path path,
            @Nullable VisualInput input,
            String sha256,
            long fetchNanos,
            long preprocessNanos,
            long readyNanos,
            @Nullable Refused refused) {}

    private static final long LONGEST_BATCH_SECONDS = 600;

    private final Scorer scorer;
    private final Scorer.Mode mode;
    private final int batchSize;
    private final ImageDecoder decoder = new ImageDecoder(ImageLimits.DEFAULTS);

    Scoring(Scorer scorer, Scorer.Mode mode, int batchSize) {
        this.scorer = scorer;
        this.mode = mode;
        this.batchSize = batchSize;
    }

    void score(List<Path> files, Consumer<Result> results) throws InterruptedException {
        int workers = scorer.checkpoint().compute().workers();
        ExecutorService preparers = pool(Runtime.getRuntime().availableProcessors(), "realqa-prepare");
        ExecutorService devices = pool(workers, "realqa-worker");
        try {
            Deque<Future<List<Result>>> ahead = new ArrayDeque<>();
            for (int from = 0; from < files.size(); from += batchSize) {
                List<Future<Prepared>> batch = files.subList(from, Math.min(files.size(), from + batchSize)).stream()
                        .map(file -> preparers.submit(() -> prepare(file)))
                        .toList();
                ahead.add(devices.submit(() -> run(batch)));
                // One waits for each worker: the batches need not end in the order that their results are read in.
                if (ahead.size() > 2 * workers) {
                    ahead.remove().get().forEach(results);
                }
            }
            for (Future<List<Result>> batch : ahead) {
                batch.get().forEach(results);
            }
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
        } finally {
            // Batches are left only if it ends early: they would wait for images that nobody prepares any more.
            preparers.shutdownNow();
            devices.shutdownNow();
            if (!devices.awaitTermination(LONGEST_BATCH_SECONDS, TimeUnit.SECONDS)) {
                throw new IllegalStateException("a batch did not end within " + LONGEST_BATCH_SECONDS + " s");
            }
        }
    }

    private static ExecutorService pool(int threads, String name) {
        return Executors.newFixedThreadPool(threads, r -> {
            Thread thread = new Thread(r, name);
            thread.setDaemon(true);
            return thread;
        });
    }

    private Prepared prepare(Path file) {
        long start = System.nanoTime();
        byte[] content;
        try {
            content = RegularFile.read(file);
        } catch (IOException e) {
            return refused(
                    new Refused(file, "FETCH", "READ_FAILED", Failures.of(file, e) + " (expected: a readable file)"));
        } catch (OutOfMemoryError e) {
            return refused(new Refused(file, "FETCH", "TOO_MANY_BYTES", file + ": too large for memory"));
        }
        long read = System.nanoTime();
        try {
            VisualInput input = scorer.checkpoint().preprocessing().apply(decoder.decode(content));
            long now = System.nanoTime();
            return new Prepared(file, input, Digests.hex(content), read - start, now - read, now, null);
        } catch (ImageRejectedException e) {
            return refused(Refused.of(file, e));
        }
    }

    private static Prepared refused(Refused refused) {
        return new Prepared(refused.path(), null, "", 0, 0, 0, refused);
    }

    private List<Result> run(List<Future<Prepared>> preparing) throws InterruptedException, ExecutionException {
        List<Prepared> batch = new ArrayList<>();
        List<VisualInput> inputs = new ArrayList<>();
        for (Future<Prepared> future : preparing) {
            Prepared p = future.get();
            batch.add(p);
            if (p.input() != null) {
                inputs.add(p.input());
            }
        }
        long start = System.nanoTime();
        Scorer.Batch scored = inputs.isEmpty() ? new Scorer.Batch(List.of(), 0) : scorer.score(inputs, mode);
        Iterator<Score> scores = scored.scores().iterator();
        long device = System.nanoTime() - start;
        Instant now = Instant.now();
        List<Result> results = new ArrayList<>();
        for (Prepared p : batch) {
            if (p.refused() != null) {
                results.add(p.refused());
                continue;
            }
            Timings timings =
                    new Timings(start - p.readyNanos(), p.fetchNanos(), p.preprocessNanos(), device, inputs.size());
            results.add(result(p, scores.next(), timings, scored.steps(), now));
        }
        return results;
    }

    private Result result(Prepared p, Score score, Timings timings, int steps, Instant now) {
        if (Double.isNaN(score.expectation())) {
            String message = "answer: " + score.text() + " (expected: "
                    + scorer.profile().score().answer() + ")";
            return new Refused(p.path(), "SCORE", "UNPARSABLE_ANSWER", message);
        }
        return new Done(p.path(), score, p.sha256(), timings, steps, now);
    }
}
