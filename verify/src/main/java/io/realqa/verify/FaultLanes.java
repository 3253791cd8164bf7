package io.realqa.verify;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Sees to it that each planned fault comes at its time, lane by lane, and records how it went. Thread-safe. */
final class FaultLanes {
    private static final int INSTANCE_THREADS = 3;
    /** On a slow machine an instance is left in peace until the service has got on, but no longer than this. */
    private static final long LONGEST_PEACE_NANOS = TimeUnit.SECONDS.toNanos(20);

    private static final int LOOK_MILLIS = 50;

    /** @param problem why it could not be injected; null: it was */
    record Done(
            FaultPlan.Planned fault,
            long atMillis,
            String proof,
            @Nullable String problem) {}

    private final Injector injector;
    private final List<FaultPlan.Planned> plan;
    private final Path log;
    private final LongSupplier results;
    private final long resultsBetween;
    private final Object peace = new Object();
    private final Map<FaultKind.Lane, ExecutorService> lanes = new EnumMap<>(FaultKind.Lane.class);
    private final List<Done> done = new ArrayList<>();
    private final AtomicInteger finished = new AtomicInteger();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private volatile long start;
    /** Results at the last fault of an instance; guarded by peace. */
    private long resultsAtLast;

    /**
     * @param log takes a line for each fault
     * @param results committed so far
     * @param resultsBetween results that are to come between two faults of instances; 0: none
     */
    FaultLanes(Injector injector, List<FaultPlan.Planned> plan, Path log, LongSupplier results, long resultsBetween) {
        this.injector = injector;
        this.plan = plan;
        this.log = log;
        this.results = results;
        this.resultsBetween = resultsBetween;
    }

    void start() {
        start = System.nanoTime();
        for (FaultKind.Lane lane : FaultKind.Lane.values()) {
            int threads = lane == FaultKind.Lane.INSTANCES ? INSTANCE_THREADS : 1;
            lanes.put(lane, Executors.newFixedThreadPool(threads, r -> {
                Thread thread = new Thread(r, "faults-" + lane);
                thread.setDaemon(true);
                return thread;
            }));
        }
        for (FaultPlan.Planned fault : plan) {
            ExecutorService lane = lanes.get(fault.kind().lane());
            if (lane != null) {
                lane.execute(() -> inject(fault));
            }
        }
    }

    private long millis() {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
    }

    private void inject(FaultPlan.Planned fault) {
        try {
            TimeUnit.MILLISECONDS.sleep(Math.max(0, fault.atMillis() - millis()));
            if (fault.kind().lane() == FaultKind.Lane.INSTANCES) {
                awaitResults();
            }
            long at = millis();
            try {
                record(new Done(fault, at, injector.inject(fault), null));
            } catch (RuntimeException e) {
                record(new Done(fault, at, "", String.valueOf(e.getMessage())));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** A service that never gets to do anything would pass without having been tested. */
    private void awaitResults() throws InterruptedException {
        synchronized (peace) {
            long deadline = System.nanoTime() + LONGEST_PEACE_NANOS;
            while (results.getAsLong() < resultsAtLast + resultsBetween && System.nanoTime() < deadline) {
                TimeUnit.MILLISECONDS.timedWait(peace, LOOK_MILLIS);
            }
            resultsAtLast = results.getAsLong();
        }
    }

    private synchronized void record(Done fault) {
        done.add(fault);
        finished.incrementAndGet();
        try (PrintWriter to = new PrintWriter(Files.newBufferedWriter(
                log,
                StandardCharsets.UTF_8,
                java.nio.file.StandardOpenOption.CREATE,
                java.nio.file.StandardOpenOption.APPEND))) {
            to.printf(
                    "%8d ms  %3d  %-22s %s%n",
                    fault.atMillis(),
                    fault.fault().number(),
                    fault.fault().kind(),
                    fault.problem() == null ? fault.proof() : "NOT INJECTED: " + fault.problem());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Faults that were injected or could not be. */
    int finished() {
        return finished.get();
    }

    boolean done() {
        return finished() == plan.size();
    }

    synchronized List<Done> all() {
        return List.copyOf(done);
    }

    /** A line for each planned fault that was not injected. */
    synchronized List<String> notInjected() {
        List<String> missing = new ArrayList<>();
        for (FaultPlan.Planned fault : plan) {
            List<Done> of = done.stream().filter(d -> d.fault().equals(fault)).toList();
            if (of.isEmpty()) {
                missing.add("fault " + fault.number() + " " + fault.kind() + ": it never came to it");
            } else if (of.get(0).problem() != null) {
                missing.add("fault " + fault.number() + " " + fault.kind() + ": "
                        + of.get(0).problem());
            }
        }
        return missing;
    }

    /** Something besides the faults failed: the run ends with it. */
    void fail(Throwable cause) {
        failure.compareAndSet(null, cause);
    }

    void rethrow() {
        Throwable cause = failure.get();
        if (cause != null) {
            throw new IllegalStateException(cause.getMessage(), cause);
        }
    }

    void stop() throws InterruptedException {
        lanes.values().forEach(ExecutorService::shutdownNow);
        for (ExecutorService lane : lanes.values()) {
            if (!lane.awaitTermination(30, TimeUnit.SECONDS)) {
                throw new IllegalStateException("a fault did not end within 30 s");
            }
        }
    }
}
