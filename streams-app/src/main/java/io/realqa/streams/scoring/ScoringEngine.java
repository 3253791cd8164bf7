package io.realqa.streams.scoring;

import io.realqa.scorer.Score;
import io.realqa.scorer.image.ImageDecoder;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.scorer.image.ImageRejectedException;
import io.realqa.scorer.image.RasterImage;
import io.realqa.scorer.image.VisualInput;
import io.realqa.streams.content.ContentFetcher;
import io.realqa.streams.content.ContentPolicy;
import io.realqa.streams.content.ContentRejectedException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Images to outcomes: fetches content on I/O threads, decodes and cuts it into patches on CPU threads, and runs
 * micro-batches through the scorer on worker threads, which alone talk to the device.
 *
 * <p>Thread-safe. Bounded: no more than the limits' images and bytes are in flight, from admission to outcome. Whatever
 * is thrown on the way, an error included, ends in the job's outcome and leaves the threads at work.
 */
public final class ScoringEngine implements AutoCloseable {

    /**
     * @param images most images in flight
     * @param bytes most bytes of files in flight; a larger single image is admitted alone. Content by reference counts
     *     as the largest content that the policy allows until it is fetched, then as what it is
     */
    public record Limits(int images, long bytes) {
        public static final Limits DEFAULTS = new Limits(256, 512L << 20);

        public Limits {
            if (images < 1) {
                throw new IllegalArgumentException("limits.inFlightImages: " + images + " (expected: at least 1)");
            }
            if (bytes < 1) {
                throw new IllegalArgumentException("limits.inFlightBytes: " + bytes + " (expected: at least 1)");
            }
        }
    }

    /** Counters since the start, for views and benchmarks. */
    public record Counts(long scored, long rejected, long batches, long inFlight) {}

    private static final Logger LOG = LoggerFactory.getLogger(ScoringEngine.class);
    private static final int FETCH_THREADS = 16;
    private static final long CLOSE_SECONDS = 30;

    private final Supplier<? extends BatchScorer> scorer;
    private final long largestFetch;
    private final ContentFetcher fetcher;
    private final ImageDecoder decoder;
    private final Limits limits;
    private final MicroBatcher batcher;
    private final ExecutorService fetchers;
    private final ExecutorService preparers;
    private final List<Thread> workers = new ArrayList<>();
    private final Object admission = new Object();
    private int images;
    private long bytes;
    private volatile boolean closed;
    private final AtomicLong scored = new AtomicLong();
    private final AtomicLong rejected = new AtomicLong();
    private final AtomicLong batches = new AtomicLong();

    /**
     * @param scorer asked once for each image and once for each batch
     * @param workers batches that run at a time
     */
    public ScoringEngine(
            Supplier<? extends BatchScorer> scorer,
            ContentPolicy content,
            ImageLimits imageLimits,
            BatchPolicy batchPolicy,
            Limits limits,
            int workers) {
        if (workers < 1) {
            throw new IllegalArgumentException("workers: " + workers + " (expected: at least 1)");
        }
        this.scorer = scorer;
        this.largestFetch = content.maxBytes();
        this.fetcher = new ContentFetcher(content);
        this.decoder = new ImageDecoder(imageLimits);
        this.limits = limits;
        this.batcher = new MicroBatcher(batchPolicy, System::nanoTime);
        this.fetchers = Executors.newFixedThreadPool(FETCH_THREADS, r -> daemon(r, "realqa-fetch"));
        this.preparers = Executors.newFixedThreadPool(
                Runtime.getRuntime().availableProcessors(), r -> daemon(r, "realqa-prepare"));
        for (int w = 0; w < workers; w++) {
            Thread worker = daemon(this::work, "realqa-worker-" + w);
            this.workers.add(worker);
            worker.start();
        }
    }

    private static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    /** Takes a job if the limits allow it and the engine is open; never blocks. */
    public boolean offer(ImageJob job) {
        byte[] content = job.content();
        long room = content == null ? largestFetch : content.length;
        Flight flight = new Flight(job, System.nanoTime(), room);
        synchronized (admission) {
            if (closed || images >= limits.images() || (images > 0 && bytes + room > limits.bytes())) {
                return false;
            }
            images++;
            bytes += room;
        }
        batcher.announce();
        try {
            if (content == null) {
                fetchers.execute(() -> fetch(flight));
            } else {
                preparers.execute(() -> prepare(flight, content, 0));
            }
            return true;
        } catch (RejectedExecutionException e) {
            // close() came in between.
            drop(flight);
            return false;
        } catch (Throwable e) {
            // No thread could be started.
            drop(flight);
            throw e;
        }
    }

    public Counts counts() {
        synchronized (admission) {
            return new Counts(scored.get(), rejected.get(), batches.get(), images);
        }
    }

    private void fetch(Flight flight) {
        try {
            if (dropped(flight)) {
                return;
            }
            long start = System.nanoTime();
            byte[] content = fetcher.fetch(String.valueOf(flight.job().uri()));
            resize(flight, content.length);
            long nanos = System.nanoTime() - start;
            preparers.execute(() -> prepare(flight, content, nanos));
        } catch (ContentRejectedException e) {
            fail(flight, Stage.FETCH, e.reason().name(), message(e), e.attempts());
        } catch (Throwable e) {
            failUnexpectedly(flight, Stage.FETCH, e);
        }
    }

    private void prepare(Flight flight, byte[] content, long fetchNanos) {
        Stage stage = Stage.DECODE;
        try {
            if (dropped(flight)) {
                return;
            }
            long start = System.nanoTime();
            String sha256 = sha256(content);
            String expected = flight.job().sha256();
            if (expected != null && !expected.toLowerCase(Locale.ROOT).equals(sha256)) {
                String message = "sha256: " + sha256 + " (expected: " + expected + ")";
                fail(flight, Stage.VALIDATE, "SHA256_MISMATCH", message, 1);
                return;
            }
            RasterImage image = decoder.decode(content);
            stage = Stage.PREPROCESS;
            VisualInput input = scorer.get().preprocessing().apply(image);
            long now = System.nanoTime();
            batcher.add(new MicroBatcher.Ready(flight, input, sha256, now, fetchNanos, now - start));
        } catch (ImageRejectedException e) {
            fail(flight, stage, e.reason().name(), message(e), 1);
        } catch (Throwable e) {
            failUnexpectedly(flight, stage, e);
        }
    }

    private static String message(Exception e) {
        return String.valueOf(e.getMessage());
    }

    private static String sha256(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private void work() {
        while (!closed) {
            List<MicroBatcher.Ready> batch = List.of();
            try {
                batch = batcher.take();
                List<MicroBatcher.Ready> wanted = new ArrayList<>();
                for (MicroBatcher.Ready r : batch) {
                    if (r.job().cancelled().getAsBoolean()) {
                        end(r.flight());
                    } else {
                        wanted.add(r);
                    }
                }
                if (!wanted.isEmpty()) {
                    score(scorer.get(), wanted, 1);
                }
            } catch (Throwable e) {
                // An interrupt ends here as well: close() alone ends this thread.
                LOG.error("the worker failed with {} images and goes on", batch.size(), e);
                batch.forEach(r -> finish(r.flight(), new Outcome.Rejected(Stage.SCORE, "INTERNAL", e.toString(), 1)));
            }
        }
    }

    /** Scores a batch; one that fails is halved until the image that makes it fail is alone. */
    private void score(BatchScorer by, List<MicroBatcher.Ready> batch, int attempt) {
        long start = System.nanoTime();
        List<Score> scores;
        try {
            scores = by.score(batch.stream().map(MicroBatcher.Ready::input).toList())
                    .scores();
            if (scores.size() != batch.size()) {
                throw new IllegalStateException("scores: " + scores.size() + " (expected: " + batch.size() + ")");
            }
        } catch (Throwable e) {
            halve(by, batch, attempt, e);
            return;
        }
        batches.incrementAndGet();
        long device = System.nanoTime() - start;
        for (int i = 0; i < batch.size(); i++) {
            MicroBatcher.Ready r = batch.get(i);
            long queue = start - r.flight().submittedNanos() - r.fetchNanos() - r.preprocessNanos();
            Outcome.Timings timings =
                    new Outcome.Timings(queue, r.fetchNanos(), r.preprocessNanos(), device, batch.size());
            finish(r.flight(), new Outcome.Scored(scores.get(i), by.identity(), r.sha256(), timings));
        }
    }

    private void halve(BatchScorer by, List<MicroBatcher.Ready> batch, int attempt, Throwable cause) {
        if (closed) {
            // Nobody waits for the outcomes, and the failure may be the end's doing.
            batch.forEach(r -> end(r.flight()));
        } else if (batch.size() == 1) {
            LOG.warn("an image (sha256 {}) cannot be scored", batch.get(0).sha256(), cause);
            finish(
                    batch.get(0).flight(),
                    new Outcome.Rejected(Stage.SCORE, "SCORING_FAILED", cause.toString(), attempt));
        } else {
            LOG.warn("a batch of {} images failed and is halved: {}", batch.size(), cause.toString());
            int half = batch.size() / 2;
            score(by, batch.subList(0, half), attempt + 1);
            score(by, batch.subList(half, batch.size()), attempt + 1);
        }
    }

    private boolean dropped(Flight flight) {
        if (flight.job().cancelled().getAsBoolean()) {
            drop(flight);
            return true;
        }
        return false;
    }

    /** Ends a job that was announced to the batcher and does not reach it, without an outcome. */
    private void drop(Flight flight) {
        batcher.retract();
        end(flight);
    }

    /** Ends a job that was announced to the batcher and does not reach it. */
    private void fail(Flight flight, Stage stage, String reason, String message, int attempts) {
        batcher.retract();
        finish(flight, new Outcome.Rejected(stage, reason, message, attempts));
    }

    private void failUnexpectedly(Flight flight, Stage stage, Throwable cause) {
        if (closed) {
            // The failure may be the end's doing, which says nothing of the image: it stays pending.
            drop(flight);
            return;
        }
        LOG.warn("an image failed unexpectedly in stage {}", stage, cause);
        fail(flight, stage, "INTERNAL", cause.toString(), 1);
    }

    private void finish(Flight flight, Outcome outcome) {
        if (!end(flight)) {
            return;
        }
        (outcome instanceof Outcome.Scored ? scored : rejected).incrementAndGet();
        try {
            flight.job().done().accept(outcome);
        } catch (Throwable e) {
            LOG.error("an outcome was not taken", e);
        }
    }

    /** Gives back the room of a job; false if that was done before. */
    private boolean end(Flight flight) {
        if (!flight.end()) {
            return false;
        }
        synchronized (admission) {
            images--;
            bytes -= flight.bytes();
        }
        return true;
    }

    private void resize(Flight flight, long to) {
        synchronized (admission) {
            bytes += to - flight.bytes();
            flight.resize(to);
        }
    }

    /** Stops; jobs that are still in flight are left without an outcome. Waits for the batch on the device, bounded. */
    @Override
    public void close() {
        closed = true;
        batcher.close();
        fetchers.shutdownNow();
        preparers.shutdownNow();
        try {
            fetcher.close();
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(CLOSE_SECONDS);
            for (Thread worker : workers) {
                worker.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime())));
                if (worker.isAlive()) {
                    LOG.error("{}: the batch on the device did not end within {} s", worker.getName(), CLOSE_SECONDS);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
