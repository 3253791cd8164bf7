package io.realqa.cli.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.realqa.cli.LocalStack;
import io.realqa.events.AdapterRelease;
import io.realqa.events.ReleaseState;
import io.realqa.schemas.ReleaseKey;
import io.realqa.schemas.ReleaseKey.Slot;
import io.realqa.scorer.Adapter;
import io.realqa.scorer.Digests;
import io.realqa.scorer.LoraSettings;
import io.realqa.scorer.LoraTrainer;
import io.realqa.scorer.LossSettings;
import io.realqa.scorer.Scorer;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.scorer.image.ImageRejectedException;
import io.realqa.streams.Model;
import io.realqa.streams.ServiceConfig;
import io.realqa.streams.adapters.AdapterAdmin;
import io.realqa.streams.adapters.AdapterService;
import io.realqa.streams.adapters.AdaptersConfig;
import io.realqa.streams.adapters.ReleaseBook;
import io.realqa.streams.config.AdaptersSection;
import io.realqa.streams.metrics.ServiceMetrics;
import io.realqa.streams.scoring.BatchScorer;
import io.realqa.streams.scoring.ModelRouter;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import org.apache.avro.generic.GenericContainer;
import org.apache.kafka.common.serialization.Serde;

/**
 * What swaps of adapters do to the batches: workers score one batch after the other while adapters are released over a
 * real broker and taken into service, loaded, warmed up and checked against golden images beside them.
 */
public final class SwapBench {
    private static final int BATCH = 8;
    private static final int QUIET_BATCHES = 24;
    private static final Duration LONGEST = Duration.ofSeconds(120);
    private static final int RANK = 16;
    private static final double NANOS = 1e6;

    private final Scorer scorer;
    private final BenchImages images;
    private final PrintWriter out;

    public SwapBench(Scorer scorer, BenchImages images, PrintWriter out) {
        this.scorer = scorer;
        this.images = images;
        this.out = out;
    }

    private record Batch(int worker, long start, long end, long epoch) {
        double millis() {
            return (end - start) / NANOS;
        }
    }

    /** A release on its way. */
    private record Swap(boolean loaded, long start, long served) {
        boolean holds(Batch b) {
            return b.end > start && b.start < served;
        }
    }

    public void run(int swaps) throws Exception {
        out.printf("%n%d swaps under load, starting a broker and a registry …%n", swaps);
        out.flush();
        try (LocalStack stack = LocalStack.start(1)) {
            Path root = Files.createDirectories(stack.stateFolder().resolve("adapters"));
            ServiceConfig config = ServiceConfig.of(
                            stack.bootstrapServers(),
                            stack.registryUrl(),
                            scorer.checkpoint().folder())
                    .with(c -> c.adapters(new AdaptersSection(
                            List.of(root.toString()), null, null, "bench", "500ms", null, null, true, null)));
            Serde<GenericContainer> serde = config.newSerde();
            serde.configure(config.registry(), false);
            AdaptersConfig released = Objects.requireNonNull(config.adaptersConfig());
            Model model = Model.of(scorer, config);
            AdapterService service = AdapterService.start(
                    released,
                    config.kafka(),
                    serde,
                    scorer,
                    model.scorer(),
                    ImageLimits.DEFAULTS,
                    new ServiceMetrics(new SimpleMeterRegistry()));
            try {
                if (!service.awaitFollowed()) {
                    throw new IllegalStateException("the releases were not read within " + released.patience());
                }
                measure(service.router(), model, new AdapterAdmin(config), root, swaps);
            } finally {
                service.close();
                service.free();
            }
        }
    }

    private void measure(ModelRouter router, Model model, AdapterAdmin admin, Path root, int swaps) throws Exception {
        List<BatchScorer.Prepared> batch = prepared(model.scorer());
        List<Batch> batches = Collections.synchronizedList(new ArrayList<>());
        AtomicBoolean stopping = new AtomicBoolean();
        Thread workers = new Thread(() -> {
            try {
                Parallel.run(model.workers(), w -> work(router, batch, w, batches, stopping));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        List<Swap> done = new ArrayList<>();
        workers.start();
        try {
            await(batches, workers, all -> all.size() >= 2 * QUIET_BATCHES);
            for (int i = 0; i < swaps; i++) {
                done.add(swap(i, admin, root, batches, workers));
                out.printf("%d of %d swaps%n", i + 1, swaps);
                out.flush();
            }
        } finally {
            stopping.set(true);
            workers.join(LONGEST.toMillis());
        }
        report(List.copyOf(batches), done, model.workers());
    }

    private List<BatchScorer.Prepared> prepared(BatchScorer model) throws ImageRejectedException {
        List<BatchScorer.Prepared> batch = new ArrayList<>();
        for (int i = 0; i < BATCH; i++) {
            batch.add(model.prepare(images.file(i)));
        }
        return batch;
    }

    /** As the engine's workers do: the model is asked for before each batch. */
    private static void work(
            ModelRouter router,
            List<BatchScorer.Prepared> batch,
            int worker,
            List<Batch> batches,
            AtomicBoolean stopping) {
        while (!stopping.get()) {
            BatchScorer by = router.route("bench", "image");
            if (!by.enter()) {
                continue;
            }
            try {
                long start = System.nanoTime();
                by.score(batch);
                batches.add(new Batch(
                        worker, start, System.nanoTime(), by.identity().epoch()));
            } finally {
                by.leave();
            }
        }
    }

    private static void await(List<Batch> batches, Thread workers, Predicate<List<Batch>> done)
            throws InterruptedException {
        Deadline deadline = Deadline.in(LONGEST);
        while (true) {
            synchronized (batches) {
                if (done.test(batches)) {
                    return;
                }
            }
            if (deadline.passed() || !workers.isAlive()) {
                throw new IllegalStateException("the workers did not get there within " + LONGEST);
            }
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    /** Forward to a new adapter, back by a rollback, in turns. */
    private Swap swap(int number, AdapterAdmin admin, Path root, List<Batch> batches, Thread workers) throws Exception {
        boolean forward = number % 2 == 0;
        ReleaseBook book = admin.releases();
        ReleaseKey key = new ReleaseKey(ReleaseKey.ALL, Slot.ACTIVE);
        ReleaseBook.Entry release = forward
                ? book.release(key, adapter(root.resolve("adapter-" + number), number), 1, Instant.now())
                : book.rollback(ReleaseKey.ALL, Instant.now());
        long epoch = release.event().getState() == ReleaseState.RETIRED
                ? 0
                : release.event().getEpoch();
        long start = System.nanoTime();
        admin.publish(release);
        // A few batches later, so that what it does to the caches counts as well.
        await(
                batches,
                workers,
                all -> all.stream()
                                .filter(b -> b.start > start && b.epoch == epoch)
                                .count()
                        >= 4);
        return new Swap(forward, start, System.nanoTime());
    }

    /** An adapter as training begins with it, with golden images. */
    private AdapterRelease adapter(Path folder, int seed) throws Exception {
        Files.createDirectories(folder);
        LoraSettings lora = LoraSettings.of(RANK, 2.0 * RANK, 0);
        try (LoraTrainer trainer = new LoraTrainer(
                scorer.checkpoint(), scorer.profile(), lora, new LossSettings(List.of(), 0, false), seed)) {
            trainer.writeAdapter(folder);
        }
        golden(Files.createDirectories(folder.resolve("golden")));
        return AdapterRelease.newBuilder()
                .setPlatform(ReleaseKey.ALL)
                .setEpoch(0)
                .setState(ReleaseState.UNKNOWN)
                .setAdapterDigest(Adapter.digest(folder))
                .setBaseDigest(scorer.checkpoint().digest())
                .setProfileDigest(scorer.profile().digest())
                .setLocation(folder.toUri().toString())
                .setReleasedAt(Instant.now())
                .build();
    }

    private void golden(Path folder) throws IOException {
        ObjectMapper mapper = new ObjectMapper();
        ObjectNode json = mapper.createObjectNode();
        ArrayNode all = json.putArray("images");
        for (int i = 0; i < Math.min(4, images.files().size()); i++) {
            byte[] file = images.file(i);
            String name = i + ".image";
            Files.write(folder.resolve(name), file);
            double expected = scorer.score(List.of(images.inputs().get(i)))
                    .scores()
                    .get(0)
                    .expectation();
            all.addObject().put("file", name).put("sha256", Digests.of(file)).put("expectation", expected);
        }
        Files.writeString(folder.resolve("golden.json"), mapper.writeValueAsString(json));
    }

    private void report(List<Batch> batches, List<Swap> swaps, int workers) {
        long first = swaps.get(0).start();
        List<Batch> before =
                batches.stream().filter(b -> b.end < first).skip(QUIET_BATCHES).toList();
        double usual = Median.of(before.stream().map(Batch::millis).toList());
        double quiet = before.stream().mapToDouble(Batch::millis).max().orElse(Double.NaN);
        double busy = 0;
        double gap = 0;
        double between = 0;
        for (int w = 0; w < workers; w++) {
            int worker = w;
            List<Batch> mine = batches.stream().filter(b -> b.worker == worker).toList();
            for (int i = 1; i < mine.size(); i++) {
                Batch b = mine.get(i);
                if (swaps.stream().anyMatch(s -> s.holds(b))) {
                    busy = Math.max(busy, b.millis());
                    gap = Math.max(gap, (b.start - mine.get(i - 1).end) / NANOS);
                    between = Math.max(between, (b.end - mine.get(i - 1).end) / NANOS);
                }
            }
        }
        out.printf(
                Locale.ROOT,
                "batches of %d on %d worker(s): %.0f ms, at most %.0f ms before the swaps, at most %.0f ms beside them%n",
                BATCH,
                workers,
                usual,
                quiet,
                busy);
        out.printf(
                Locale.ROOT,
                "longest gap between two batches of a worker during a swap: %.2f ms; from the end of one to the end of the"
                        + " next: %.0f ms (bound: 1 batch + 50 ms = %.0f ms)%n",
                gap,
                between,
                usual + 50);
        out.printf(
                Locale.ROOT,
                "from the release to four batches by it: %.2f s for a new adapter, %.2f s back to one in memory (medians)%n",
                seconds(swaps, true),
                seconds(swaps, false));
        out.flush();
    }

    private static double seconds(List<Swap> swaps, boolean loaded) {
        return Median.of(swaps.stream()
                .filter(s -> s.loaded() == loaded)
                .map(s -> (s.served() - s.start()) / 1e9)
                .toList());
    }
}
