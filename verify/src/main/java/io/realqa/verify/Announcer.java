package io.realqa.verify;

import java.io.PrintStream;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * What an instance tells its parent, line by line, each with a mark in front; and the one place of the program at which
 * it is to stand still, so that the parent's kill finds it there. Thread-safe.
 */
final class Announcer {
    /** In front of every line that is meant for the parent. */
    static final char MARK = '@';

    /** The kill follows at once; if none comes, the instance goes on. */
    private static final long HOLD_NANOS = TimeUnit.SECONDS.toNanos(3);

    private final PrintStream out;
    private final AtomicReference<String> armed = new AtomicReference<>("");

    Announcer(PrintStream out) {
        this.out = out;
    }

    void say(String line) {
        synchronized (out) {
            out.println(MARK + line);
            out.flush();
        }
    }

    /** The place at which the instance is to stand still the next time that it comes by. */
    void arm(String place) {
        armed.set(place);
    }

    /** The program comes by a place. */
    void strike(String place) {
        String at = armed.get();
        // The reference compares: two threads at the same place, and one of them alone stands still.
        if (place.equals(at) && armed.compareAndSet(at, "")) {
            say("at " + place);
            LockSupport.parkNanos(HOLD_NANOS);
        }
    }
}
