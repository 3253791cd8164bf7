package io.realqa.cli;

import io.realqa.scorer.ModelHandle;
import io.realqa.streams.Model;
import io.realqa.streams.ScoringService;
import io.realqa.streams.ServiceConfig;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Runs the service against a real cluster until it is told to stop. */
@Command(
        name = "serve",
        mixinStandardHelpOptions = true,
        description = "Scores uploads from a Kafka cluster.",
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {
            "0:told to stop",
            "1:stream threads died too often",
            "2:wrong settings",
            "3:the device hangs or fails; its uploads were handed on"
        })
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class ServeCommand implements Callable<Integer> {
    private static final long STOP_SECONDS = 60;
    private static final int FAILED = 1;
    private static final int FAULT = 3;

    @Option(names = "--config", required = true, paramLabel = "FILE", description = "the service's settings, YAML")
    private Path config;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        ServiceConfig settings = ServiceConfig.read(config);
        PrintWriter err = spec.commandLine().getErr();
        AtomicReference<@Nullable ModelHandle> model = new AtomicReference<>();
        CountDownLatch closed = new CountDownLatch(1);
        ScoringService service = new ScoringService(settings, () -> load(settings, model, err));
        Thread hook = new Thread(
                () -> {
                    service.close();
                    await(closed);
                },
                "realqa-stop");
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            service.start();
            err.println("serving " + settings.kafka().get("bootstrap.servers"));
            err.flush();
            service.awaitStopped();
            ScoringService.End end = service.end();
            if (end == ScoringService.End.FAULT) {
                err.println(service.health().message());
                err.flush();
                // Hands the tasks on if that is not done yet. The call that hangs uses the model's memory and cannot be
                // broken off, so nothing is freed: the process ends as it is.
                service.close();
                Runtime.getRuntime().halt(FAULT);
            }
            if (end == ScoringService.End.FAILED) {
                err.println("the service stopped after too many errors; see the log");
            }
            service.close();
            return end == ScoringService.End.FAILED ? FAILED : 0;
        } finally {
            service.close();
            ModelHandle loaded = model.get();
            if (loaded != null) {
                loaded.close();
            }
            closed.countDown();
        }
    }

    private static Model load(ServiceConfig settings, AtomicReference<@Nullable ModelHandle> loaded, PrintWriter err) {
        ServiceConfig.Model model = settings.model();
        err.println("loading " + model.checkpoint());
        err.flush();
        ModelHandle handle = load(model, err);
        loaded.set(handle);
        err.println("loaded " + handle.scorer().checkpoint().digest() + " on "
                + handle.scorer().checkpoint().compute().device());
        err.flush();
        return Model.of(handle.scorer(), settings);
    }

    /** Loads the service's model and says how far it is. */
    static ModelHandle load(ServiceConfig.Model model, PrintWriter err) {
        Path checkpoint = Path.of(model.checkpoint());
        try (LoadingProgress shown = LoadingProgress.inLines(err, checkpoint)) {
            return ModelHandle.load(checkpoint, path(model.adapter()), path(model.profile()), shown);
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

    private static @Nullable Path path(@Nullable String text) {
        return text == null ? null : Path.of(text);
    }
}
