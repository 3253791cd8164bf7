package io.realqa.cli.trainer;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.realqa.cli.LoadingProgress;
import io.realqa.cli.StopHook;
import io.realqa.scorer.Checkpoint;
import io.realqa.scorer.ModelException;
import io.realqa.scorer.Precision;
import io.realqa.scorer.ScoringProfile;
import io.realqa.settings.SettingsException;
import io.realqa.streams.ServiceConfig;
import io.realqa.streams.http.Health;
import io.realqa.streams.http.HttpSide;
import io.realqa.trainer.service.TrainerConfig;
import io.realqa.trainer.service.TrainerService;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Clock;
import java.util.concurrent.Callable;
import org.apache.avro.generic.GenericContainer;
import org.apache.kafka.common.serialization.Serde;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Runs the trainer against a real cluster until it is told to stop. */
@Command(
        name = "trainer",
        mixinStandardHelpOptions = true,
        description =
                "Takes labels in from a Kafka cluster, trains adapters of them, and releases those that are better.",
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {"0:told to stop", "1:another trainer took over", "2:wrong settings"})
@SuppressWarnings("NullAway.Init") // picocli sets the fields
public final class TrainerCommand implements Callable<Integer> {
    /** The JVM ends when its hooks do: they wait until the model's memory is freed, but not for ever. */
    private static final long STOP_SECONDS = 150;

    private static final String ANY_HOST = "0.0.0.0";

    @Option(names = "--config", required = true, paramLabel = "FILE", description = "the trainer's settings, YAML")
    private Path config;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        TrainerConfig settings = TrainerConfig.read(config);
        PrintWriter err = spec.commandLine().getErr();
        Path base = Path.of(settings.model().checkpoint());
        ScoringProfile profile = profile(settings, base);
        ServiceConfig service = TrainerParts.service(settings);
        Serde<GenericContainer> serde = service.newSerde();
        serde.configure(settings.registry(), false);
        PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        FetchedContent content = content(settings);
        int code = 1;
        StopHook hook = null;
        err.println("loading " + base);
        err.flush();
        try (Checkpoint checkpoint = LoadingProgress.load(err, base, Precision.AUTO);
                TrainerService trainer = new TrainerService(
                        settings,
                        new TrainerService.Parts(
                                checkpoint,
                                profile,
                                serde,
                                content,
                                TrainerParts.desk(settings),
                                registry,
                                new CyclePrinter(err, Boolean.getBoolean("realqa.stderr.terminal")),
                                Clock.systemUTC()));
                HttpSide http = http(settings, registry, trainer)) {
            hook = new StopHook(trainer::close, STOP_SECONDS);
            trainer.start();
            err.println("training for " + settings.platforms() + " from " + settings.topic("feedback") + " at "
                    + settings.kafka().get("bootstrap.servers")
                    + (http == null ? "" : "; health and metrics on port " + http.port()));
            err.flush();
            trainer.awaitStopped();
            if (trainer.closed()) {
                code = 0;
            } else {
                err.println(trainer.trouble());
            }
            return code;
        } finally {
            registry.close();
            if (hook != null) {
                hook.ended(code);
            }
        }
    }

    private static ScoringProfile profile(TrainerConfig settings, Path base) {
        String named = settings.model().profile();
        return named != null
                ? ScoringProfile.read(Path.of(named))
                : ScoringProfile.in(base)
                        .orElseThrow(() -> new ModelException(base + ": no " + ScoringProfile.FILE_NAME
                                + " (expected: one there, or model.profile)"));
    }

    private static @Nullable HttpSide http(
            TrainerConfig settings, PrometheusMeterRegistry registry, TrainerService trainer) {
        TrainerConfig.Http http = settings.http();
        return http == null
                ? null
                : HttpSide.start(http.host() == null ? ANY_HOST : http.host(), http.port(), registry, () -> {
                    String trouble = trainer.trouble();
                    if (trainer.lost()) {
                        return Health.dead(String.valueOf(trouble));
                    }
                    return trouble != null
                            ? Health.waiting(trouble)
                            : Health.serving(trainer.labels() + " labels" + (trainer.training() ? ", training" : ""));
                });
    }

    /** What the settings say of content is checked before the model is loaded. */
    private FetchedContent content(TrainerConfig settings) {
        try {
            return TrainerParts.content(settings);
        } catch (IllegalArgumentException e) {
            String message = String.valueOf(e.getMessage()).replaceFirst("^readTimeout", "timeout");
            throw new SettingsException(config + ": content." + message, e);
        }
    }
}
