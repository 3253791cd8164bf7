package io.realqa.streams.scoring;

import io.realqa.scorer.Scorer;
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
 * micro-batches through the scorer on one thread, which alone talks to the device.
 *
 * <p>Thread-safe. Bounded: no more than the limits' images and bytes are in flight, from admission to outcome.
 */
public final class ScoringEngine implements AutoCloseable {

    /**
     * @param images most images in flight
     * @param bytes most bytes of inline content in flight; a larger single image is admitted alone
     */
    public record Limits(int images, long bytes) {
        public static final Limits DEFAULTS = new Limits(256, 256L << 20);

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

    private final Supplier<Scorer> scorer;
    private final ContentFetcher fetcher;
    private final ImageDecoder decoder;
    private final Limits limits;
    private final MicroBatcher batcher;
    private final ExecutorService fetchers;
    private final ExecutorService preparers;
    private final Thread worker;
    private final Object admission = new Object();
    private int images;
    private long bytes;
    private final AtomicLong scored = new AtomicLong();
    private final AtomicLong rejected = new AtomicLong();
    private final AtomicLong batches = new AtomicLong();

    /** @param scorer asked once for each batch */
    public ScoringEngine(
            Supplier<Scorer> scorer,
            ContentPolicy content,
            ImageLimits imageLimits,
            BatchPolicy batchPolicy,
            Limits limits) {
        this.scorer = scorer;
        this.fetcher = new ContentFetcher(content);
        this.decoder = new ImageDecoder(imageLimits);
        this.limits = limits;
        this.batcher = new MicroBatcher(batchPolicy, System::nanoTime);
        this.fetchers = Executors.newFixedThreadPool(FETCH_THREADS, r -> daemon(r, "realqa-fetch"));
        this.preparers = Executors.newFixedThreadPool(
                Runtime.getRuntime().availableProcessors(), r -> daemon(r, "realqa-prepare"));
        this.worker = daemon(this::work, "realqa-worker");
        worker.start();
    }

    private static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    /** Takes a job if the limits allow it; never blocks. */
    public boolean offer(ImageJob job) {
        synchronized (admission) {
            if (images >= limits.images() || (images > 0 && bytes + job.bytes() > limits.bytes())) {
                return false;
            }
            images++;
            bytes += job.bytes();
        }
        batcher.announce();
        long submitted = System.nanoTime();
        if (job.content() == null) {
            fetchers.execute(() -> fetch(job, submitted));
        } else {
            byte[] content = job.content();
            preparers.execute(() -> prepare(job, content, submitted, 0));
        }
        return true;
    }

    public Counts counts() {
        synchronized (admission) {
            return new Counts(scored.get(), rejected.get(), batches.get(), images);
        }
    }

    private void fetch(ImageJob job, long submitted) {
        if (dropped(job)) {
            return;
        }
        long start = System.nanoTime();
        try {
            byte[] content = fetcher.fetch(String.valueOf(job.uri()));
            long nanos = System.nanoTime() - start;
            preparers.execute(() -> prepare(job, content, submitted, nanos));
        } catch (ContentRejectedException e) {
            fail(job, Stage.FETCH, e.reason().name(), message(e), e.attempts());
        } catch (IllegalStateException | RejectedExecutionException e) {
            // The engine is closing, which says nothing of the image: it stays pending.
            batcher.retract();
            release(job);
        } catch (RuntimeException e) {
            fail(job, Stage.FETCH, "INTERNAL", e.toString(), 1);
        }
    }

    private void prepare(ImageJob job, byte[] content, long submitted, long fetchNanos) {
        if (dropped(job)) {
            return;
        }
        long start = System.nanoTime();
        String sha256 = sha256(content);
        String expected = job.sha256();
        if (expected != null && !expected.toLowerCase(Locale.ROOT).equals(sha256)) {
            fail(job, Stage.VALIDATE, "SHA256_MISMATCH", "sha256: " + sha256 + " (expected: " + expected + ")", 1);
            return;
        }
        Stage stage = Stage.DECODE;
        try {
            RasterImage image = decoder.decode(content);
            stage = Stage.PREPROCESS;
            VisualInput input = scorer.get().checkpoint().preprocessing().apply(image);
            long now = System.nanoTime();
            batcher.add(new MicroBatcher.Ready(job, input, sha256, submitted, now, fetchNanos, now - start));
        } catch (ImageRejectedException e) {
            fail(job, stage, e.reason().name(), message(e), 1);
        } catch (RuntimeException | OutOfMemoryError e) {
            LOG.warn("an image of {} bytes (sha256 {}) failed unexpectedly", content.length, sha256, e);
            fail(job, stage, "INTERNAL", e.toString(), 1);
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
        try {
            for (List<MicroBatcher.Ready> batch = batcher.take(); !batch.isEmpty(); batch = batcher.take()) {
                List<MicroBatcher.Ready> wanted = batch.stream()
                        .filter(r -> !r.job().cancelled().getAsBoolean())
                        .toList();
                batch.stream().filter(r -> !wanted.contains(r)).forEach(r -> release(r.job()));
                if (!wanted.isEmpty()) {
                    score(scorer.get(), wanted, 1);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Scores a batch; one that fails is halved until the image that makes it fail is alone. */
    private void score(Scorer by, List<MicroBatcher.Ready> batch, int attempt) {
        long start = System.nanoTime();
        try {
            Scorer.Batch result =
                    by.score(batch.stream().map(MicroBatcher.Ready::input).toList());
            batches.incrementAndGet();
            long device = System.nanoTime() - start;
            for (int i = 0; i < batch.size(); i++) {
                MicroBatcher.Ready r = batch.get(i);
                long queue = start - r.submittedNanos() - r.fetchNanos() - r.preprocessNanos();
                Outcome.Timings timings =
                        new Outcome.Timings(queue, r.fetchNanos(), r.preprocessNanos(), device, batch.size());
                scored.incrementAndGet();
                finish(r.job(), new Outcome.Scored(result.scores().get(i), by, r.sha256(), timings));
            }
        } catch (RuntimeException e) {
            if (batch.size() == 1) {
                LOG.warn("an image (sha256 {}) cannot be scored", batch.get(0).sha256(), e);
                fail(batch.get(0).job(), false, Stage.SCORE, "SCORING_FAILED", e.toString(), attempt);
                return;
            }
            LOG.warn("a batch of {} images failed and is halved: {}", batch.size(), e.toString());
            int half = batch.size() / 2;
            score(by, batch.subList(0, half), attempt + 1);
            score(by, batch.subList(half, batch.size()), attempt + 1);
        }
    }

    private boolean dropped(ImageJob job) {
        if (job.cancelled().getAsBoolean()) {
            batcher.retract();
            release(job);
            return true;
        }
        return false;
    }

    /** Ends a job that was announced to the batcher and does not reach it. */
    private void fail(ImageJob job, Stage stage, String reason, String message, int attempts) {
        fail(job, true, stage, reason, message, attempts);
    }

    private void fail(ImageJob job, boolean announced, Stage stage, String reason, String message, int attempts) {
        if (announced) {
            batcher.retract();
        }
        rejected.incrementAndGet();
        finish(job, new Outcome.Rejected(stage, reason, message, attempts));
    }

    private void finish(ImageJob job, Outcome outcome) {
        release(job);
        job.done().accept(outcome);
    }

    private void release(ImageJob job) {
        synchronized (admission) {
            images--;
            bytes -= job.bytes();
        }
    }

    /** Stops; jobs that are still in flight are left without an outcome. Waits for the batch on the device, bounded. */
    @Override
    public void close() {
        batcher.close();
        fetchers.shutdownNow();
        preparers.shutdownNow();
        try {
            fetcher.close();
            worker.join(TimeUnit.SECONDS.toMillis(CLOSE_SECONDS));
            if (worker.isAlive()) {
                LOG.error("the batch on the device did not end within {} s", CLOSE_SECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
