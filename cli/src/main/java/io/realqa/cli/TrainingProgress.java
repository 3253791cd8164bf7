package io.realqa.cli;

import io.realqa.trainer.training.TrainingListener;
import java.io.PrintWriter;
import java.util.Locale;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import org.jspecify.annotations.Nullable;

/** A bar on a terminal, a line every few seconds elsewhere. */
final class TrainingProgress implements TrainingListener, AutoCloseable {
    private static final long PLAIN_PROGRESS_NANOS = 5_000_000_000L;

    private final PrintWriter err;
    private final boolean terminal;
    private @Nullable ProgressBar bar;
    private long lastLine = System.nanoTime();

    TrainingProgress(PrintWriter err, boolean terminal) {
        this.err = err;
        this.terminal = terminal;
    }

    @Override
    public void planned(Plan plan) {
        line(String.format(
                Locale.ROOT,
                "%d images train, %d judge; %d steps%s; %,d parameters; %d passes at a time",
                plan.trainingImages(),
                plan.heldOutImages(),
                plan.steps(),
                plan.resumedAt() == 0 ? "" : ", of which " + plan.resumedAt() + " are done",
                plan.parameters(),
                plan.workers()));
        line(String.format(
                Locale.ROOT,
                "memory, estimated: %s (weights %s, adapter and optimiser %s, activations %s%s)",
                size(plan.memory().total()),
                size(plan.memory().weights()),
                size(plan.memory().adapter()),
                size(plan.memory().activations()),
                plan.memory().byLayers() ? ", layers computed again on the way back" : ""));
        open(plan.steps(), plan.resumedAt());
    }

    private void open(int steps, int done) {
        if (terminal) {
            bar = new ProgressBarBuilder()
                    .setTaskName("training")
                    .setInitialMax(steps)
                    .startsFrom(done, java.time.Duration.ZERO)
                    .setUpdateIntervalMillis(200)
                    .clearDisplayOnFinish()
                    .build();
        }
    }

    private static String size(long bytes) {
        return bytes < 1 << 30
                ? String.format(Locale.ROOT, "%.0f MiB", bytes / 1048576.0)
                : String.format(Locale.ROOT, "%.1f GiB", bytes / 1073741824.0);
    }

    @Override
    public void stepped(TrainingListener.Progress p) {
        String loss =
                String.format(Locale.ROOT, "loss %.4f, %.1f images/s", p.loss().crossEntropy(), p.imagesPerSecond());
        if (bar == null) {
            open(p.steps(), p.step() - 1); // an evaluation closed it
        }
        if (bar != null) {
            bar.setExtraMessage(loss);
            bar.stepTo(p.step());
        } else if (p.step() == p.steps() || System.nanoTime() - lastLine > PLAIN_PROGRESS_NANOS) {
            lastLine = System.nanoTime();
            line(String.format(
                    Locale.ROOT,
                    "step %d of %d, epoch %d: %s, %d:%02d left",
                    p.step(),
                    p.steps(),
                    p.epoch(),
                    loss,
                    p.remaining().toMinutes(),
                    p.remaining().toSecondsPart()));
        }
    }

    @Override
    public void evaluating(String model, int done, int of) {
        close();
        if (done == of) {
            line(of + " held-out images scored with the " + model);
        }
    }

    private void line(String text) {
        err.println(text);
        err.flush();
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
            bar = null;
        }
    }
}
