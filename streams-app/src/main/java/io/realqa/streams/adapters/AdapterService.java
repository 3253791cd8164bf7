package io.realqa.streams.adapters;

import io.realqa.events.AdapterRelease;
import io.realqa.schemas.ReleaseKey;
import io.realqa.scorer.Scorer;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.streams.metrics.ServiceMetrics;
import io.realqa.streams.scoring.BatchScorer;
import io.realqa.streams.scoring.ModelRouter;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.avro.generic.GenericContainer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serde;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows the release topic: one thread reads it, one loads and swaps, and writes the status. Of releases that come while
 * one is loaded only the newest state is kept. Thread-safe.
 */
public final class AdapterService implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AdapterService.class);
    private static final Duration POLL = Duration.ofMillis(500);
    private static final long PAUSE_MILLIS = 1_000;
    private static final long CLOSE_SECONDS = 30;

    private final AdaptersConfig config;
    private final Map<String, String> kafka;
    private final Serde<GenericContainer> serde;
    private final Clock clock;
    private final AdapterHost host;
    private final Producer<byte[], byte[]> producer;
    private final Thread reading;
    private final Thread loading;
    private final CountDownLatch followed = new CountDownLatch(1);
    private final CountDownLatch closing = new CountDownLatch(1);
    private final Object lock = new Object();
    /** The newest state that was not taken up yet; guarded by lock. */
    private @Nullable Releases news;
    /** Releases that are to be taken back, and why; guarded by lock. */
    private final Map<Release, String> alarms = new LinkedHashMap<>();
    /** Guarded by lock. */
    private ReleaseBook book = new ReleaseBook();

    private volatile @Nullable CompactedTopic topic;

    private AdapterService(
            AdaptersConfig config,
            Map<String, String> kafka,
            Serde<GenericContainer> serde,
            AdapterLoader loader,
            BatchScorer start,
            ServiceMetrics metrics,
            Clock clock) {
        this.config = config;
        this.kafka = kafka;
        this.serde = serde;
        this.clock = clock;
        this.host = new AdapterHost(loader, start, config.offGrammarMass(), metrics, this::tell, this::alarm);
        this.producer = new KafkaProducer<>(
                ClientSettings.producer(kafka), new ByteArraySerializer(), new ByteArraySerializer());
        this.reading = daemon(this::read, "realqa-releases");
        this.loading = daemon(this::load, "realqa-adapters");
    }

    /**
     * Starts to follow the releases of a service.
     *
     * @param kafka the service's settings for Kafka Streams
     * @param serde configured, for Avro values
     * @param start what the service started with, with its scorer; the caller's to close, after this
     */
    public static AdapterService start(
            AdaptersConfig config,
            Map<String, String> kafka,
            Serde<GenericContainer> serde,
            Scorer scorer,
            BatchScorer start,
            ImageLimits limits,
            ServiceMetrics metrics) {
        return started(config, kafka, serde, new CheckpointAdapters(scorer, start, limits, config), start, metrics);
    }

    /**
     * The same with models that stand in for released adapters, in verifiers.
     *
     * @param models the model for an adapter's digest; null: the base model alone. The caller's to close
     */
    public static AdapterService start(
            AdaptersConfig config,
            Map<String, String> kafka,
            Serde<GenericContainer> serde,
            Function<@Nullable String, BatchScorer> models,
            BatchScorer start,
            ServiceMetrics metrics) {
        AdapterLoader loader = release ->
                new AdapterLoader.Loaded(new Resident(models.apply(release.adapter()), () -> {}), "a substitute");
        return started(config, kafka, serde, loader, start, metrics);
    }

    /** @param loader brings a release's model into memory */
    static AdapterService started(
            AdaptersConfig config,
            Map<String, String> kafka,
            Serde<GenericContainer> serde,
            AdapterLoader loader,
            BatchScorer start,
            ServiceMetrics metrics) {
        AdapterService service = new AdapterService(config, kafka, serde, loader, start, metrics, Clock.systemUTC());
        service.reading.start();
        service.loading.start();
        return service;
    }

    private static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    /** Who answers for an image. */
    public ModelRouter router() {
        return host;
    }

    /**
     * Waits until the releases that were there at the start are served or refused for good, at most as long as the
     * settings allow.
     *
     * @return false if they are not: the topic, the registry, a store or a disk is away or slow
     */
    public boolean awaitFollowed() throws InterruptedException {
        return followed.await(config.patience().toMillis(), TimeUnit.MILLISECONDS);
    }

    private boolean closed() {
        return closing.getCount() == 0;
    }

    private void read() {
        while (!closed()) {
            try (CompactedTopic open =
                    new CompactedTopic(config.releases(), serde.deserializer(), ClientSettings.consumer(kafka))) {
                topic = open;
                follow(open);
            } catch (WakeupException | InterruptException e) {
                // closing
            } catch (RuntimeException e) {
                LOG.warn("the release topic cannot be read at the moment: {}", e.toString());
                pause();
            } finally {
                topic = null;
            }
        }
    }

    private void follow(CompactedTopic open) {
        Releases[] state = {Releases.NONE};
        synchronized (lock) {
            book = new ReleaseBook();
        }
        boolean told = false;
        while (!closed()) {
            Releases before = state[0];
            open.poll(POLL, e -> {
                state[0] = next(state[0], e);
                synchronized (lock) {
                    book.put(e.key(), (AdapterRelease) e.value());
                }
            });
            // Not before all of the past is known: what was replaced long ago is not loaded again.
            if (open.caughtUp() && (!told || before != state[0])) {
                told = true;
                synchronized (lock) {
                    news = state[0];
                    lock.notifyAll();
                }
            }
        }
    }

    /** @throws IllegalArgumentException if the record cannot be followed */
    private static Releases next(Releases state, CompactedTopic.Entry entry) {
        GenericContainer value = entry.value();
        if (value != null && !(value instanceof AdapterRelease)) {
            throw new IllegalArgumentException("value: " + value.getSchema().getFullName() + " (expected: "
                    + AdapterRelease.getClassSchema().getFullName() + ")");
        }
        Releases next = state.with(entry.key(), (AdapterRelease) value);
        if (next == state && value instanceof AdapterRelease release) {
            LOG.warn("{}: epoch {} is stale and ignored", entry.key(), release.getEpoch());
        }
        return next;
    }

    private void pause() {
        try {
            closing.await(PAUSE_MILLIS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void load() {
        // Loading and checking is computing; the workers beside it need the processor more.
        BackgroundThread.giveWay();
        host.statuses().forEach(this::tell);
        long beat = System.nanoTime();
        Releases known = Releases.NONE;
        while (!closed()) {
            try {
                long left = beat + config.heartbeat().toNanos() - System.nanoTime();
                if (left <= 0) {
                    host.statuses().forEach(this::tell);
                    if (!host.settled()) {
                        follow(known);
                    }
                    beat = System.nanoTime();
                    continue;
                }
                Releases next = take(left);
                takeBack();
                if (next != null) {
                    known = next;
                    follow(known);
                }
            } catch (InterruptedException e) {
                return;
            } catch (RuntimeException e) {
                LOG.error("adapters: an unexpected failure; what is served is served on", e);
                pause();
            }
        }
    }

    private void follow(Releases releases) {
        if (host.follow(releases, this::hasNews) && host.settled()) {
            followed.countDown();
        }
    }

    /** The newest state; null: none came in time. */
    private @Nullable Releases take(long nanos) throws InterruptedException {
        synchronized (lock) {
            if (news == null && alarms.isEmpty() && !closed()) {
                lock.wait(Math.max(1, TimeUnit.NANOSECONDS.toMillis(nanos)));
            }
            Releases taken = news;
            news = null;
            return taken;
        }
    }

    /** Called on a thread that scores. */
    private void alarm(Release release, String why) {
        LOG.error("{}: epoch {}: {}", release.key(), release.epoch(), why);
        synchronized (lock) {
            alarms.put(release, why);
            lock.notifyAll();
        }
    }

    private void takeBack() {
        Map<Release, String> due;
        synchronized (lock) {
            due = new LinkedHashMap<>(alarms);
            alarms.clear();
        }
        due.forEach((release, why) -> {
            if (host.giveUp(release, why) && config.autoRollback()) {
                rollBack(release, why);
            }
        });
    }

    /**
     * Releases for all what was there before. Workers that do so at the same time write the same epoch with the same
     * content, which is one release; one that was rolled back already is left alone.
     */
    private void rollBack(Release release, String why) {
        ReleaseBook.Entry next;
        synchronized (lock) {
            AdapterRelease now = book.at(release.key());
            if (now == null || now.getEpoch() != release.epoch()) {
                return;
            }
            book.refuse(release.key());
            next = release.key().slot() == ReleaseKey.Slot.ACTIVE
                    ? book.rollback(release.key().platform(), clock.instant())
                    : book.retire(release.key(), clock.instant());
        }
        AdapterRelease event = AdapterRelease.newBuilder(next.event())
                .setDecision("rolled back by " + config.workerId() + ": " + why)
                .build();
        LOG.error("{}: epoch {} is released: {}", next.key(), event.getEpoch(), event.getDecision());
        send(config.releases(), next.key().toString(), () -> serde.serializer().serialize(config.releases(), event));
    }

    private boolean hasNews() {
        synchronized (lock) {
            return news != null || closed();
        }
    }

    /** Writes a slot's status; what is lost is written again with the next heartbeat. */
    private void tell(ReleaseKey key, @Nullable SlotStatus status) {
        send(
                config.status(),
                config.workerId() + "/" + key,
                () -> status == null
                        ? null
                        : serde.serializer()
                                .serialize(config.status(), status.event(config.workerId(), clock.instant())));
    }

    private void send(String to, String key, Supplier<byte @Nullable []> value) {
        try {
            producer.send(
                    new ProducerRecord<>(to, key.getBytes(StandardCharsets.UTF_8), value.get()),
                    (metadata, failure) -> {
                        if (failure != null) {
                            LOG.warn("{}: {} was not written: {}", to, key, failure.toString());
                        }
                    });
        } catch (RuntimeException e) {
            LOG.warn("{}: {} was not written: {}", to, key, e.toString());
        }
    }

    /**
     * Stops to follow, and takes this worker off the status topic. Models in memory stay until {@link #free}. Bounded.
     */
    @Override
    public void close() {
        if (closed()) {
            return;
        }
        closing.countDown();
        synchronized (lock) {
            lock.notifyAll();
        }
        CompactedTopic open = topic;
        if (open != null) {
            open.wake();
        }
        try {
            reading.join(TimeUnit.SECONDS.toMillis(CLOSE_SECONDS));
            loading.join(TimeUnit.SECONDS.toMillis(CLOSE_SECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        host.statuses().keySet().forEach(key -> tell(key, null));
        producer.close(Duration.ofSeconds(CLOSE_SECONDS));
    }

    /** Frees the models that it loaded. After the engine's end, and before the checkpoint is closed. */
    public void free() {
        if (loading.isAlive()) {
            LOG.error("a release is still being loaded: its memory is left to the end of the process");
            return;
        }
        host.close();
    }
}
