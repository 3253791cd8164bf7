package io.realqa.cli.demo;

import io.realqa.cli.Beside;
import io.realqa.cli.LocalStack;
import io.realqa.cli.ModelOptions;
import io.realqa.cli.ScoreTable;
import io.realqa.cli.StopHook;
import io.realqa.cli.Terminal;
import io.realqa.schemas.Topics;
import io.realqa.scorer.ModelHandle;
import io.realqa.streams.Model;
import io.realqa.streams.ScoringService;
import io.realqa.streams.ServiceConfig;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Everything in one process: broker, registry, service, a stream of uploads and a view of what comes out. */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        description = "Streams photographs and degraded versions of them through a local broker, and shows the scores.")
@SuppressWarnings("NullAway.Init") // picocli sets the fields
public final class DemoCommand implements Callable<Integer> {
    private static final int PARTITIONS = 4;
    private static final Duration LONGEST_DRAIN = Duration.ofSeconds(60);
    /** Until everything is closed after that. */
    private static final Duration LONGEST_STOP = LONGEST_DRAIN.plusSeconds(30);

    private static final int LABELS = 600;
    private static final Duration REFRESH = Duration.ofMillis(250);
    /** Without any outcome for this long the demo gives up rather than wait for ever. */
    private static final Duration LONGEST_SILENCE = Duration.ofMinutes(3);

    @Option(
            names = "--images",
            paramLabel = "DIR",
            description = "folder of photographs to stream (default: the four that come with the project)")
    private @Nullable Path images;

    @Option(names = "--count", paramLabel = "N", description = "ends after N uploads, with a summary")
    private @Nullable Integer count;

    @Option(
            names = "--train",
            description =
                    "shows the loop instead: labels stream in, an adapter is trained, gated, released and swapped")
    private boolean train;

    @Option(names = "--labels", paramLabel = "N", description = "with --train: labels to train of (default: 600)")
    private @Nullable Integer labels;

    @Option(
            names = "--keep",
            paramLabel = "DIR",
            description = "with --train: keeps images, cycles and adapters there (default: nothing is kept)")
    private @Nullable Path keep;

    @Mixin
    private ModelOptions model;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        if (count != null && count < 1) {
            throw new IllegalArgumentException("--count: " + count + " (expected: at least 1)");
        }
        if (!train && (labels != null || keep != null)) {
            throw new ParameterException(
                    spec.commandLine(),
                    (labels != null ? "--labels" : "--keep") + ": without --train (expected: with it)");
        }
        if (train && count != null) {
            throw new ParameterException(spec.commandLine(), "--count: with --train (expected: --labels)");
        }
        PrintWriter out = spec.commandLine().getOut();
        Path photographs = images == null ? ModelOptions.home().resolve("models/demo/photos") : images;
        if (train) {
            return train(out, Photographs.in(photographs));
        }
        DemoUploads uploads = DemoUploads.of(photographs);
        say(out, "loading checkpoint " + model.checkpoint() + ", starting a broker and a schema registry …");
        CompletableFuture<ModelHandle> loading = Beside.start(
                "model-load", () -> model.loadInLines(spec.commandLine().getErr()));
        AtomicBoolean stop = new AtomicBoolean();
        StopHook hook = new StopHook(() -> stop.set(true), LONGEST_STOP.toSeconds());
        int code = 1;
        try (LocalStack stack = LocalStack.start(PARTITIONS);
                ModelHandle handle = loading.join()) {
            stream(out, uploads, stack, handle, stop);
            code = 0;
        } finally {
            loading.thenAccept(ModelHandle::close);
            hook.ended(code);
        }
        return code;
    }

    private int train(PrintWriter out, Photographs photographs) throws Exception {
        int wanted = labels == null ? LABELS : labels;
        if (wanted < 200) {
            throw new IllegalArgumentException("--labels: " + wanted + " (expected: at least 200)");
        }
        say(out, "loading checkpoint " + model.checkpoint() + ", starting a broker and a schema registry …");
        Thread caller = Thread.currentThread();
        StopHook hook = new StopHook(caller::interrupt, LONGEST_STOP.toSeconds());
        int code = 1;
        try (LocalStack stack = LocalStack.start(PARTITIONS);
                ModelHandle handle = model.load(spec.commandLine().getErr());
                TrainDemo demo = new TrainDemo(
                        out,
                        Terminal.stdout(),
                        photographs,
                        wanted,
                        keep == null ? stack.stateFolder().resolve("trainer") : keep,
                        stack,
                        handle)) {
            code = demo.run();
        } finally {
            hook.ended(code);
        }
        return code;
    }

    private void stream(PrintWriter out, DemoUploads uploads, LocalStack stack, ModelHandle handle, AtomicBoolean stop)
            throws InterruptedException {
        say(out, "");
        say(out, "  Kafka            " + stack.bootstrapServers());
        say(out, "  schema registry  " + stack.registryUrl());
        say(
                out,
                "  topics           " + Topics.UPLOADS.topic() + " -> " + Topics.SCORES.topic() + ", "
                        + Topics.ATTRIBUTES.topic() + ", " + Topics.DEAD_LETTERS.topic());
        say(
                out,
                "  model            " + handle.scorer().profile().name() + " on "
                        + handle.scorer().checkpoint().compute().device());
        say(out, "");
        ServiceConfig config = ServiceConfig.of(
                        stack.bootstrapServers(),
                        stack.registryUrl(),
                        handle.scorer().checkpoint().folder())
                .with(c -> c.kafka(Map.of("state.dir", stack.stateFolder().toString(), "num.stream.threads", "2")));
        ScoreTable table = ScoreTable.of(handle.scorer().profile());
        boolean live = Terminal.stdout();
        try (ScoringService service = new ScoringService(config, () -> Model.of(handle.scorer(), config));
                DemoConsumer results = new DemoConsumer(stack);
                DemoProducer producer = new DemoProducer(stack, uploads, count, results::finished, stop)) {
            service.start();
            producer.start();
            DemoView view = live ? new LiveView(out, table) : new PlainView(out, table);
            watch(service, results, producer, view, stop);
            view.end(results);
        }
    }

    /** Shows results until all that was uploaded has come out. */
    private static void watch(
            ScoringService service, DemoConsumer results, DemoProducer producer, DemoView view, AtomicBoolean stop)
            throws InterruptedException {
        long lastChange = System.nanoTime();
        long stopping = 0;
        int seen = 0;
        while (true) {
            results.poll(REFRESH);
            if (results.finished() != seen) {
                seen = results.finished();
                lastChange = System.nanoTime();
            }
            view.show(results, producer.sent(), service.counts());
            long now = System.nanoTime();
            if (stop.get() && stopping == 0) {
                stopping = now;
            }
            boolean done = producer.ended() && results.finished() >= producer.sent();
            boolean late = stopping != 0 && now - stopping > LONGEST_DRAIN.toNanos();
            if (done || late) {
                return;
            }
            if (producer.failure() != null) {
                throw new IllegalStateException("uploading failed: " + producer.failure(), producer.failure());
            }
            if (service.end() != ScoringService.End.STOPPED || now - lastChange > LONGEST_SILENCE.toNanos()) {
                throw new IllegalStateException("no results for " + LONGEST_SILENCE + "; see the log above");
            }
        }
    }

    private static void say(PrintWriter out, String line) {
        out.println(line);
        out.flush();
    }
}
