package io.realqa.cli.trainer;

import io.realqa.trainer.cycle.CycleListener;
import io.realqa.trainer.cycle.CycleRecord;
import io.realqa.trainer.training.TrainingListener;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** Tells how a cycle goes: a line that is drawn anew on a terminal, a line every few seconds elsewhere. */
public final class CyclePrinter implements CycleListener, TrainingListener {
    private static final long PLAIN_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final long TERMINAL_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private final PrintWriter out;
    private final boolean terminal;
    private long last = System.nanoTime();
    private boolean open;

    /** @param terminal whether a line can be drawn anew */
    public CyclePrinter(PrintWriter out, boolean terminal) {
        this.out = out;
        this.terminal = terminal;
    }

    @Override
    public void begun(CycleRecord cycle, int trainingImages, int heldOutImages, int left) {
        line(String.format(
                Locale.ROOT,
                "cycle %s for %s: %s (%s); %d images train, %d judge, %d on neither side",
                cycle.id(),
                cycle.platform(),
                cycle.cause(),
                cycle.why(),
                trainingImages,
                heldOutImages,
                left));
    }

    @Override
    public TrainingListener training() {
        return this;
    }

    @Override
    public void planned(Plan plan) {
        line(String.format(
                Locale.ROOT,
                "training: %d steps%s, %,d parameters",
                plan.steps(),
                plan.resumedAt() == 0 ? "" : ", of which " + plan.resumedAt() + " are done",
                plan.parameters()));
    }

    @Override
    public void stepped(Progress p) {
        progress(
                String.format(
                        Locale.ROOT,
                        "training: step %d of %d, epoch %d, loss %.3f, %.1f images/s, %d:%02d left",
                        p.step(),
                        p.steps(),
                        p.epoch(),
                        p.loss().crossEntropy(),
                        p.imagesPerSecond(),
                        p.remaining().toMinutes(),
                        p.remaining().toSecondsPart()),
                p.step() == p.steps());
    }

    @Override
    public void evaluating(String model, int done, int of) {
        progress(String.format(Locale.ROOT, "report: %s, %d of %d", model, done, of), done == of);
    }

    @Override
    public void judging(String model, int done, int of) {
        progress(String.format(Locale.ROOT, "gate: %s, %d of %d", model, done, of), done == of);
    }

    @Override
    public void reached(CycleRecord cycle) {
        switch (cycle.stage()) {
            case TRAINED -> line("trained: " + cycle.adapter());
            case JUDGED -> {
                line("gate: " + cycle.decision());
                cycle.reasons().forEach(r -> line("  " + r));
            }
            case RELEASED -> line("released: epoch " + cycle.epoch());
            case FAILED -> line("given up: " + cycle.reasons());
            case PLANNED -> {}
        }
    }

    private synchronized void progress(String text, boolean end) {
        long now = System.nanoTime();
        if (!end && now - last < (terminal ? TERMINAL_NANOS : PLAIN_NANOS)) {
            return;
        }
        last = now;
        if (terminal) {
            out.print("\r\033[K" + text + (end ? "\n" : ""));
            open = !end;
        } else {
            out.println(text);
        }
        out.flush();
    }

    private synchronized void line(String text) {
        if (open) {
            out.println();
            open = false;
        }
        out.println(text);
        out.flush();
    }
}
