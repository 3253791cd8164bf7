package io.realqa.verify;

import io.realqa.events.AdapterRelease;
import io.realqa.events.AdapterStatus;
import io.realqa.events.ReleaseState;
import io.realqa.schemas.ReleaseKey;
import io.realqa.schemas.ReleaseKey.Slot;
import io.realqa.streams.adapters.AdapterAdmin;
import io.realqa.streams.adapters.Fleet.Progress;
import io.realqa.streams.adapters.ReleaseBook;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Releases one adapter after the other, forward to new ones, back to earlier ones and by rollbacks, and sees that every
 * living instance follows before the next. Thread-safe.
 */
final class Swapper {
    private static final Logger LOG = LoggerFactory.getLogger(Swapper.class);
    private static final ReleaseKey EVERYWHERE = new ReleaseKey(ReleaseKey.ALL, Slot.ACTIVE);
    /** A killed instance counts as living for three heartbeats, a new one has to start. */
    private static final Duration LONGEST = Duration.ofSeconds(90);

    private static final long LOOK_MILLIS = 100;

    private final @Nullable AdapterAdmin admin;
    private final int swaps;
    private final long shareMillis;
    private final SplittableRandom random;
    private final Map<Long, String> released = new ConcurrentHashMap<>();
    private final List<String> problems = new ArrayList<>();
    private final AtomicInteger finished = new AtomicInteger();
    private final Thread thread = new Thread(this::run, "swaps");
    private volatile long lastEpoch;
    private volatile @Nullable Throwable failure;

    /**
     * @param admin null where nothing is to be released
     * @param duration over which the releases are spread
     */
    Swapper(@Nullable AdapterAdmin admin, int swaps, long seed, Duration duration) {
        this.admin = admin;
        this.swaps = swaps;
        this.shareMillis = duration.toMillis() / Math.max(1, swaps);
        this.random = new SplittableRandom(seed * 31 + 11);
        this.thread.setDaemon(true);
    }

    private AdapterAdmin admin() {
        return Objects.requireNonNull(admin, "releases need an operator");
    }

    void start() {
        thread.start();
    }

    private void run() {
        long start = System.nanoTime();
        try {
            for (int i = 0; i < swaps; i++) {
                long due = i * shareMillis + random.nextLong(Math.max(1, shareMillis));
                TimeUnit.MILLISECONDS.sleep(
                        Math.max(0, due - TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start)));
                swap(i);
                finished.incrementAndGet();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            failure = e;
        }
    }

    private void swap(int number) throws InterruptedException {
        long began = System.nanoTime();
        ReleaseBook.Entry release = persistently("read the releases", () -> next(number, admin().releases()));
        long epoch = release.event().getEpoch();
        released.put(epoch, String.valueOf(release.event().getAdapterDigest()));
        // What was written though nobody said so is written again, as the same epoch with the same content.
        persistently("publish epoch " + epoch, () -> {
            admin().publish(release);
            return release;
        });
        lastEpoch = epoch;
        Progress progress = null;
        while (System.nanoTime() - began < LONGEST.toNanos()) {
            progress = progress(epoch);
            if (progress != null && progress.done()) {
                break;
            }
            TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
        }
        LOG.info(
                "epoch {} is {}, everywhere after {} ms",
                epoch,
                release.event().getAdapterDigest(),
                TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began));
        if (progress == null || !progress.done() || !progress.refusing().isEmpty()) {
            problem("epoch " + epoch + " after " + LONGEST + ": " + progress);
        }
    }

    private ReleaseBook.Entry next(int number, ReleaseBook book) {
        Instant now = Instant.now();
        boolean back = number > 1 && random.nextBoolean();
        if (back && random.nextBoolean()) {
            return book.rollback(ReleaseKey.ALL, now);
        }
        int adapter = back ? random.nextInt(number) : number;
        AdapterRelease content = AdapterRelease.newBuilder()
                .setPlatform(ReleaseKey.ALL)
                .setEpoch(0)
                .setState(ReleaseState.UNKNOWN)
                .setAdapterDigest("sha256:released-" + adapter)
                .setBaseDigest("sha256:synthetic")
                .setProfileDigest("sha256:profile")
                .setReleasedAt(now)
                .build();
        return book.release(EVERYWHERE, content, 1, now);
    }

    private interface Call<T> {
        T make() throws InterruptedException;
    }

    /** Brokers and the registry come and go meanwhile. */
    private static <T> T persistently(String what, Call<T> call) throws InterruptedException {
        long deadline = System.nanoTime() + LONGEST.toNanos();
        while (true) {
            try {
                return call.make();
            } catch (RuntimeException e) {
                if (System.nanoTime() > deadline) {
                    throw new IllegalStateException("could not " + what + ": " + e.getMessage(), e);
                }
                TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
            }
        }
    }

    private @Nullable Progress progress(long epoch) {
        try {
            return admin().fleet().progress(EVERYWHERE, epoch, Instant.now());
        } catch (RuntimeException e) {
            return null; // a call that met a broker on its way
        }
    }

    private synchronized void problem(String what) {
        problems.add(what);
    }

    /** Whether every slot's instance serves the last release, in time. */
    void awaitConverged(Fleet fleet) throws InterruptedException {
        if (swaps == 0) {
            return;
        }
        long deadline = System.nanoTime() + LONGEST.toNanos();
        Set<String> missing = new HashSet<>();
        do {
            missing.clear();
            fleet.runningSlots().forEach(s -> missing.add(InstanceSettings.worker(s)));
            Progress progress = progress(lastEpoch);
            if (progress != null) {
                progress.serving().stream().map(AdapterStatus::getWorkerId).forEach(missing::remove);
            }
            if (missing.isEmpty()) {
                return;
            }
            TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
        } while (System.nanoTime() < deadline);
        problem("epoch " + lastEpoch + ", the last, is not served by " + missing);
    }

    /** The adapter of each epoch that was released. */
    Map<Long, String> released() {
        return Map.copyOf(released);
    }

    synchronized List<String> problems() {
        return List.copyOf(problems);
    }

    int finished() {
        return finished.get();
    }

    boolean done() {
        return finished() == swaps;
    }

    void rethrow() {
        Throwable cause = failure;
        if (cause != null) {
            throw new IllegalStateException(cause.getMessage(), cause);
        }
    }

    void stop() throws InterruptedException {
        thread.interrupt();
        thread.join(TimeUnit.SECONDS.toMillis(60));
    }
}
