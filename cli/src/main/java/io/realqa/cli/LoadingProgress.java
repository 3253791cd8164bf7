package io.realqa.cli;

import io.realqa.scorer.Checkpoint;
import io.realqa.scorer.Compute;
import io.realqa.scorer.LoadingListener;
import io.realqa.scorer.Precision;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;

/** How far a checkpoint's loading is, where it takes more than a moment. Safe for any thread. */
public final class LoadingProgress implements LoadingListener, AutoCloseable {
    private final ProgressLine line;

    private LoadingProgress(ProgressLine line) {
        this.line = line;
    }

    /** In lines only, where others write to the terminal meanwhile. */
    static LoadingProgress inLines(PrintWriter err, Path checkpoint) {
        return new LoadingProgress(ProgressLine.inLines(err, task(checkpoint)));
    }

    /** On a terminal with a bar. */
    static LoadingProgress of(PrintWriter err, Path checkpoint) {
        return new LoadingProgress(ProgressLine.of(err, task(checkpoint)));
    }

    private static ProgressLine.Task task(Path checkpoint) {
        return new ProgressLine.Task(
                "loading " + checkpoint.getFileName(), -1, 0, "MiB", 1 << 20, Duration.ofSeconds(1));
    }

    /** Loads a checkpoint for this machine and says how far it is. */
    public static Checkpoint load(PrintWriter err, Path folder, Precision precision) {
        try (LoadingProgress shown = of(err, folder)) {
            return Checkpoint.load(folder, Compute.ofThisMachine(precision), shown);
        }
    }

    /** Each byte is read for the weights and for the digest. */
    @Override
    public void read(long done, long total) {
        line.to(done / 2, total / 2);
    }

    /** Takes the bar away. */
    @Override
    public void close() {
        line.close();
    }
}
