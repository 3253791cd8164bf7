package io.realqa.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Stops a service when the process is told to end, and waits until it has. A service that then ended well ends the process
 * with 0: by itself a JVM tells of the signal, which supervisors take for a failure.
 */
public final class StopHook {
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile int code;

    /**
     * Registers it.
     *
     * @param stop stops the service; called by another thread, also after it has ended by itself
     * @param seconds longest wait for {@link #ended}: what is freed natively may not be in use any more
     */
    public StopHook(Runnable stop, long seconds) {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> run(stop, seconds), "realqa-stop"));
    }

    private void run(Runnable stop, long seconds) {
        boolean told = ended.getCount() > 0;
        stop.run();
        try {
            if (ended.await(seconds, TimeUnit.SECONDS) && told && code == 0) {
                Runtime.getRuntime().halt(0);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The service has ended and nothing of it is in use. */
    public void ended(int exitCode) {
        code = exitCode;
        ended.countDown();
    }
}
