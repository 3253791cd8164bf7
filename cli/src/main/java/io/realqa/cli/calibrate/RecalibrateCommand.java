package io.realqa.cli.calibrate;

import io.realqa.cli.Failures;
import io.realqa.streams.ServiceConfig;
import io.realqa.streams.replay.Recalibration;
import io.realqa.streams.replay.ReplayException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Puts past score events on the scale of the calibrations in force. */
@Command(
        name = "replay",
        mixinStandardHelpOptions = true,
        description = {
            "Writes past score events anew with the calibrations of the settings, to a compacted topic of their own.",
            "It may be interrupted and repeated: what was written for the same calibrations is not written again."
        },
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {"0:done", "1:it stopped early, or some records could not be read", "2:wrong usage or settings"})
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class RecalibrateCommand implements Callable<Integer> {
    private static final long SHOWN_EVERY_NANOS = 500_000_000;

    @Option(
            names = "--config",
            required = true,
            paramLabel = "FILE",
            description = "the service's settings, with a section calibration")
    private Path config;

    @Option(names = "--dry-run", description = "only count; nothing is written")
    private boolean dryRun;

    @Spec
    private CommandSpec spec;

    private long shownAt = System.nanoTime();

    @Override
    public Integer call() {
        PrintWriter err = spec.commandLine().getErr();
        Recalibration run = new Recalibration(ServiceConfig.read(config), dryRun);
        try {
            Recalibration.Summary s = run.run((done, total, written) -> progress(err, done, total, written));
            PrintWriter out = spec.commandLine().getOut();
            line(out, s.read(), "score events read");
            line(out, s.written(), dryRun ? "would be written" : "written to " + run.target());
            line(out, s.upToDate(), "have that calibrated score already");
            line(out, s.uncalibrated(), "of platforms without a calibration");
            line(out, s.otherModel(), "scored by another model than the calibration was fitted for");
            line(out, s.unreadable(), "no score events, or of a schema that the registry does not know; see the log");
            out.flush();
            return s.unreadable() == 0 ? 0 : 1;
        } catch (ReplayException e) {
            err.println("realqa: " + Failures.withCauses(e));
            err.flush();
            return 1;
        }
    }

    private static void line(PrintWriter out, long n, String what) {
        out.printf(Locale.ROOT, "%,10d  %s%n", n, what);
    }

    private void progress(PrintWriter err, long done, long total, long written) {
        long now = System.nanoTime();
        if (now - shownAt >= SHOWN_EVERY_NANOS || done == total) {
            shownAt = now;
            err.printf(Locale.ROOT, "%,d of %,d offsets, %,d events%n", done, total, written);
            err.flush();
        }
    }
}
