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
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.SerializationException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExecutionException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.RunLast;
import picocli.CommandLine.Spec;

/**
 * Entry point. Exit codes: 0 done, 1 some images were rejected or a check failed, 2 wrong usage or settings, or
 * something that cannot be read or written.
 */
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
            TopicsCommand.class,
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
        // Not by System.out: it is in the locale's charset, and keeps to itself what went wrong.
        Output out = Output.to(new FileOutputStream(FileDescriptor.out));
        Output err = Output.to(new FileOutputStream(FileDescriptor.err));
        int code = commandLine().setOut(out).setErr(err).execute(args);
        out.flush();
        err.flush();
        System.exit(code);
    }

    static CommandLine commandLine() {
        return new CommandLine(new Main())
                .setExecutionStrategy(Main::run)
                .setExecutionExceptionHandler((e, command, result) -> {
                    Optional<String> told = told(e);
                    if (told.isEmpty()) {
                        throw e;
                    }
                    told.filter(text -> !text.isEmpty())
                            .ifPresent(text -> command.getErr().println("realqa: " + Terminal.plainLines(text)));
                    return 2;
                })
                .setCaseInsensitiveEnumValuesAllowed(true);
    }

    /** What a person is told of an error instead of its stack trace; may be nothing. Empty: it is a defect of this program. */
    private static Optional<String> told(Exception e) {
        if (e instanceof OutputException output && output.readerHasGone()) {
            return Optional.of("");
        } else if (e instanceof UncheckedIOException wrapped) {
            return Optional.of(Failures.of(wrapped));
        } else if (e instanceof IOException io) {
            return Optional.of(Failures.of(io));
        } else if (e instanceof SerializationException) {
            return Optional.of(String.valueOf(e.getMessage()));
        } else if (e instanceof KafkaException) {
            return Optional.of("Kafka: " + Failures.withCauses(e));
        } else if (e instanceof java.util.concurrent.ExecutionException
                && e.getCause() instanceof KafkaException cause) {
            return told(cause);
        }
        boolean known = e instanceof OutputException
                || e instanceof ModelException
                || e instanceof IllegalArgumentException
                || e instanceof StoreException;
        return known ? Optional.of(String.valueOf(e.getMessage())) : Optional.empty();
    }

    /** Whatever the command: what it printed is written before it counts as done. */
    private static int run(ParseResult parsed) {
        int code = new RunLast().execute(parsed);
        CommandLine line = parsed.commandSpec().commandLine();
        try {
            Output.check(line.getOut());
        } catch (OutputException e) {
            throw new ExecutionException(line, String.valueOf(e.getMessage()), e);
        }
        return code;
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing");
    }
}
