package io.realqa.streams.scoring;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Tells when a device call has taken too long. Pure but for what it is told; its owner's timer asks it, on one thread. If
 * it was not asked for a while, the whole process stood still, and so did the device's clock for it.
 */
final class Watchdog {
    /** Time between two questions after which the process counts as having stood still; a busy machine takes less. */
    private static final long STANDSTILL_NANOS = TimeUnit.SECONDS.toNanos(4);

    private final List<DeviceWorker> workers;
    private final Duration limit;
    private final Consumer<Fault> onHang;
    private long lastLook;
    private long wokeUp;
    private boolean looked;

    Watchdog(List<DeviceWorker> workers, Duration limit, Consumer<Fault> onHang) {
        this.workers = List.copyOf(workers);
        this.limit = limit;
        this.onHang = onHang;
    }

    /** How often to look, so that a hang is seen within a tenth over its limit. */
    long periodMillis() {
        return Math.max(1, Math.min(1_000, limit.toMillis() / 10));
    }

    void look(long nowNanos) {
        if (!looked || nowNanos - lastLook > STANDSTILL_NANOS) {
            wokeUp = nowNanos;
        }
        looked = true;
        lastLook = nowNanos;
        for (int i = 0; i < workers.size(); i++) {
            long nanos = Math.min(workers.get(i).callNanos(nowNanos), nowNanos - wokeUp);
            if (nanos > limit.toNanos()) {
                onHang.accept(new Fault(
                        Fault.Kind.HUNG,
                        "device call of worker " + i + ": unfinished after "
                                + Duration.ofNanos(nanos).toMillis() + " ms (expected: at most " + limit.toMillis()
                                + " ms)"));
            }
        }
    }
}
