package io.realqa.verify;

import java.util.function.DoubleSupplier;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;

/**
 * How many uploads are to have been sent by now: at the wanted rate, but while the load is ahead of the faults only at a
 * fraction of it, so that no fault comes when there is nothing left to do. Owned by the thread that sends.
 */
final class Pace implements DoubleSupplier {
    /** Faults that the load may be ahead of. */
    private static final int AHEAD = 2;
    /** Part of the load that is kept for the last faults. */
    private static final double RESERVE = 0.04;

    private static final double SLOW = 0.05;

    private final FireOptions options;
    private final int faults;
    private final IntSupplier finished;
    private final LongSupplier nanoClock;
    private long last;
    private double due;

    /** @param finished how many of the faults are done */
    Pace(FireOptions options, int faults, IntSupplier finished, LongSupplier nanoClock) {
        this.options = options;
        this.faults = faults;
        this.finished = finished;
        this.nanoClock = nanoClock;
        this.last = nanoClock.getAsLong();
    }

    @Override
    public double getAsDouble() {
        long now = nanoClock.getAsLong();
        double share = (now - last) / 1e9 * options.rate();
        last = now;
        due += due < allowed() ? share : share * SLOW;
        return due;
    }

    private double allowed() {
        int done = finished.getAsInt();
        if (done >= faults) {
            return options.uploads();
        }
        return options.uploads() * Math.min(1 - RESERVE, (double) (done + AHEAD) / faults);
    }
}
