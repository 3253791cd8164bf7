package io.realqa.scorer;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * Keeps the process from ending within a native call of training: libtorch's own objects are destroyed at the exit, and a
 * thread that still computes with them would crash. Once the process is ending, no more calls begin.
 */
final class ExitGate {
    /** A pass takes seconds; after so many the exit goes on, whatever runs. */
    private static final long LONGEST_SECONDS = 60;

    private static final ReentrantReadWriteLock GATE = new ReentrantReadWriteLock();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(ExitGate::shut, "realqa-exit-gate"));
    }

    private ExitGate() {}

    /** To be held during a call; it is not to be had any more when the process ends. */
    static Lock open() {
        return GATE.readLock();
    }

    private static void shut() {
        try {
            // never unlocked: who waits for it waits until the process is gone
            if (!GATE.writeLock().tryLock(LONGEST_SECONDS, TimeUnit.SECONDS)) {
                System.err.println("realqa: a training step still runs after " + LONGEST_SECONDS + " s; ending");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
