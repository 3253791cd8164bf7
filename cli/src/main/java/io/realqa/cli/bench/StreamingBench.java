package io.realqa.cli.bench;

import io.realqa.cli.LocalStack;
import io.realqa.scorer.Scorer;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.streams.Model;
import io.realqa.streams.ScoringService;
import io.realqa.streams.ServiceConfig;
import io.realqa.streams.config.ContentSection;
import io.realqa.streams.content.ContentPolicy;
import io.realqa.streams.metrics.ServiceMetrics;
import io.realqa.streams.scoring.BatchScorer;
import io.realqa.streams.scoring.EngineConfig;
import io.realqa.streams.scoring.ImageJob;
import io.realqa.streams.scoring.Outcome;
import io.realqa.streams.scoring.Priority;
import io.realqa.streams.scoring.ScoringEngine;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * The streaming path beside the bare scorer: the same files, decoded, prepared and scored by the same engine, once fed
 * and read directly, once through uploads on a broker, the exactly-once topology and committed scores on a topic.
 * Measured in turns, from the first tenth of the results to the last, so that neither's start counts. Each streaming rate
 * is divided by the mean of the bare scorer's just before and just after it: a machine that grows slower or faster
 * meanwhile does not move the ratio.
 */
public final class StreamingBench {
    private static final int ROUNDS = 5;
    private static final int PARTITIONS = 4;
    /** Uploads of a round without the model; inline at most so many bytes, which stay on the broker's disk for a while. */
    private static final int FAST = 6_000;

    private static final long FAST_BYTES = 48 << 20;

    private static final Duration LONGEST = Duration.ofMinutes(5);

    /** What is measured besides the bare scorer. */
    private enum Way {
        BY_REFERENCE("by reference"),
        INLINE("inline");

        private final String words;

        Way(String words) {
            this.words = words;
        }
    }

    /** @param millis processor time of the whole process, broker and clients included, per image */
    private record Rate(double perSecond, double millis) {
        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%.1f images/s, %.1f ms of processor time each", perSecond, millis);
        }
    }

    private final Scorer scorer;
    private final BenchImages images;
    private final PrintWriter out;

    public StreamingBench(Scorer scorer, BenchImages images, PrintWriter out) {
        this.scorer = scorer;
        this.images = images;
        this.out = out;
    }

    /** Takes the time between the first tenth of the results and the last one. */
    private static final class Watch {
        private final int total;
        private int seen;
        private int measured;
        private long start;
        private long end;
        private long processorStart;
        private long processorEnd;

        Watch(int total) {
            this.total = total;
        }

        void see(int fresh) {
            if (fresh == 0) {
                return;
            }
            seen += fresh;
            end = System.nanoTime();
            processorEnd = ProcessorTime.nanos();
            if (start == 0 && seen >= total / 10) {
                start = end;
                processorStart = processorEnd;
                measured = total - seen;
            }
        }

        boolean done() {
            return seen >= total;
        }

        Rate rate() {
            return new Rate(measured / ((end - start) / 1e9), (processorEnd - processorStart) / 1e6 / measured);
        }
    }

    public void run(int uploads) throws Exception {
        if (uploads < 100) {
            throw new IllegalArgumentException("--uploads: " + uploads + " (expected: at least 100)");
        }
        out.printf("%nstreaming, %d uploads a round, starting a broker and a registry …%n", uploads);
        out.flush();
        Map<Way, List<Double>> rates = new EnumMap<>(Way.class);
        Map<Way, List<Double>> processor = new EnumMap<>(Way.class);
        try (LocalStack stack = LocalStack.start(PARTITIONS)) {
            List<String> uris =
                    files(Files.createDirectories(stack.stateFolder().resolve("photos")));
            WarmUp.run(out, "warm-up without the model", 24, i -> fast(stack, i, uris));
            direct(uploads / 4);
            WarmUp.run(
                    out,
                    "warm-up",
                    12,
                    i -> throughKafka(stack, uploads / 2, "real-" + i, i % 2 == 0 ? uris : List.of()));
            Rate before = direct(uploads);
            out.printf("bare scorer: %s%n", before);
            for (int round = 1; round <= ROUNDS; round++) {
                for (Way way : Way.values()) {
                    Rate rate = throughKafka(stack, uploads, way + "-" + round, way == Way.INLINE ? List.of() : uris);
                    Rate after = direct(uploads);
                    double bare = (before.perSecond() + after.perSecond()) / 2;
                    rates.computeIfAbsent(way, w -> new ArrayList<>()).add(rate.perSecond() / bare);
                    double bareMillis = (before.millis() + after.millis()) / 2;
                    processor.computeIfAbsent(way, w -> new ArrayList<>()).add(rate.millis() / bareMillis);
                    out.printf(
                            Locale.ROOT,
                            "round %d of %d, %s: %s (%.2f of the bare scorer's); then bare scorer: %s%n",
                            round,
                            ROUNDS,
                            way.words,
                            rate,
                            rate.perSecond() / bare,
                            after);
                    out.flush();
                    before = after;
                }
            }
        }
        for (Way way : Way.values()) {
            out.printf(
                    Locale.ROOT,
                    "streaming with content %s reaches %.0f %% of the bare scorer, at %.2f times its processor time"
                            + " (medians of %d rounds)%n",
                    way.words,
                    100 * Median.of(rates.getOrDefault(way, List.of())),
                    Median.of(processor.getOrDefault(way, List.of())),
                    ROUNDS);
        }
        out.flush();
    }

    /** The photographs as files, by URI. */
    private List<String> files(Path folder) throws IOException {
        List<String> uris = new ArrayList<>();
        for (int i = 0; i < images.files().size(); i++) {
            Path file = Files.write(folder.resolve(i + ".image"), images.files().get(i));
            uris.add(file.toUri().toString());
        }
        return uris;
    }

    private Rate direct(int uploads) throws InterruptedException {
        LinkedBlockingQueue<Outcome> results = new LinkedBlockingQueue<>();
        Watch watch = new Watch(uploads);
        BatchScorer model = BatchScorer.of(scorer, ImageLimits.DEFAULTS);
        EngineConfig config = EngineConfig.DEFAULTS
                .withDevice(EngineConfig.Device.DEFAULTS.withWorkers(
                        scorer.checkpoint().compute().workers()))
                .withCacheEntries(0);
        try (ScoringEngine engine = new ScoringEngine(
                (platform, imageId) -> model, ContentPolicy.defaults(), config, ServiceMetrics.unseen(), fault -> {})) {
            Deadline deadline = Deadline.in(LONGEST);
            int offered = 0;
            while (!watch.done()) {
                while (offered < uploads && engine.offer(job(offered, results)) == ScoringEngine.Offer.TAKEN) {
                    offered++;
                }
                if (results.poll(1, TimeUnit.SECONDS) != null) {
                    watch.see(1);
                }
                deadline.check();
            }
        }
        return watch.rate();
    }

    private ImageJob job(int i, LinkedBlockingQueue<Outcome> results) {
        return new ImageJob("image", "bench", images.file(i), null, null, Priority.NORMAL, results::add, () -> false);
    }

    /** With a model that takes no time: what runs for every upload is compiled after thousands, which take seconds so. */
    private void fast(LocalStack stack, int round, List<String> uris) throws Exception {
        boolean inline = round % 2 == 0;
        long mean =
                (long) images.files().stream().mapToInt(f -> f.length).average().orElse(1);
        int uploads = inline ? (int) Math.max(1, Math.min(FAST, FAST_BYTES / Math.max(1, mean))) : FAST;
        BatchScorer model = new SyntheticModel(Duration.ZERO);
        throughKafka(stack, uploads, "fast-" + round, inline ? List.of() : uris, config -> new Model(model, 1));
    }

    /** @param uris where the photographs are; none: their bytes go inline */
    private Rate throughKafka(LocalStack stack, int uploads, String round, List<String> uris) throws Exception {
        return throughKafka(stack, uploads, round, uris, config -> Model.of(scorer, config));
    }

    private Rate throughKafka(
            LocalStack stack, int uploads, String round, List<String> uris, Function<ServiceConfig, Model> model)
            throws Exception {
        ServiceConfig config = ServiceConfig.of(
                        stack.bootstrapServers(),
                        stack.registryUrl(),
                        scorer.checkpoint().folder())
                .with(c -> c.kafka(Map.of("state.dir", stack.stateFolder().toString()))
                        .content(
                                ContentSection.roots(List.of(stack.stateFolder().toString())))
                        .cache(0));
        Watch watch = new Watch(uploads);
        try (Traffic traffic = new Traffic(stack);
                ScoringService service = new ScoringService(config, () -> model.apply(config))) {
            for (int i = 0; i < uploads; i++) {
                boolean inline = uris.isEmpty();
                traffic.upload(
                        round + "-" + i, inline ? images.file(i) : null, inline ? null : uris.get(i % uris.size()));
            }
            traffic.flush();
            service.start();
            Deadline deadline = Deadline.in(LONGEST);
            while (!watch.done()) {
                watch.see(traffic.scores(Duration.ofMillis(20)).count());
                deadline.check();
            }
        }
        return watch.rate();
    }
}
