package io.realqa.verify;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * What goes wrong on an instance's device, as the parent commands. Each fault is reported at the moment when it strikes,
 * and so is the one image of a call that it makes fail alone: for such an image, and for no other, a dead letter is
 * right. Thread-safe.
 */
final class DeviceFaults {
    private final Announcer announcer;
    private final long deviceMillis;
    private @Nullable String kind;
    private int left;

    DeviceFaults(Announcer announcer, long deviceMillis) {
        this.announcer = announcer;
        this.deviceMillis = deviceMillis;
    }

    /** The next calls go wrong. */
    synchronized void command(String fault, int calls) {
        kind = fault;
        left = calls;
    }

    private synchronized @Nullable String next() {
        if (left == 0) {
            return null;
        }
        left--;
        return kind;
    }

    /**
     * Spends a call's time on the device.
     *
     * @param sha256s of the batch's images
     * @return whether the call's answers are to be no numbers
     */
    boolean onCall(List<String> sha256s) {
        announcer.strike("batch");
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(deviceMillis));
        String fault = next();
        if (fault == null) {
            return false;
        }
        if (sha256s.size() == 1) {
            announcer.say("alone " + sha256s.get(0));
        }
        announcer.say("struck " + fault + " " + sha256s.size());
        switch (fault) {
            case "throw" -> throw new IllegalStateException("a commanded failure of the device");
            case "oom" -> throw new IllegalStateException("CUDA out of memory (commanded)");
            case "hang" -> hang();
            case "nan" -> {
                return true;
            }
            default -> throw new IllegalArgumentException("fault: " + fault + " (expected: throw, oom, nan or hang)");
        }
        return false;
    }

    /** Spends a plain call's time on the device. */
    void onProbe() {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(deviceMillis));
    }

    /** As a device driver does that never comes back: not even an interrupt ends it. */
    private static void hang() {
        while (true) {
            LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(1));
            Thread.interrupted();
        }
    }
}
