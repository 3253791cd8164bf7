package io.realqa.streams.scoring;

import io.realqa.scorer.Digests;
import io.realqa.scorer.Score;
import io.realqa.scorer.image.ImageRejectedException;
import io.realqa.scorer.video.VideoRejectedException;
import io.realqa.streams.content.ContentFetcher;
import io.realqa.streams.content.ContentPolicy;
import io.realqa.streams.content.ContentSource;
import io.realqa.streams.metrics.Metric;
import io.realqa.streams.metrics.ServiceMetrics;
import io.realqa.streams.scoring.MicroBatcher.Ready;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Images to outcomes: fetches content on I/O threads, decodes and cuts it into patches on CPU threads, and runs
 * micro-batches through the model on worker threads, which alone talk to the device.
 *
 * <p>Thread-safe. Bounded: no more than the limits' images and bytes are in flight, from admission to outcome. Whatever
 * is thrown on the way, an error included, ends in the job's outcome and leaves the threads at work. Only a device that
 * hangs or answers nothing at all ends the work: that is a {@link Fault}, after which jobs are left without an outcome.
 */
public final class ScoringEngine implements AutoCloseable {

    /** Answer to an offer. */
    public enum Offer {
        TAKEN,
        /** The engine has no room; another job would not be taken either. */
        FULL,
        /** Too many jobs wait for this one's host; a job of another lane may be taken. */
        LANE_FULL
    }

    /** Counters since the start, for views and benchmarks. */
    public record Counts(long scored, long rejected, long batches, long inFlight) {}

    private static final Logger LOG = LoggerFactory.getLogger(ScoringEngine.class);
    private static final long CLOSE_SECONDS = 30;
    /** One clip is decoded for each so many cores, with two threads. */
    private static final int CORES_A_CLIP = 4;

    private final ModelRouter models;
    private final long largestFetch;
    private final EngineConfig config;
    private final Admission admission;
    private final FetchLanes lanes;
    private final ScoreCache cache;
    private final MicroBatcher batcher;
    private final EngineMetrics metrics;
    private final ExecutorService preparers;
    /** Clips take their time, which must not be the images'. */
    private final ExecutorService clipPreparers;

    private final Semaphore clips;
    private final ScheduledExecutorService timer;
    private final List<Thread> threads = new ArrayList<>();
    private final CountDownLatch closing = new CountDownLatch(1);
    private final AtomicReference<@Nullable Fault> fault = new AtomicReference<>();
    private final Consumer<Fault> onFault;
    private final AtomicLong scored = new AtomicLong();
    private final AtomicLong rejected = new AtomicLong();
    /** Outcomes on their way to those who wait for them. */
    private final AtomicLong untold = new AtomicLong();

    /**
     * Starts its threads.
     *
     * @param models asked once for each image and once for each image's batch
     * @param onFault called at most once, on a thread of the engine, when the device cannot be used any more
     */
    public ScoringEngine(
            ModelRouter models,
            ContentPolicy content,
            EngineConfig config,
            ServiceMetrics metrics,
            Consumer<Fault> onFault) {
        this(models, new ContentFetcher(content, config.clips().bytes()), content.maxBytes(), config, metrics, onFault);
    }

    /**
     * Starts its threads, with content from another source.
     *
     * @param content closed with the engine
     * @param largestFetch bytes of the largest content that it gives
     */
    public ScoringEngine(
            ModelRouter models,
            ContentSource content,
            long largestFetch,
            EngineConfig config,
            ServiceMetrics metrics,
            Consumer<Fault> onFault) {
        this.models = models;
        this.largestFetch = largestFetch;
        this.config = config;
        this.onFault = onFault;
        this.admission = new Admission(config.limits());
        this.cache = new ScoreCache(config.cacheEntries());
        TokenBudget budget = new TokenBudget(config.batches().maxVisualTokens());
        this.batcher = new MicroBatcher(config.batches(), budget, System::nanoTime);
        this.metrics = new EngineMetrics(metrics);
        this.lanes = new FetchLanes(
                content,
                config.fetch(),
                config.limits().images(),
                config.limits().bytes() / largestFetch,
                System::nanoTime,
                new Fetching());
        this.preparers = Executors.newFixedThreadPool(
                Runtime.getRuntime().availableProcessors(), r -> Threads.daemon(r, "realqa-prepare"));
        this.clips = new Semaphore(config.clips().inFlight());
        this.clipPreparers = Executors.newFixedThreadPool(
                Math.max(1, Runtime.getRuntime().availableProcessors() / CORES_A_CLIP),
                r -> Threads.daemon(r, "realqa-clip"));
        this.timer = Executors.newSingleThreadScheduledExecutor(r -> Threads.daemon(r, "realqa-watchdog"));
        startWorkers(budget);
        metrics.gauge(Metric.IN_FLIGHT_IMAGES, admission::images);
        metrics.gauge(Metric.IN_FLIGHT_BYTES, admission::bytes);
        metrics.gauge(Metric.TOKEN_BUDGET, budget::current);
        metrics.gauge(Metric.WORKERS, () -> config.device().workers());
        metrics.gauge(Metric.HOSTS_AVOIDED, lanes::avoided);
    }

    private void startWorkers(TokenBudget budget) {
        List<DeviceWorker> workers = new ArrayList<>();
        for (int w = 0; w < config.device().workers(); w++) {
            DeviceWorker worker = new DeviceWorker(batcher, models, config, budget, metrics, new Scoring(), closing);
            workers.add(worker);
            threads.add(Threads.daemon(worker, "realqa-worker-" + w));
        }
        threads.forEach(Thread::start);
        Watchdog watchdog = new Watchdog(workers, config.device().callTimeout(), this::fail);
        timer.scheduleAtFixedRate(
                () -> watchdog.look(System.nanoTime()),
                watchdog.periodMillis(),
                watchdog.periodMillis(),
                TimeUnit.MILLISECONDS);
    }

    /** Takes a job if the limits allow it and the engine is open and well; never blocks on the device or a host. */
    public Offer offer(ImageJob job) {
        byte[] content = job.content();
        String lane = job.lane();
        if (closing.getCount() == 0) {
            return Offer.FULL;
        }
        if (content == null && !lanes.hasRoom(lane)) {
            return Offer.LANE_FULL;
        }
        boolean clip = job.clip();
        if (clip && !clips.tryAcquire()) {
            return Offer.LANE_FULL;
        }
        long room = content == null ? (clip ? config.clips().bytes() : largestFetch) : content.length;
        if (!admission.enter(room)) {
            if (clip) {
                clips.release();
            }
            return Offer.FULL;
        }
        Flight flight = new Flight(job, System.nanoTime(), room);
        if (content == null) {
            lanes.add(lane, flight);
        } else {
            toPreparation(flight);
        }
        return Offer.TAKEN;
    }

    /** Whether nothing is in flight and every outcome was told, which is a moment later. */
    public boolean idle() {
        return admission.images() == 0 && untold.get() == 0;
    }

    public Counts counts() {
        return new Counts(scored.get(), rejected.get(), metrics.batches(), admission.images());
    }

    /** What ended its work; null: it works. */
    public @Nullable Fault fault() {
        return fault.get();
    }

    private void toPreparation(Flight flight) {
        boolean clip = flight.job().clip();
        if (!clip) {
            // A batch may wait for an image that is being prepared; for a clip it would wait too often.
            announce(flight);
        }
        try {
            (clip ? clipPreparers : preparers).execute(() -> prepare(flight));
        } catch (RejectedExecutionException e) {
            // close() came in between.
            retract(flight);
            end(flight, null);
        } catch (Throwable e) {
            // No thread could be started.
            failUnexpectedly(flight, Stage.DECODE, e);
        }
    }

    private void announce(Flight flight) {
        flight.announced(true);
        batcher.announce();
    }

    /** A job does not reach the batcher. */
    private void retract(Flight flight) {
        if (flight.announced()) {
            flight.announced(false);
            batcher.retract();
        }
    }

    /** What is fetched goes on to the preparing threads. */
    private final class Fetching implements FetchLanes.Results {
        @Override
        public void fetched(Flight flight, byte[] content, long nanos) {
            admission.resize(flight, content.length);
            flight.fetched(content, nanos);
            toPreparation(flight);
        }

        @Override
        public void failed(Flight flight, Reason reason, String message, int attempts) {
            finish(flight, new Outcome.Rejected(Stage.FETCH, reason, message, attempts));
        }

        @Override
        public void failedUnexpectedly(Flight flight, Throwable cause) {
            unexpected(flight, Stage.FETCH, cause);
        }

        @Override
        public void dropped(Flight flight) {
            end(flight, null);
        }
    }

    /** Runs on a preparing thread. What was announced to the batcher reaches it, or is retracted. */
    private void prepare(Flight flight) {
        try {
            if (flight.cancelled() || closing.getCount() == 0) {
                retract(flight);
                end(flight, null);
                return;
            }
            long start = System.nanoTime();
            byte[] content = flight.content();
            String sha256 = Digests.hex(content);
            String expected = flight.job().sha256();
            if (expected != null && !expected.toLowerCase(Locale.ROOT).equals(sha256)) {
                reject(flight, Reason.SHA256_MISMATCH, "sha256: " + sha256 + " (expected: " + expected + ")");
                return;
            }
            BatchScorer by = models.route(flight.job().platform(), flight.job().imageId());
            if (flight.leads() == null && !leads(flight, cacheKey(flight, sha256, by), start)) {
                retract(flight);
                return;
            }
            BatchScorer.Prepared input = flight.job().clip()
                    ? by.prepareClip(content, config.clips(), givenUp(flight, start))
                    : by.prepare(content);
            long now = System.nanoTime();
            if (!flight.announced()) {
                announce(flight);
            }
            batcher.add(new Ready(flight, input, sha256, now, now - start));
        } catch (ImageRejectedException e) {
            reject(flight, Reason.valueOf(e.reason().name()), String.valueOf(e.getMessage()));
        } catch (VideoRejectedException e) {
            if (flight.cancelled() || closing.getCount() == 0) {
                end(flight, null);
            } else {
                reject(flight, Reason.valueOf(e.reason().name()), String.valueOf(e.getMessage()));
            }
        } catch (Throwable e) {
            failUnexpectedly(flight, Stage.PREPROCESS, e);
        }
    }

    private static ScoreCache.Key cacheKey(Flight flight, String sha256, BatchScorer by) {
        return new ScoreCache.Key(sha256, flight.job().clip(), by.identity());
    }

    /** Whether a clip is decoded in vain, or for too long. */
    private BooleanSupplier givenUp(Flight flight, long start) {
        long longest = config.clips().decoding().toNanos();
        return () -> closing.getCount() == 0 || flight.cancelled() || System.nanoTime() - start > longest;
    }

    /** Whether an image is to be scored; else its score is known, or comes with that of an equal one. */
    private boolean leads(Flight flight, ScoreCache.Key key, long start) {
        ScoreCache.Role role = cache.enter(key, flight);
        if (role instanceof ScoreCache.Role.Known known) {
            metrics.hits.increment();
            finish(flight, known(flight, known.score(), key.by(), key.sha256(), System.nanoTime() - start));
            return false;
        }
        boolean leader = role instanceof ScoreCache.Role.Leader;
        (leader ? metrics.misses : metrics.follows).increment();
        return leader;
    }

    private static Outcome.Scored known(
            Flight flight, Score score, BatchScorer.Identity by, String sha256, long preparing) {
        long queue = System.nanoTime() - flight.submittedNanos() - flight.fetchNanos() - preparing;
        return new Outcome.Scored(score, by, sha256, new Outcome.Timings(queue, flight.fetchNanos(), preparing, 0, 0));
    }

    /** What the workers say. */
    private final class Scoring implements DeviceWorker.Results {
        @Override
        public void scored(Ready image, Score score, BatchScorer.Identity by, long start, long device, int batchSize) {
            scored(image, score, by, start, device, batchSize, null);
        }

        @Override
        public void scored(
                Ready image,
                Score score,
                BatchScorer.Identity by,
                long start,
                long device,
                int batchSize,
                Outcome.@Nullable Shadow shadow) {
            Flight flight = image.flight();
            long queue = start - flight.submittedNanos() - flight.fetchNanos() - image.preprocessNanos();
            finish(
                    flight,
                    new Outcome.Scored(
                            score,
                            by,
                            image.sha256(),
                            new Outcome.Timings(queue, flight.fetchNanos(), image.preprocessNanos(), device, batchSize),
                            shadow));
        }

        @Override
        public void rejected(Ready image, Reason reason, String message, int attempts) {
            finish(image.flight(), new Outcome.Rejected(Stage.SCORE, reason, message, attempts));
        }

        @Override
        public void dropped(Ready image) {
            end(image.flight(), null);
        }

        @Override
        public void broken(String message) {
            fail(new Fault(Fault.Kind.BROKEN, message));
        }
    }

    /** Ends a job that does not reach the batcher. */
    private void reject(Flight flight, Reason reason, String message) {
        retract(flight);
        finish(
                flight,
                new Outcome.Rejected(
                        reason.stages().contains(Stage.DECODE) ? Stage.DECODE : reason.stage(), reason, message, 1));
    }

    private void failUnexpectedly(Flight flight, Stage stage, Throwable cause) {
        retract(flight);
        unexpected(flight, stage, cause);
    }

    private void unexpected(Flight flight, Stage stage, Throwable cause) {
        if (closing.getCount() == 0) {
            // The failure may be the end's doing, which says nothing of the image: it stays pending.
            end(flight, null);
            return;
        }
        LOG.warn("an image failed unexpectedly in stage {}", stage, cause);
        finish(flight, new Outcome.Rejected(stage, Reason.INTERNAL, cause.toString(), 1));
    }

    private void finish(Flight flight, Outcome outcome) {
        // before the job gives back its room: until its outcome is told the engine is not idle
        untold.incrementAndGet();
        try {
            if (end(flight, outcome)) {
                tell(flight, outcome);
            }
        } finally {
            untold.decrementAndGet();
        }
    }

    private void tell(Flight flight, Outcome outcome) {
        if (outcome instanceof Outcome.Scored s) {
            scored.incrementAndGet();
            metrics.timings(s.timings());
        } else {
            rejected.incrementAndGet();
        }
        try {
            flight.job().done().accept(outcome);
        } catch (Throwable e) {
            LOG.error("an outcome was not taken", e);
        }
    }

    /**
     * Gives back the room of a job and lets its followers go on; false if that was done before.
     *
     * @param outcome none: nobody waits for it
     */
    private boolean end(Flight flight, @Nullable Outcome outcome) {
        if (!flight.end()) {
            return false;
        }
        admission.leave(flight);
        if (flight.job().clip()) {
            clips.release();
        }
        ScoreCache.Key key = flight.leads();
        if (key != null) {
            for (Flight follower : cache.finish(key, outcome)) {
                follow(follower, outcome);
            }
        }
        return true;
    }

    /** A follower gets what its leader got; one whose leader was given up goes its own way. */
    private void follow(Flight follower, @Nullable Outcome outcome) {
        if (outcome instanceof Outcome.Scored s) {
            finish(follower, known(follower, s.score(), s.by(), s.sha256(), 0));
        } else if (outcome instanceof Outcome.Rejected r) {
            finish(follower, r);
        } else {
            toPreparation(follower);
        }
    }

    private void fail(Fault found) {
        if (fault.compareAndSet(null, found)) {
            LOG.error("{}: {}", found.kind(), found.message());
            closing.countDown();
            onFault.accept(found);
        }
    }

    /** Stops; jobs that are still in flight are left without an outcome. Waits for the batch on the device, bounded. */
    @Override
    public void close() {
        closing.countDown();
        timer.shutdownNow();
        batcher.close();
        lanes.close();
        preparers.shutdownNow();
        clipPreparers.shutdownNow();
        // A call that hangs does not end.
        long patience = fault.get() == null ? TimeUnit.SECONDS.toNanos(CLOSE_SECONDS) : 0;
        try {
            long deadline = System.nanoTime() + patience;
            for (Thread worker : threads) {
                worker.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime())));
                if (worker.isAlive()) {
                    LOG.error("{}: the batch on the device did not end in time", worker.getName());
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
