package io.realqa.cli;

import io.realqa.scorer.ModelHandle;
import io.realqa.streams.ScoringService;
import io.realqa.streams.ServiceConfig;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Runs the service against a real cluster until it is told to stop. */
@Command(name = "serve", mixinStandardHelpOptions = true, description = "Scores uploads from a Kafka cluster.")
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class ServeCommand implements Callable<Integer> {
    private static final long STOP_SECONDS = 60;

    @Option(names = "--config", required = true, paramLabel = "FILE", description = "the service's settings, YAML")
    private Path config;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        ServiceConfig settings = ServiceConfig.read(config);
        PrintWriter err = spec.commandLine().getErr();
        err.println("loading " + settings.model().checkpoint());
        CountDownLatch closed = new CountDownLatch(1);
        try (ModelHandle model = load(settings.model())) {
            ScoringService service = new ScoringService(settings, model.scorer());
            Thread hook = new Thread(
                    () -> {
                        service.close();
                        await(closed);
                    },
                    "realqa-stop");
            Runtime.getRuntime().addShutdownHook(hook);
            service.start();
            err.println("serving " + settings.kafka().get("bootstrap.servers") + " with checkpoint "
                    + model.scorer().checkpoint().digest() + " on "
                    + model.scorer().checkpoint().compute().device());
            service.awaitStopped();
            boolean failed = service.failed();
            if (failed) {
                err.println("the service stopped after too many errors; see the log");
            }
            service.close();
            return failed ? 1 : 0;
        } finally {
            closed.countDown();
        }
    }

    /** The JVM ends when its hooks do: they wait until the model's memory is freed, but not for ever. */
    private static void await(CountDownLatch closed) {
        try {
            closed.await(STOP_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static ModelHandle load(ServiceConfig.Model model) {
        return ModelHandle.load(Path.of(model.checkpoint()), path(model.adapter()), path(model.profile()));
    }

    private static @Nullable Path path(@Nullable String text) {
        return text == null ? null : Path.of(text);
    }
}
