package io.realqa.streams.scoring;

import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/** Tells when a device call has taken too long. Pure but for what it is told; its owner's timer asks it. */
final class Watchdog {
    private final List<DeviceWorker> workers;
    private final Duration limit;
    private final Consumer<Fault> onHang;

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
        for (int i = 0; i < workers.size(); i++) {
            long nanos = workers.get(i).callNanos(nowNanos);
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
