package io.realqa.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import org.jspecify.annotations.Nullable;

/**
 * How far something is: a bar on a terminal, elsewhere a line every five seconds, and one at the end if there was one
 * before or it was asked for. Safe for any thread.
 */
public final class ProgressLine implements AutoCloseable {
    private static final long LINE_NANOS = TimeUnit.SECONDS.toNanos(5);

    /**
     * What is done.
     *
     * @param total how much there is to do; -1: nobody knows
     * @param done how much of it was done before
     * @param unit what is counted, such as images
     * @param size how many make one unit, such as a million bytes
     * @param patience nothing is shown of what ends sooner
     * @param ends whether the end has a line, however soon it comes
     */
    public record Task(String name, long total, long done, String unit, long size, Duration patience, boolean ends) {
        public Task(String name, long total, long done, String unit, long size, Duration patience) {
            this(name, total, done, unit, size, patience, false);
        }

        /** Counted one by one, from the start. */
        public Task(String name, long total, String unit) {
            this(name, total, 0, unit, 1, Duration.ZERO);
        }
    }

    private final PrintWriter err;
    private final Task task;
    private final boolean bars;
    private final LongSupplier nanoTime;
    private final long start;
    private long done;
    private long total;
    private long lastLine;
    private boolean shown;
    private boolean closed;
    private String note = "";
    private @Nullable ProgressBar bar;

    /** @param bars whether the terminal's line is free for one */
    ProgressLine(PrintWriter err, Task task, boolean bars, LongSupplier nanoTime) {
        this.err = err;
        this.task = task;
        this.bars = bars;
        this.nanoTime = nanoTime;
        this.start = nanoTime.getAsLong();
        this.lastLine = start;
        this.done = task.done;
        this.total = task.total;
        show();
    }

    /** On a terminal with a bar. */
    public static ProgressLine of(PrintWriter err, Task task) {
        return new ProgressLine(err, task, Terminal.stderr(), System::nanoTime);
    }

    /** In lines only, where others write to the terminal meanwhile. */
    public static ProgressLine inLines(PrintWriter err, Task task) {
        return new ProgressLine(err, task, false, System::nanoTime);
    }

    /** So much is done. */
    public synchronized void to(long now) {
        done = now;
        show();
    }

    /** So much is done of what is now known to be there. */
    public synchronized void to(long now, long of) {
        total = of;
        to(now);
    }

    /** So much more is done. */
    public synchronized void by(long more) {
        to(done + more);
    }

    /** What stands behind the numbers from now on. */
    public synchronized void note(String text) {
        note = Terminal.plain(text);
    }

    private void show() {
        long now = nanoTime.getAsLong();
        if (closed || now - start < task.patience.toNanos()) {
            return;
        }
        if (bars) {
            if (bar == null) {
                bar = bar();
            }
            bar.maxHint(total).stepTo(done).setExtraMessage(note);
        } else if (now - lastLine > LINE_NANOS || ((shown || task.ends) && done == total)) {
            lastLine = now;
            shown = true;
            String of = total < 0 ? "" : " of " + total / task.size;
            err.println(
                    task.name + ": " + done / task.size + of + " " + task.unit + (note.isEmpty() ? "" : "; " + note));
            err.flush();
        }
    }

    private ProgressBar bar() {
        return new ProgressBarBuilder()
                .setTaskName(task.name)
                .setInitialMax(total)
                .startsFrom(task.done, Duration.ZERO)
                .setUnit(" " + task.unit, task.size)
                .showSpeed()
                .setUpdateIntervalMillis(200)
                .clearDisplayOnFinish()
                .build();
    }

    /** Takes the bar away. Nothing is shown afterwards. */
    @Override
    public synchronized void close() {
        closed = true;
        if (bar != null) {
            bar.close();
            bar = null;
        }
    }
}
