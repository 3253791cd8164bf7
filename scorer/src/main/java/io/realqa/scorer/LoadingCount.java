package io.realqa.scorer;

/** Adds up what several threads have read of a checkpoint's files. Safe for any thread. */
final class LoadingCount {
    private final LoadingListener listener;
    private final long total;
    private long done;

    LoadingCount(LoadingListener listener, long total) {
        this.listener = listener;
        this.total = total;
    }

    synchronized void read(long bytes) {
        done = Math.min(total, done + bytes);
        listener.read(done, total);
    }

    /** What was not read because nobody needs it (headers, tied weights) counts as read. */
    void finish() {
        read(total);
    }
}
