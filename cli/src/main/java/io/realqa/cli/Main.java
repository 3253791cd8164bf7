package io.realqa.cli;

import io.realqa.cli.calibrate.CalibrateCommand;
import io.realqa.cli.demo.DemoCommand;
import io.realqa.cli.evaluate.ConvertCommand;
import io.realqa.cli.evaluate.EvaluateCommand;
import io.realqa.cli.evaluate.NcmCommand;
import io.realqa.cli.predict.PredictCommand;
import io.realqa.cli.trainer.TrainerCommand;
import io.realqa.scorer.ModelException;
import io.realqa.store.StoreException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Entry point. Exit codes: 0 done, 1 some images were rejected or a check failed, 2 wrong usage or settings. */
@Command(
        name = "realqa",
        mixinStandardHelpOptions = true,
        version = "realqa-stream 0.1.0",
        description = "Scores images' quality and aesthetics with Qwen2-VL, on Kafka or without.",
        subcommands = {
            DemoCommand.class,
            ScoreCommand.class,
            TrainCommand.class,
            DegradeCommand.class,
            ServeCommand.class,
            TrainerCommand.class,
            ReplayCommand.class,
            DoctorCommand.class,
            AdaptersCommand.class,
            BenchCommand.class,
            VerifyCommand.class,
            EvaluateCommand.class,
            NcmCommand.class,
            CalibrateCommand.class,
            ConvertCommand.class,
            PredictCommand.class,
            MergeCommand.class
        })
public final class Main implements Runnable {
    @Spec
    private CommandSpec spec;

    @SuppressWarnings("NullAway.Init") // picocli sets the fields
    private Main() {}

    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    static CommandLine commandLine() {
        return new CommandLine(new Main())
                .setExecutionExceptionHandler((e, command, result) -> {
                    if (e instanceof ModelException
                            || e instanceof IllegalArgumentException
                            || e instanceof StoreException) {
                        command.getErr().println("realqa: " + e.getMessage());
                        return 2;
                    }
                    throw e;
                })
                .setCaseInsensitiveEnumValuesAllowed(true);
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing");
    }
}
