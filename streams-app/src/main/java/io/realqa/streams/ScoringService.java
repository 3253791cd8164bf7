package io.realqa.streams;

import io.micrometer.core.instrument.binder.kafka.KafkaStreamsMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.realqa.scorer.Scorer;
import io.realqa.streams.adapters.AdapterService;
import io.realqa.streams.adapters.AdaptersConfig;
import io.realqa.streams.calibration.Calibrations;
import io.realqa.streams.content.ContentFetcher;
import io.realqa.streams.content.ContentPolicy;
import io.realqa.streams.content.ContentSource;
import io.realqa.streams.http.Health;
import io.realqa.streams.http.HttpSide;
import io.realqa.streams.metrics.Metric;
import io.realqa.streams.metrics.ServiceMetrics;
import io.realqa.streams.scoring.BatchScorer;
import io.realqa.streams.scoring.Fault;
import io.realqa.streams.scoring.ScoringEngine;
import io.realqa.streams.topology.EventSerdes;
import io.realqa.streams.topology.ScoringTopology;
import io.realqa.streams.topology.Tasks;
import java.time.Clock;
import java.time.Duration;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.avro.generic.GenericContainer;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.CloseOptions.GroupMembershipOperation;
import org.apache.kafka.streams.KafkaStreams;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One running instance: Kafka Streams, the engine and the HTTP side. Owns these, not the model.
 *
 * <p>Thread-safe. {@link #start} and {@link #close} may run at the same time.
 */
public final class ScoringService implements AutoCloseable {
    /**
     * What stands in for the real thing, in benchmarks and verifiers.
     *
     * @param keepPending false: uploads that are pending when it crashes are lost, which a verifier must notice
     * @param content where content by reference comes from; none: files and hosts, as the settings allow
     * @param adapters the model for a released adapter's digest; none: it is loaded from its files and checked
     */
    public record Substitutes(
            boolean keepPending,
            @Nullable ContentSource content,
            @Nullable Function<@Nullable String, BatchScorer> adapters) {
        /** Everything is real. */
        public static final Substitutes NONE = new Substitutes(true, null, null);
    }

    /** How an instance ended. */
    public enum End {
        /** It was closed. */
        STOPPED,
        /** Its stream threads died too often. */
        FAILED,
        /** Its device hangs or fails: the process has to end, since a device call cannot be broken off. */
        FAULT
    }

    private static final Logger LOG = LoggerFactory.getLogger(ScoringService.class);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(15);
    /** With the device lost there is nothing to bring to an end: the sooner others have the tasks, the better. */
    private static final Duration FAULT_CLOSE_TIMEOUT = Duration.ofSeconds(5);

    private static final long RETRY_PAUSE_MILLIS = 1_000;
    private static final long DRAIN_SLICE_MILLIS = 20;

    private final ServiceConfig config;
    private final Supplier<Model> loader;
    private final Substitutes substitutes;
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final ServiceMetrics metrics = new ServiceMetrics(registry);
    private final CountDownLatch closing = new CountDownLatch(1);
    private final CountDownLatch stopped = new CountDownLatch(1);
    private final AtomicBoolean closed = new AtomicBoolean();
    private final ThreadDeaths deaths = new ThreadDeaths(Clock.systemUTC(), metrics);
    private volatile String loading = "not started";
    private volatile @Nullable Running running;
    private @Nullable HttpSide http;
    private @Nullable AdapterService adapters;

    /** What there is once the model is loaded. */
    private record Running(ScoringEngine engine, Tasks tasks, KafkaStreams streams, KafkaStreamsMetrics metrics) {}

    /** An instance that serves a model. {@link #start} starts it. */
    public ScoringService(ServiceConfig config, BatchScorer scorer, int workers) {
        this(config, () -> new Model(scorer, workers));
    }

    /** @param loader called once by {@link #start}, which tells meanwhile over HTTP that it is loading */
    public ScoringService(ServiceConfig config, Supplier<Model> loader) {
        this(config, loader, Substitutes.NONE);
    }

    /** An instance in which something stands in for the real thing. */
    public ScoringService(ServiceConfig config, Supplier<Model> loader, Substitutes substitutes) {
        this.config = config;
        this.loader = loader;
        this.substitutes = substitutes;
        metrics.gauge(Metric.READY, () -> health().ready() ? 1 : 0);
    }

    /**
     * Starts to listen, loads the model, waits for the registry and starts to score. Ends early if it is closed meanwhile.
     */
    public void start() {
        Integer port = config.http().port();
        synchronized (this) {
            if (closed.get()) {
                return;
            }
            if (port != null) {
                http = HttpSide.start(config.httpHost(), port, registry, this::health);
                LOG.info("health and metrics on http://{}:{}", config.httpHost(), http.port());
            }
        }
        loading = "loading the model";
        Calibrations calibrations = config.calibrations();
        Model model = loader.get();
        EventSerdes serdes = new EventSerdes(
                config.newSerde(), config.registry(), config.topics().ofEvents());
        loading = "waiting for the schema registry";
        if (!register(serdes)) {
            return;
        }
        Properties streams = StreamsProperties.of(config);
        String uploads = config.topics().uploads();
        if (!retry("the topics", () -> FenceTopic.ensure(streams, uploads), IllegalStateException.class)) {
            return;
        }
        if (!follow(model)) {
            return;
        }
        synchronized (this) {
            if (!closed.get()) {
                run(model, serdes, streams, calibrations);
            }
        }
    }

    /**
     * Takes the released adapters into service, so that the first score is already one of theirs.
     *
     * @return false if the service was closed meanwhile
     */
    private boolean follow(Model model) {
        AdaptersConfig released = config.adaptersConfig();
        Scorer loaded = model.loaded();
        Function<@Nullable String, BatchScorer> substitute = substitutes.adapters();
        if (released == null || (loaded == null && substitute == null)) {
            return true;
        }
        loading = "loading the released adapters";
        AdapterService service;
        synchronized (this) {
            if (closed.get()) {
                return false;
            }
            Serde<GenericContainer> serde = config.newSerde();
            serde.configure(config.registry(), false);
            service = loaded == null
                    ? AdapterService.start(
                            released,
                            config.kafka(),
                            serde,
                            Objects.requireNonNull(substitute),
                            model.scorer(),
                            metrics)
                    : AdapterService.start(
                            released, config.kafka(), serde, loaded, model.scorer(), config.imageLimits(), metrics);
            adapters = service;
        }
        try {
            if (!service.awaitFollowed()) {
                LOG.warn(
                        "the released adapters are not there after {}: scoring begins without them",
                        released.patience());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
        return !closed.get();
    }

    /** @return false if the service was closed before the registry answered */
    private boolean register(EventSerdes serdes) {
        return retry("the schema registry", serdes::register, SerializationException.class);
    }

    /**
     * Does something that waits for another system, until it succeeds.
     *
     * @return false if the service was closed before
     */
    private boolean retry(String what, Runnable action, Class<? extends RuntimeException> expected) {
        while (true) {
            try {
                action.run();
                return true;
            } catch (RuntimeException e) {
                if (!expected.isInstance(e)) {
                    throw e;
                }
                LOG.warn("the service waits for {}: {}", what, e.getMessage());
                loading = "waiting for " + what + ": " + e.getMessage();
            }
            try {
                if (closing.await(RETRY_PAUSE_MILLIS, TimeUnit.MILLISECONDS)) {
                    return false;
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
    }

    private void run(Model model, EventSerdes serdes, Properties properties, Calibrations calibrations) {
        ContentPolicy policy = config.contentPolicy();
        ContentSource content = substitutes.content() == null
                ? new ContentFetcher(policy, config.limits().clips().bytes())
                : substitutes.content();
        ScoringEngine engine = new ScoringEngine(
                adapters == null ? (platform, imageId) -> model.scorer() : adapters.router(),
                content,
                policy.maxBytes(),
                config.engine(model.workers()),
                metrics,
                this::onFault);
        Tasks.Settings settings = Tasks.Settings.of(config.limits().inline(), FenceTopic.name(properties));
        Tasks tasks = new Tasks(
                engine,
                serdes,
                new Tasks.Settings(
                        settings.maxInlineBytes(),
                        settings.longestWait(),
                        settings.commitPause(),
                        settings.fenceTopic(),
                        substitutes.keepPending()),
                metrics,
                Clock.systemUTC(),
                calibrations);
        KafkaStreams streams = new KafkaStreams(ScoringTopology.build(tasks), properties);
        // Called by the thread that dies.
        streams.setUncaughtExceptionHandler(cause -> deaths.of(
                cause,
                streams.metadataForLocalThreads().size(),
                StreamThreads.reading(streams, Thread.currentThread())));
        streams.setStateListener((now, before) -> {
            LOG.info("state {} -> {}", before, now);
            if (now == KafkaStreams.State.ERROR || now == KafkaStreams.State.NOT_RUNNING) {
                stopped.countDown();
            }
        });
        KafkaStreamsMetrics kafka = new KafkaStreamsMetrics(streams);
        kafka.bindTo(registry);
        metrics.gauge(Metric.COMMIT_LATENCY, () -> StreamThreads.longestCommitSeconds(streams));
        running = new Running(engine, tasks, streams, kafka);
        streams.start();
    }

    /** The device is lost: other instances get the tasks at once, and this process is to end. */
    private void onFault(Fault fault) {
        // Not on the engine's thread, which the end waits for.
        Thread end = new Thread(() -> closeStreams(GroupMembershipOperation.LEAVE_GROUP), "realqa-fault");
        end.setDaemon(true);
        end.start();
    }

    /** Whether it has got as far as scoring. */
    public boolean started() {
        return running != null;
    }

    /** Whether its stream threads run and hold their tasks. */
    public boolean running() {
        Running now = running;
        return now != null && now.streams().state() == KafkaStreams.State.RUNNING;
    }

    /** How it is, as told over HTTP. */
    public Health health() {
        Running now = running;
        if (now == null) {
            return closed.get() ? Health.waiting("stopped") : Health.waiting(loading);
        }
        Fault fault = now.engine().fault();
        if (fault != null) {
            return Health.dead(fault.kind() + ": " + fault.message());
        }
        KafkaStreams.State state = now.streams().state();
        if (state == KafkaStreams.State.ERROR) {
            return Health.dead("stream threads died too often; see the log");
        }
        if (closed.get()) {
            return Health.waiting("stopping");
        }
        if (state != KafkaStreams.State.RUNNING) {
            return Health.waiting("Kafka Streams is " + state);
        }
        int tasks = StreamThreads.activeTasks(now.streams());
        return tasks == 0
                ? Health.waiting("no tasks: other instances have all partitions")
                : Health.serving(tasks + " tasks");
    }

    /** Port of the HTTP side; -1: there is none. */
    public synchronized int httpPort() {
        return http == null ? -1 : http.port();
    }

    /** Waits until it has stopped, by {@link #close} or by itself. */
    public void awaitStopped() throws InterruptedException {
        stopped.await();
    }

    /** Waits for it to stop, no longer than the given time. */
    public boolean awaitStopped(Duration longest) throws InterruptedException {
        return stopped.await(longest.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** How it ended; meaningful once it has stopped. */
    public End end() {
        Running now = running;
        if (now != null && now.engine().fault() != null) {
            return End.FAULT;
        }
        return now != null && now.streams().state() == KafkaStreams.State.ERROR ? End.FAILED : End.STOPPED;
    }

    public ScoringEngine.Counts counts() {
        Running now = running;
        return now == null ? new ScoringEngine.Counts(0, 0, 0, 0) : now.engine().counts();
    }

    /**
     * Stops: finishes what is in the engine, within a bound, and commits it; what is still pending then is offered again
     * by the next instance. Bounded.
     */
    @Override
    public void close() {
        if (closed.getAndSet(true)) {
            return;
        }
        closing.countDown();
        AdapterService released;
        synchronized (this) {
            released = adapters;
        }
        if (released != null) {
            released.close();
        }
        Running now = running;
        if (now != null) {
            if (now.engine().fault() == null) {
                drain(now);
            }
            // Leaving the group hands the tasks on at once; a static member comes back to them.
            closeStreams(
                    StreamsProperties.isStaticMember(config) && now.engine().fault() == null
                            ? GroupMembershipOperation.REMAIN_IN_GROUP
                            : GroupMembershipOperation.LEAVE_GROUP);
            now.metrics().close();
            now.engine().close();
        }
        if (released != null && end() != End.FAULT) {
            released.free();
        }
        synchronized (this) {
            if (http != null) {
                http.close();
            }
        }
        registry.close();
        stopped.countDown();
    }

    private void drain(Running now) {
        now.tasks().stop();
        long deadline = System.nanoTime() + config.drain().toNanos();
        try {
            // Also while tasks come or go: those that are here go on, and have uploads in the engine.
            while (now.streams().state().isRunningOrRebalancing()
                    && !now.tasks().drained()
                    && System.nanoTime() < deadline) {
                TimeUnit.MILLISECONDS.sleep(DRAIN_SLICE_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        LOG.info("stopping with {} images in the engine", now.engine().counts().inFlight());
    }

    private void closeStreams(GroupMembershipOperation membership) {
        Running now = running;
        if (now != null) {
            Duration limit = now.engine().fault() == null ? CLOSE_TIMEOUT : FAULT_CLOSE_TIMEOUT;
            CloseOptions options = CloseOptions.timeout(limit).withGroupMembershipOperation(membership);
            if (!now.streams().close(options)) {
                LOG.warn("Kafka Streams did not stop within {}", limit);
            }
        }
        stopped.countDown();
    }
}
