package io.realqa.cli.bench;

import io.realqa.cli.LocalStack;
import io.realqa.streams.Model;
import io.realqa.streams.ScoringService;
import io.realqa.streams.ServiceConfig;
import io.realqa.streams.config.BatchSection;
import io.realqa.streams.config.LimitsSection;
import io.realqa.streams.content.ContentSource;
import io.realqa.streams.metrics.ServiceMetrics;
import io.realqa.streams.scoring.BatchPolicy;
import io.realqa.streams.scoring.EngineConfig;
import io.realqa.streams.scoring.ImageJob;
import io.realqa.streams.scoring.Priority;
import io.realqa.streams.scoring.ScoringEngine;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * What the streaming path itself costs: uploads by reference through a broker, the exactly-once topology, the pending
 * store and the micro-batcher to committed scores and attributes, with a model that does nothing but take time. Broker,
 * registry, producer, consumer and service share this machine.
 */
public final class PathBench {
    private static final int PARTITIONS = 4;
    private static final int BATCH = 32;
    private static final int IN_FLIGHT = 1024;
    /** Room that content by reference takes until it is there; the synthetic content has some bytes. */
    private static final long LARGEST = 256 << 10;

    private static final Duration DELAY = Duration.ofMillis(20);
    private static final Duration DEVICE = Duration.ofMillis(50);
    private static final Duration LONGEST = Duration.ofMinutes(5);
    private static final double LOAD = 0.7;
    private static final int SECONDS = 12;
    private static final int LATENCY_SECONDS = 20;
    private static final int LATENCY_WARM_UP_SECONDS = 5;

    private final PrintWriter out;

    public PathBench(PrintWriter out) {
        this.out = out;
    }

    /** Content that is there at once, another for each address. */
    private static final class Instantly implements ContentSource {
        @Override
        public byte[] fetch(String uri) {
            return uri.getBytes(StandardCharsets.UTF_8);
        }

        @Override
        public void close() {
            // Nothing is held.
        }
    }

    /** What a run gave. */
    private record Rate(double withStart, double steady, double cpuMicros) {}

    /** @param uploads of the run without device time */
    public void run(int uploads) throws Exception {
        say(
                "%nstreaming path with a synthetic model, batches of %d, %d partitions; starting a broker …%n",
                BATCH, PARTITIONS);
        Rate free = streaming(uploads, Duration.ZERO, 2, 1);
        say(
                "no device time, 2 stream threads: %,.0f uploads/s, start included; %,.0f after the first third; %.0f µs of CPU each, broker included%n",
                free.withStart(), free.steady(), free.cpuMicros());
        double perWorker = BATCH / (DEVICE.toNanos() / 1e9);
        double alone = alone(1, (int) (perWorker * SECONDS));
        double first = 0;
        for (int n : List.of(1, 2, 4)) {
            Rate rate = streaming((int) (n * perWorker * SECONDS), DEVICE, n, n);
            first = n == 1 ? rate.steady() : first;
            say(
                    "%d ms a batch, %d stream thread(s) and worker(s): %,.0f uploads/s, %.3f of %d worker(s) alone; %.2f times one%n",
                    DEVICE.toMillis(), n, rate.steady(), rate.steady() / (n * alone), n, rate.steady() / first);
        }
    }

    /** Time from upload to committed score at a steady load. */
    public void runLatency() throws Exception {
        say("%nlatency with a synthetic model of %d ms a batch; starting a broker …%n", DEVICE.toMillis());
        latency(LOAD * alone(1, (int) (BATCH / (DEVICE.toNanos() / 1e9) * SECONDS)));
    }

    private void say(String format, Object... values) {
        out.printf(Locale.ROOT, format, values);
        out.flush();
    }

    private static EngineConfig engineConfig(int workers) {
        return EngineConfig.DEFAULTS
                .withBatches(new BatchPolicy(BATCH, 1 << 20, DELAY))
                .withDevice(EngineConfig.Device.DEFAULTS.withWorkers(workers))
                .withLimits(new EngineConfig.Limits(IN_FLIGHT, EngineConfig.Limits.DEFAULTS.bytes()))
                .withCacheEntries(0);
    }

    private static ServiceConfig serviceConfig(LocalStack stack, int threads) {
        return ServiceConfig.of(stack.bootstrapServers(), stack.registryUrl(), Path.of("synthetic"))
                .with(c -> c.kafka(Map.of(
                                "state.dir", stack.stateFolder().toString(),
                                "num.stream.threads", Integer.toString(threads)))
                        .batch(new BatchSection(BATCH, 1 << 20, DELAY.toMillis() + "ms", null, null, null))
                        .cache(0)
                        .limits(new LimitsSection(IN_FLIGHT, null, null, LARGEST, null, null, null)));
    }

    /** Uploads a second through the engine alone, without Kafka. */
    private static double alone(int workers, int uploads) {
        AtomicInteger done = new AtomicInteger();
        SyntheticModel model = new SyntheticModel(DEVICE);
        try (ScoringEngine engine = new ScoringEngine(
                (platform, id) -> model,
                new Instantly(),
                1 << 20,
                engineConfig(workers),
                ServiceMetrics.unseen(),
                f -> {})) {
            Deadline deadline = Deadline.in(LONGEST);
            long start = System.nanoTime();
            int offered = 0;
            while (done.get() < uploads) {
                if (offered < uploads && engine.offer(job(offered, done)) == ScoringEngine.Offer.TAKEN) {
                    offered++;
                } else {
                    LockSupport.parkNanos(200_000);
                    deadline.check();
                }
            }
            return uploads / ((System.nanoTime() - start) / 1e9);
        }
    }

    private static ImageJob job(int i, AtomicInteger done) {
        return new ImageJob(
                "image",
                "bench",
                null,
                "bench:///" + i,
                null,
                Priority.NORMAL,
                o -> done.incrementAndGet(),
                () -> false);
    }

    private Rate streaming(int uploads, Duration device, int threads, int workers) throws Exception {
        try (LocalStack stack = LocalStack.start(PARTITIONS);
                Traffic traffic = new Traffic(stack)) {
            for (int i = 0; i < uploads; i++) {
                upload(traffic, i);
            }
            traffic.flush();
            ServiceConfig config = serviceConfig(stack, threads);
            SyntheticModel model = new SyntheticModel(device);
            Deadline deadline = Deadline.in(LONGEST);
            long start = System.nanoTime();
            try (ScoringService service = new ScoringService(
                    config,
                    () -> new Model(model, workers),
                    new ScoringService.Substitutes(true, new Instantly(), null))) {
                service.start();
                int seen = 0;
                long third = 0;
                int atThird = 0;
                long cpuAtThird = 0;
                while (seen < uploads) {
                    seen += traffic.scores(Duration.ofMillis(100)).count();
                    if (third == 0 && seen >= uploads / 3) {
                        third = System.nanoTime();
                        cpuAtThird = ProcessorTime.nanos();
                        atThird = seen;
                    }
                    deadline.check();
                }
                long end = System.nanoTime();
                double rest = seen - atThird;
                return new Rate(
                        uploads / ((end - start) / 1e9),
                        rest / ((end - third) / 1e9),
                        (ProcessorTime.nanos() - cpuAtThird) / 1e3 / rest);
            }
        }
    }

    /** Time from the upload event to the committed score in a consumer's hands, at a steady load. */
    private void latency(double perSecond) throws Exception {
        try (LocalStack stack = LocalStack.start(PARTITIONS);
                Traffic traffic = new Traffic(stack);
                ScoringService service = new ScoringService(
                        serviceConfig(stack, 2),
                        () -> new Model(new SyntheticModel(DEVICE), 1),
                        new ScoringService.Substitutes(true, new Instantly(), null))) {
            service.start();
            // Starting takes seconds, and what has queued up until then must be gone before anything is measured.
            pace(traffic, perSecond, 0, (int) (perSecond * LATENCY_WARM_UP_SECONDS));
            int first = (int) (perSecond * LATENCY_WARM_UP_SECONDS);
            List<Long> latencies = pace(traffic, perSecond, first, (int) (perSecond * LATENCY_SECONDS));
            Collections.sort(latencies);
            say(
                    "at %.0f %% load (%.0f uploads/s): end to end p50 %d ms, p99 %d ms (bound: %d ms deadline + 2 batches of %d ms + 50 ms = %d ms)%n",
                    100 * LOAD,
                    perSecond,
                    quantile(latencies, 0.5),
                    quantile(latencies, 0.99),
                    DELAY.toMillis(),
                    DEVICE.toMillis(),
                    DELAY.toMillis() + 2 * DEVICE.toMillis() + 50);
        }
    }

    /** Uploads at a steady rate; nanoseconds until each one's score was there. */
    private static List<Long> pace(Traffic traffic, double perSecond, int first, int uploads) {
        Deadline deadline = Deadline.in(LONGEST);
        long[] sent = new long[uploads];
        List<Long> latencies = new ArrayList<>();
        long start = System.nanoTime();
        int next = 0;
        while (latencies.size() < uploads) {
            while (next < uploads && System.nanoTime() - start >= next / perSecond * 1e9) {
                sent[next] = System.nanoTime();
                upload(traffic, first + next++);
            }
            for (ConsumerRecord<String, byte[]> r : traffic.scores(Duration.ofMillis(1))) {
                int n = Integer.parseInt(r.key());
                latencies.add(System.nanoTime() - sent[n - first]);
            }
            deadline.check();
        }
        return latencies;
    }

    private static void upload(Traffic traffic, int i) {
        traffic.upload(Integer.toString(i), null, "bench:///images/" + i + ".jpg");
    }

    private static long quantile(List<Long> sorted, double q) {
        return sorted.get((int) Math.min(sorted.size() - 1, Math.ceil(q * sorted.size()))) / 1_000_000;
    }
}
