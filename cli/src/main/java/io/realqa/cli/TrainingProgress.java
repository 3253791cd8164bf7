package io.realqa.cli;

import io.realqa.trainer.training.TrainingListener;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** How far a training is, and how it goes. */
final class TrainingProgress implements TrainingListener, AutoCloseable {
    private final PrintWriter err;
    private @Nullable ProgressLine shown;

    TrainingProgress(PrintWriter err) {
        this.err = err;
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

    private ProgressLine open(int steps, int done) {
        ProgressLine line =
                ProgressLine.of(err, new ProgressLine.Task("training", steps, done, "steps", 1, Duration.ZERO));
        shown = line;
        return line;
    }

    private static String size(long bytes) {
        return bytes < 1 << 30
                ? String.format(Locale.ROOT, "%.0f MiB", bytes / 1048576.0)
                : String.format(Locale.ROOT, "%.1f GiB", bytes / 1073741824.0);
    }

    @Override
    public void stepped(TrainingListener.Progress p) {
        ProgressLine line = shown == null ? open(p.steps(), p.step() - 1) : shown; // an evaluation closed it
        line.note(String.format(
                Locale.ROOT,
                "epoch %d: loss %.4f, %.1f images/s, %d:%02d left",
                p.epoch(),
                p.loss().crossEntropy(),
                p.imagesPerSecond(),
                p.remaining().toMinutes(),
                p.remaining().toSecondsPart()));
        line.to(p.step());
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
        if (shown != null) {
            shown.close();
            shown = null;
        }
    }
}
