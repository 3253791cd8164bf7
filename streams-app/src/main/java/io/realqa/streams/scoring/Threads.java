package io.realqa.streams.scoring;

/** Threads of the engine. */
final class Threads {
    private Threads() {}

    /** A thread that does not keep the process alive. */
    static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }
}
