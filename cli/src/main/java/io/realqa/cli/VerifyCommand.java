package io.realqa.cli;

import io.realqa.settings.Values;
import io.realqa.verify.FireOptions;
import io.realqa.verify.FireRun;
import io.realqa.verify.Sabotage;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Exactly once under fire. */
@Command(
        name = "verify-exactly-once",
        mixinStandardHelpOptions = true,
        description = {
            "Injects faults into a cluster with the service, and checks that every upload ended in one result.",
            "Three brokers, the registry and instances with a synthetic scorer run in processes of their own.",
            "Exit status 1 if a guarantee was violated."
        })
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class VerifyCommand implements Callable<Integer> {
    /** On two cores the faults, not the uploads, take the time. */
    private static final double SECONDS_PER_FAULT = 4.5;

    private static final int RATE_WITHOUT_FAULTS = 1_000;
    private static final int RATE_UNDER_KILLS = 200;

    @Option(
            names = "--uploads",
            paramLabel = "N",
            description = "uploads (default: 100,000; with --minutes as many as fit)")
    private @Nullable Integer uploads;

    @Option(
            names = "--faults",
            defaultValue = "60",
            paramLabel = "N",
            description = "faults (default: ${DEFAULT-VALUE})")
    private int faults;

    @Option(
            names = "--swaps",
            defaultValue = "0",
            paramLabel = "N",
            description = "releases of another adapter meanwhile, forward and back (default: ${DEFAULT-VALUE})")
    private int swaps;

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "repeats a run's load and faults (default: from the clock)")
    private @Nullable Long seed;

    @Option(
            names = "--instances",
            defaultValue = "3",
            paramLabel = "N",
            description = "processes of the service (default: ${DEFAULT-VALUE})")
    private int instances;

    @Option(names = "--rate", paramLabel = "N", description = "uploads a second (default: so that the faults fit in)")
    private @Nullable Integer rate;

    @Option(
            names = "--device-millis",
            defaultValue = "10",
            paramLabel = "N",
            description = "milliseconds of a batch on the synthetic device (default: ${DEFAULT-VALUE})")
    private long deviceMillis;

    @Option(names = "--minutes", paramLabel = "N", description = "how long the load lasts; goes with --kill-every")
    private @Nullable Integer minutes;

    @Option(
            names = "--kill-every",
            paramLabel = "DURATION",
            description = "instead of the faults: kill -9 of an instance so often, such as 5s")
    private @Nullable String killEvery;

    @Option(
            names = "--break",
            defaultValue = "NONE",
            paramLabel = "WHAT",
            description = "break the service deliberately: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE})")
    private Sabotage sabotage;

    @Option(names = "--keep", paramLabel = "FOLDER", description = "keep logs and data there")
    private @Nullable Path keep;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws InterruptedException {
        Duration every = killEvery == null ? null : Values.duration("--kill-every", killEvery, Duration.ZERO);
        if (minutes != null && every == null) {
            throw new ParameterException(
                    spec.commandLine(), "--minutes: " + minutes + " (expected: together with --kill-every)");
        }
        int perSecond = rate != null ? rate : defaultRate(every);
        int size = uploads != null ? uploads : minutes != null ? minutes * 60 * perSecond : 100_000;
        FireOptions options = new FireOptions(
                LocalStack.registryHome(),
                size,
                every == null ? faults : 0,
                seed != null ? seed : System.currentTimeMillis() % 1_000_000,
                instances,
                perSecond,
                deviceMillis,
                swaps,
                every,
                sabotage,
                keep,
                Boolean.getBoolean("realqa.stdout.terminal"));
        return new FireRun(options, spec.commandLine().getOut()).run() ? 0 : 1;
    }

    private int defaultRate(@Nullable Duration every) {
        if (every != null) {
            return RATE_UNDER_KILLS;
        }
        if (faults == 0) {
            return RATE_WITHOUT_FAULTS;
        }
        int size = uploads != null ? uploads : 100_000;
        return (int) Math.max(1, Math.min(RATE_WITHOUT_FAULTS, Math.ceil(size / (faults * SECONDS_PER_FAULT))));
    }
}
