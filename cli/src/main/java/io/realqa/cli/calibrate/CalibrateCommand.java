package io.realqa.cli.calibrate;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Scores on a platform's own scale. */
@Command(
        name = "calibrate",
        mixinStandardHelpOptions = true,
        description = "Fits the map from raw scores to a platform's own scale, and puts past score events on it.",
        subcommands = {FitCommand.class, RecalibrateCommand.class})
@SuppressWarnings("NullAway.Init") // picocli sets the fields
public final class CalibrateCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "one of fit and replay is missing");
    }
}
