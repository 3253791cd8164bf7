package io.realqa.streams.scoring;

import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.realqa.streams.content.ContentRejectedException;
import io.realqa.streams.content.ContentSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Fetches content, host by host: each host has a lane of its own with room for a share of what may be in flight, so that
 * a slow one does not stop the others, and a circuit breaker, so that one that is down is left alone for a while and its
 * images wait rather than fail. Thread-safe.
 */
final class FetchLanes implements AutoCloseable {

    /** Where results go, on a fetching thread. Each flight that was taken comes back exactly once, unless closed. */
    interface Results {
        void fetched(Flight flight, byte[] content, long nanos);

        void failed(Flight flight, Reason reason, String message, int attempts);

        void failedUnexpectedly(Flight flight, Throwable cause);

        /** Nobody waits for it any more. */
        void dropped(Flight flight);
    }

    private static final int THREADS = 64;
    private static final long IDLE_SECONDS = 10;
    /** Lanes that are remembered while nothing is fetched on them. */
    private static final int MOST_LANES = 1_000;
    /** Slow lanes that may fill up before others notice. */
    private static final int SHARES = 4;
    /** Of the room that fetches take before anything has come a lane may have half: it would be idle otherwise. */
    private static final int SHARES_OF_ROOM = 2;

    private static final float FAILURES_PERCENT = 50;
    private static final int LOOK_BACK = 20;
    private static final int LEAST_CALLS = 10;
    private static final int TRIALS = 2;
    private static final long WAKE_MILLIS = 100;

    /** One host's. Guarded by the lanes' lock. */
    private static final class Lane {
        final String name;
        final CircuitBreaker breaker;
        final Deque<Flight> waiting = new ArrayDeque<>();
        int running;
        boolean sleeps;

        Lane(String name, CircuitBreaker breaker) {
            this.name = name;
            this.breaker = breaker;
        }

        int size() {
            return waiting.size() + running;
        }
    }

    private final ContentSource source;
    private final EngineConfig.Fetch config;
    private final int share;
    /** Of a lane whose host fails: what waits there takes room from others for as long as it waits. */
    private final int shareInTrouble;

    private final LongSupplier clock;
    private final Results results;
    private final CircuitBreakerConfig breakers;
    private final Map<String, Lane> lanes = new LinkedHashMap<>();
    private final ThreadPoolExecutor threads;
    private final ScheduledExecutorService timer;

    /**
     * @param images that the engine admits at a time
     * @param fetches that find room in its bytes at a time
     */
    FetchLanes(
            ContentSource source,
            EngineConfig.Fetch config,
            int images,
            long fetches,
            LongSupplier nanoClock,
            Results results) {
        this.source = source;
        this.config = config;
        this.share = (int) Math.max(1, Math.min(images / SHARES, fetches / SHARES_OF_ROOM));
        this.shareInTrouble = (int) Math.max(1, Math.min(share, fetches / SHARES));
        this.clock = nanoClock;
        this.results = results;
        this.breakers = CircuitBreakerConfig.custom()
                .failureRateThreshold(FAILURES_PERCENT)
                .slidingWindow(LOOK_BACK, LEAST_CALLS, CircuitBreakerConfig.SlidingWindowType.COUNT_BASED)
                .waitDurationInOpenState(config.pause())
                .permittedNumberOfCallsInHalfOpenState(TRIALS)
                .build();
        // Its queue is bounded by the engine's limits.
        this.threads = new ThreadPoolExecutor(
                THREADS,
                THREADS,
                IDLE_SECONDS,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                r -> Threads.daemon(r, "realqa-fetch"));
        threads.allowCoreThreadTimeOut(true);
        this.timer = new ScheduledThreadPoolExecutor(1, r -> Threads.daemon(r, "realqa-lanes"));
    }

    /** Whether the lane has room for one more. */
    boolean hasRoom(String name) {
        synchronized (lanes) {
            Lane lane = lanes.get(name);
            return lane == null || lane.size() < (troubled(lane) ? shareInTrouble : share);
        }
    }

    /** Takes a flight that was admitted. */
    void add(String name, Flight flight) {
        synchronized (lanes) {
            Lane lane = lanes.computeIfAbsent(name, n -> new Lane(n, CircuitBreaker.of(n, breakers)));
            lane.waiting.add(flight);
        }
        pump(name);
    }

    /** Lanes whose host is left alone now. */
    int avoided() {
        synchronized (lanes) {
            return (int) lanes.values().stream().filter(FetchLanes::troubled).count();
        }
    }

    private static boolean troubled(Lane lane) {
        return lane.breaker.getState() != CircuitBreaker.State.CLOSED;
    }

    /** Starts what may start on a lane, and ends what has waited too long. */
    private void pump(String name) {
        List<Flight> starting = new ArrayList<>();
        List<Flight> late = new ArrayList<>();
        List<Flight> dropped = new ArrayList<>();
        Lane lane;
        synchronized (lanes) {
            lane = lanes.get(name);
            if (lane == null) {
                return;
            }
            while (!lane.waiting.isEmpty() && lane.running < config.perHost()) {
                if (!lane.breaker.tryAcquirePermission()) {
                    long now = clock.getAsLong();
                    long longest = config.patience().toNanos();
                    lane.waiting.removeIf(f -> f.cancelled() && dropped.add(f));
                    lane.waiting.removeIf(f -> now - f.submittedNanos() > longest && late.add(f));
                    sleep(lane);
                    break;
                }
                lane.running++;
                starting.add(lane.waiting.remove());
            }
            forgetIfIdle(lane);
        }
        for (Flight flight : starting) {
            start(lane, flight);
        }
        dropped.forEach(results::dropped);
        for (Flight flight : late) {
            results.failed(
                    flight,
                    Reason.HOST_UNAVAILABLE,
                    "host: " + name + " failed too often and was left alone for longer than " + config.patience()
                            + " (expected: an answer)",
                    0);
        }
    }

    private void sleep(Lane lane) {
        if (lane.sleeps || lane.waiting.isEmpty()) {
            return;
        }
        try {
            timer.schedule(
                    () -> {
                        synchronized (lanes) {
                            lane.sleeps = false;
                        }
                        pump(lane.name);
                    },
                    WAKE_MILLIS,
                    TimeUnit.MILLISECONDS);
            lane.sleeps = true;
        } catch (RejectedExecutionException e) {
            // Closed: nobody waits for the outcomes.
            lane.sleeps = true;
        }
    }

    private void forgetIfIdle(Lane lane) {
        if (lane.size() == 0 && lanes.size() > MOST_LANES) {
            lanes.remove(lane.name);
        }
    }

    private void start(Lane lane, Flight flight) {
        try {
            threads.execute(() -> fetch(lane, flight));
        } catch (RejectedExecutionException e) {
            // close() came in between.
            lane.breaker.releasePermission();
            results.dropped(flight);
        }
    }

    private void fetch(Lane lane, Flight flight) {
        Runnable result = fetched(lane, flight);
        // Before anybody is told: whoever offers the next one then finds room for it.
        synchronized (lanes) {
            lane.running--;
        }
        try {
            result.run();
        } catch (Throwable e) {
            results.failedUnexpectedly(flight, e);
        } finally {
            pump(lane.name);
        }
    }

    /** @return what is to be told */
    private Runnable fetched(Lane lane, Flight flight) {
        long start = clock.getAsLong();
        try {
            if (flight.cancelled()) {
                lane.breaker.releasePermission();
                return () -> results.dropped(flight);
            }
            String uri = String.valueOf(flight.job().uri());
            byte[] content = flight.job().clip() ? source.fetchClip(uri) : source.fetch(uri);
            long nanos = clock.getAsLong() - start;
            lane.breaker.onSuccess(nanos, TimeUnit.NANOSECONDS);
            return () -> results.fetched(flight, content, nanos);
        } catch (ContentRejectedException e) {
            long nanos = clock.getAsLong() - start;
            if (e.passing()) {
                lane.breaker.onError(nanos, TimeUnit.NANOSECONDS, e);
            } else {
                lane.breaker.onSuccess(nanos, TimeUnit.NANOSECONDS);
            }
            Reason reason = Reason.valueOf(e.reason().name());
            return () -> results.failed(flight, reason, String.valueOf(e.getMessage()), e.attempts());
        } catch (Throwable e) {
            lane.breaker.releasePermission();
            return () -> results.failedUnexpectedly(flight, e);
        }
    }

    /** Ends the fetches under way; flights that are still here do not come back. */
    @Override
    public void close() {
        timer.shutdownNow();
        threads.shutdownNow();
        source.close();
    }
}
