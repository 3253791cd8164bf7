package io.realqa.cli;

import io.realqa.scorer.Checkpoint;
import io.realqa.scorer.Compute;
import io.realqa.scorer.LoadingListener;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import org.jspecify.annotations.Nullable;

/**
 * How far a checkpoint's loading is, where it takes more than a moment: a bar on a terminal, else a line now and then. Safe
 * for any thread.
 */
public final class LoadingProgress implements LoadingListener, AutoCloseable {
    private static final long MOMENT_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long LINE_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final PrintWriter err;
    private final Path checkpoint;
    private final boolean bars;
    private final LongSupplier nanoTime;
    private final long start;
    private long lastLine;
    private @Nullable ProgressBar bar;
    private boolean closed;

    /**
     * Begins.
     *
     * @param bars whether the terminal's line is free for one
     */
    LoadingProgress(PrintWriter err, Path checkpoint, boolean bars, LongSupplier nanoTime) {
        this.err = err;
        this.checkpoint = checkpoint;
        this.bars = bars;
        this.nanoTime = nanoTime;
        this.start = nanoTime.getAsLong();
        this.lastLine = start;
    }

    /** In lines only, where others write to the terminal meanwhile. */
    static LoadingProgress inLines(PrintWriter err, Path checkpoint) {
        return new LoadingProgress(err, checkpoint, false, System::nanoTime);
    }

    /** On a terminal with a bar. */
    static LoadingProgress of(PrintWriter err, Path checkpoint) {
        return new LoadingProgress(err, checkpoint, Terminal.stderr(), System::nanoTime);
    }

    /** Loads a checkpoint for this machine and says how far it is. */
    public static Checkpoint load(PrintWriter err, Path folder) {
        try (LoadingProgress shown = of(err, folder)) {
            return Checkpoint.load(folder, Compute.ofThisMachine(), shown);
        }
    }

    @Override
    public synchronized void read(long done, long total) {
        long now = nanoTime.getAsLong();
        if (closed || now - start < MOMENT_NANOS) {
            return;
        }
        if (bars) {
            if (bar == null) {
                bar = new ProgressBarBuilder()
                        .setTaskName("loading " + checkpoint.getFileName())
                        .setInitialMax(total / 2) // each byte is read for the weights and for the digest
                        .setUnit(" MiB", 1 << 20)
                        .setUpdateIntervalMillis(200)
                        .clearDisplayOnFinish()
                        .build();
            }
            bar.stepTo(done / 2);
        } else if (now - lastLine > LINE_NANOS) {
            lastLine = now;
            err.println("loading " + checkpoint + ": " + 100 * done / total + " %");
            err.flush();
        }
    }

    /** Takes the bar away. */
    @Override
    public synchronized void close() {
        closed = true;
        if (bar != null) {
            bar.close();
            bar = null;
        }
    }
}
