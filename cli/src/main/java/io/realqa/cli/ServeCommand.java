package io.realqa.cli;

import io.realqa.scorer.Checkpoint;
import io.realqa.scorer.Compute;
import io.realqa.scorer.ModelHandle;
import io.realqa.streams.Model;
import io.realqa.streams.ScoringService;
import io.realqa.streams.ServiceConfig;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
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
    /** The JVM ends when its hooks do: they wait until the model's memory is freed, but not for ever. */
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
        ScoringService service = new ScoringService(settings, () -> load(settings, model, err));
        StopHook hook = new StopHook(service::close, STOP_SECONDS);
        int code = FAILED;
        try {
            code = serve(service, settings, err);
            return code;
        } finally {
            service.close();
            ModelHandle loaded = model.get();
            if (loaded != null) {
                loaded.close();
            }
            hook.ended(code);
        }
    }

    private static int serve(ScoringService service, ServiceConfig settings, PrintWriter err)
            throws InterruptedException {
        service.start();
        if (service.started()) {
            err.println("serving " + settings.kafka().get("bootstrap.servers")
                    + (service.httpPort() < 0 ? "" : "; health and metrics on port " + service.httpPort()));
            err.flush();
        }
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
            return FAILED;
        }
        return 0;
    }

    private static Model load(ServiceConfig settings, AtomicReference<@Nullable ModelHandle> loaded, PrintWriter err) {
        ServiceConfig.Model model = settings.model();
        err.println("loading " + model.checkpoint());
        err.flush();
        ModelHandle handle = load(model, err);
        loaded.set(handle);
        Checkpoint checkpoint = handle.scorer().checkpoint();
        err.println("loaded " + checkpoint.digest() + " on "
                + checkpoint.compute().device() + ", in " + checkpoint.compute().precision());
        err.flush();
        return Model.of(handle.scorer(), settings);
    }

    /** Loads the service's model and says how far it is. */
    static ModelHandle load(ServiceConfig.Model model, PrintWriter err) {
        Path checkpoint = Path.of(model.checkpoint());
        try (LoadingProgress shown = LoadingProgress.inLines(err, checkpoint)) {
            return ModelHandle.load(
                    checkpoint,
                    path(model.adapter()),
                    path(model.profile()),
                    Compute.ofThisMachine(model.computed()),
                    shown);
        }
    }

    private static @Nullable Path path(@Nullable String text) {
        return text == null ? null : Path.of(text);
    }
}
