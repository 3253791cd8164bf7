package io.realqa.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import org.jspecify.annotations.Nullable;

/** How far a clip is: a bar on a terminal, else a line now and then. One thread's. */
final class ClipProgress implements ClipScoring.Progress, AutoCloseable {
    private static final long LINE_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final PrintWriter err;
    private final boolean bars;
    private @Nullable ProgressBar bar;
    private long last = System.nanoTime();

    /** bars: whether the terminal's line is free for one. */
    ClipProgress(PrintWriter err, boolean bars) {
        this.err = err;
        this.bars = bars && Terminal.stderr();
    }

    @Override
    public void frames(Path clip, long done, long total) {
        if (bars) {
            if (bar == null) {
                bar = new ProgressBarBuilder()
                        .setTaskName(clip.getFileName().toString())
                        .setInitialMax(total)
                        .setUnit(" frames", 1)
                        .setUpdateIntervalMillis(200)
                        .clearDisplayOnFinish()
                        .build();
            }
            bar.maxHint(total).stepTo(done);
        } else if (!Terminal.stderr() && (done == total || System.nanoTime() - last > LINE_NANOS)) {
            last = System.nanoTime();
            err.println(clip + ": " + done + " of " + total + " frames");
            err.flush();
        }
    }

    /** Takes the bar away. */
    @Override
    public void close() {
        if (bar != null) {
            bar.close();
            bar = null;
        }
    }
}
