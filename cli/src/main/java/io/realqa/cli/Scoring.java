package io.realqa.cli;

import io.realqa.scorer.Score;
import io.realqa.scorer.Scorer;
import io.realqa.scorer.image.ImageDecoder;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.scorer.image.ImageRejectedException;
import io.realqa.scorer.image.VisualInput;
import io.realqa.streams.scoring.Outcome.Timings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Scores files in batches without Kafka: decodes the next ones while the device is busy. Results keep the files' order. */
final class Scoring {

    /** What became of one file. */
    sealed interface Result {
        Path path();
    }

    record Done(Path path, Score score, String sha256, Timings timings, Instant at) implements Result {}

    /** reason: a code of the catalogue in docs/operations.md. */
    record Refused(Path path, String stage, String reason, String message) implements Result {}

    /** A file on its way to the device, or already refused. */
    private record Prepared(
            Path path,
            @Nullable VisualInput input,
            String sha256,
            long fetchNanos,
            long preprocessNanos,
            long readyNanos,
            @Nullable Refused refused) {}

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
        ExecutorService pool = Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors(), r -> {
            Thread thread = new Thread(r, "realqa-prepare");
            thread.setDaemon(true);
            return thread;
        });
        try {
            Iterator<Path> rest = files.iterator();
            Deque<Future<Prepared>> ahead = new ArrayDeque<>();
            while (rest.hasNext() || !ahead.isEmpty()) {
                while (rest.hasNext() && ahead.size() < 2 * batchSize) {
                    Path file = rest.next();
                    ahead.add(pool.submit(() -> prepare(file)));
                }
                List<Prepared> batch = new ArrayList<>();
                while (!ahead.isEmpty() && batch.size() < batchSize) {
                    batch.add(ahead.remove().get());
                }
                // the pool works on while the device does
                while (rest.hasNext() && ahead.size() < 2 * batchSize) {
                    Path file = rest.next();
                    ahead.add(pool.submit(() -> prepare(file)));
                }
                run(batch, results);
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException("a file could not be prepared: " + e.getCause(), e.getCause());
        } finally {
            pool.shutdownNow();
        }
    }

    private Prepared prepare(Path file) {
        long start = System.nanoTime();
        byte[] content;
        try {
            content = Files.readAllBytes(file);
        } catch (IOException e) {
            return refused(file, "FETCH", "READ_FAILED", file + ": " + e + " (expected: a readable file)");
        } catch (OutOfMemoryError e) {
            return refused(file, "FETCH", "TOO_MANY_BYTES", file + ": too large for memory");
        }
        long read = System.nanoTime();
        try {
            VisualInput input = scorer.checkpoint().preprocessing().apply(decoder.decode(content));
            long now = System.nanoTime();
            return new Prepared(file, input, sha256(content), read - start, now - read, now, null);
        } catch (ImageRejectedException e) {
            return refused(file, "DECODE", e.reason().name(), String.valueOf(e.getMessage()));
        }
    }

    private static Prepared refused(Path file, String stage, String reason, String message) {
        return new Prepared(file, null, "", 0, 0, 0, new Refused(file, stage, reason, message));
    }

    private void run(List<Prepared> batch, Consumer<Result> results) {
        List<VisualInput> inputs = new ArrayList<>();
        for (Prepared p : batch) {
            if (p.input() != null) {
                inputs.add(p.input());
            }
        }
        long start = System.nanoTime();
        Iterator<Score> scores = inputs.isEmpty()
                ? List.<Score>of().iterator()
                : scorer.score(inputs, mode).scores().iterator();
        long device = System.nanoTime() - start;
        Instant now = Instant.now();
        for (Prepared p : batch) {
            if (p.refused() != null) {
                results.accept(p.refused());
                continue;
            }
            Score score = scores.next();
            if (Double.isNaN(score.expectation())) {
                results.accept(new Refused(
                        p.path(),
                        "SCORE",
                        "UNPARSABLE_ANSWER",
                        "answer: " + score.text() + " (expected: "
                                + scorer.profile().score().answer() + ")"));
                continue;
            }
            Timings timings =
                    new Timings(start - p.readyNanos(), p.fetchNanos(), p.preprocessNanos(), device, inputs.size());
            results.accept(new Done(p.path(), score, p.sha256(), timings, now));
        }
    }

    private static String sha256(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
