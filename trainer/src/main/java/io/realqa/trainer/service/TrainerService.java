package io.realqa.trainer.service;

import io.micrometer.core.instrument.MeterRegistry;
import io.realqa.events.ImageScored;
import io.realqa.events.LabelAccepted;
import io.realqa.events.ModelMeasured;
import io.realqa.schemas.SchemaRegistryException;
import io.realqa.scorer.Checkpoint;
import io.realqa.scorer.ScoringProfile;
import io.realqa.trainer.cycle.Cycle;
import io.realqa.trainer.cycle.CycleJournal;
import io.realqa.trainer.cycle.CycleListener;
import io.realqa.trainer.cycle.CycleRecord;
import io.realqa.trainer.cycle.ReleaseDesk;
import io.realqa.trainer.cycle.TriggerPolicy;
import io.realqa.trainer.feedback.AcceptedLabel;
import io.realqa.trainer.feedback.Clients;
import io.realqa.trainer.feedback.ContentSource;
import io.realqa.trainer.feedback.FeedbackIntake;
import io.realqa.trainer.feedback.ImageVault;
import io.realqa.trainer.feedback.IntakeListener;
import io.realqa.trainer.feedback.RejectReason;
import io.realqa.trainer.live.LiveMeasures;
import io.realqa.trainer.set.SetBuilder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.avro.generic.GenericContainer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serde;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes labels in, measures what is served, and trains when it is time.
 *
 * <p>Two threads: one polls the topics and owns labels, measures and triggers; one runs a cycle at a time. What they share is
 * the list of accepted labels, copied when a cycle is planned.
 */
public final class TrainerService implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TrainerService.class);
    private static final Duration POLL = Duration.ofMillis(500);
    private static final long FIRST_PAUSE_MILLIS = 500;
    private static final long LONGEST_PAUSE_MILLIS = 30_000;
    private static final int CYCLE_ATTEMPTS = 3;
    private static final long CLOSE_SECONDS = 60;

    /**
     * What the service is given.
     *
     * @param serde configured, of all values
     * @param content where images by reference come from; closed with the service
     */
    public record Parts(
            Checkpoint checkpoint,
            ScoringProfile profile,
            Serde<GenericContainer> serde,
            ContentSource content,
            ReleaseDesk desk,
            MeterRegistry registry,
            CycleListener listener,
            Clock clock) {}

    private final TrainerConfig config;
    private final Parts parts;
    private final TrainerMetrics metrics;
    private final ImageVault vault;
    private final CycleJournal journal;
    private final Cycle cycle;
    private final TriggerPolicy policy;
    private final LiveMeasures live;
    private final List<AcceptedLabel> labels = new ArrayList<>();
    private final AtomicInteger labelCount = new AtomicInteger();
    private final CountDownLatch closing = new CountDownLatch(1);
    private final CountDownLatch opened = new CountDownLatch(1);
    private final Thread intakeThread = new Thread(this::takeIn, "realqa-intake");
    private volatile @Nullable Thread cycleThread;
    private volatile @Nullable String trouble = "opening the topics";
    private volatile boolean lost;
    private volatile int failedPlans;
    private volatile Instant nextPlan = Instant.MIN;
    private Instant nextMeasures;

    public TrainerService(TrainerConfig config, Parts parts) {
        this.config = config;
        this.parts = parts;
        this.metrics = new TrainerMetrics(parts.registry());
        this.vault = new ImageVault(config.home().resolve("images"));
        this.journal = Cycle.journal(config.home());
        this.cycle = new Cycle(
                parts.checkpoint(),
                parts.profile(),
                config.cycle(),
                config.home(),
                vault,
                parts.desk(),
                parts.listener(),
                parts.clock());
        Instant now = Instant.now(parts.clock());
        this.policy = new TriggerPolicy(config.triggerSettings(), now);
        this.live = new LiveMeasures(config.measuresWindow());
        this.nextMeasures = now.plus(config.measuresEvery());
        intakeThread.setDaemon(true);
        metrics.gauge(TrainerMetric.LABELS, labelCount::get);
        metrics.gauge(TrainerMetric.TRAINING, () -> training() ? 1 : 0);
        metrics.gauge(TrainerMetric.READY, () -> trouble == null ? 1 : 0);
    }

    /** Starts its threads. */
    public void start() {
        intakeThread.start();
    }

    /** Whether a cycle runs. */
    public boolean training() {
        Thread thread = cycleThread;
        return thread != null && thread.isAlive();
    }

    /** Accepted labels in all. */
    public int labels() {
        return labelCount.get();
    }

    /** Why labels are not taken in at the moment; null: they are. */
    public @Nullable String trouble() {
        return trouble;
    }

    /** Whether another trainer under the same name took over: this one has stopped. */
    public boolean lost() {
        return lost;
    }

    /** Waits until the accepted labels have been read and new ones are taken in. */
    public boolean awaitOpened(Duration longest) throws InterruptedException {
        return opened.await(longest.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Whether it was told to stop, and did not stop by itself. */
    public boolean closed() {
        return closing.getCount() == 0;
    }

    /** Waits until it was closed, has lost its name or cannot go on. */
    public void awaitStopped() throws InterruptedException {
        intakeThread.join();
    }

    private void takeIn() {
        try {
            long pause = FIRST_PAUSE_MILLIS;
            while (!closed()) {
                try (KafkaProducer<byte[], byte[]> measures = new KafkaProducer<>(
                                Clients.producer(config.kafka()),
                                new ByteArraySerializer(),
                                new ByteArraySerializer());
                        FeedbackIntake intake = FeedbackIntake.open(setup(), new Sink())) {
                    metrics.session();
                    trouble = null;
                    opened.countDown();
                    LOG.info("{} accepted labels; taking in {}", labels.size(), config.topic("feedback"));
                    while (!closed()) {
                        intake.poll(POLL);
                        pause = FIRST_PAUSE_MILLIS;
                        publish(measures);
                        train();
                    }
                } catch (IOException | RuntimeException e) {
                    if (fenced(e)) {
                        lost = true;
                        trouble = "another trainer under the name " + config.trainerName() + " took over";
                        LOG.error("{}: this one stops", trouble);
                        return;
                    }
                    if (closed()) {
                        return;
                    }
                    trouble = String.valueOf(e.getMessage());
                    LOG.warn("labels are not taken in, another attempt in {} ms", pause, e);
                    if (closing.await(pause, TimeUnit.MILLISECONDS)) {
                        return;
                    }
                    pause = Math.min(2 * pause, LONGEST_PAUSE_MILLIS);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Error e) {
            // Such as no memory for a record: another session would end the same way.
            trouble = "labels are not taken in any more: " + e;
            LOG.error("the trainer stops", e);
        }
    }

    private static boolean fenced(Throwable thrown) {
        for (Throwable t = thrown; t != null; t = t.getCause()) {
            if (t instanceof ProducerFencedException || t instanceof InvalidProducerEpochException) {
                return true;
            }
        }
        return false;
    }

    private FeedbackIntake.Setup setup() {
        return new FeedbackIntake.Setup(
                config.kafka(),
                parts.serde(),
                config.feedbackTopics(),
                config.trainerName(),
                parts.profile(),
                config.feedbackSettings(),
                config.answers(),
                vault,
                parts.content(),
                parts.clock());
    }

    /** What the intake tells, on its thread. */
    private final class Sink implements IntakeListener {
        @Override
        public void reset() {
            labels.clear();
            labelCount.set(0);
            live.clear();
        }

        @Override
        public void accepted(AcceptedLabel label, LabelAccepted event, boolean restored) {
            labels.add(label);
            labelCount.set(labels.size());
            live.labelled(event, label.label());
            if (!restored) {
                metrics.accepted();
            }
        }

        @Override
        public void rejected(RejectReason reason, String message) {
            metrics.rejected(reason);
            LOG.debug("a label is rejected: {}: {}", reason, message);
        }

        @Override
        public void scored(ImageScored score) {
            live.scored(score);
        }
    }

    private void publish(KafkaProducer<byte[], byte[]> producer) {
        Instant now = Instant.now(parts.clock());
        if (now.isBefore(nextMeasures)) {
            return;
        }
        nextMeasures = now.plus(config.measuresEvery());
        List<ModelMeasured> events = live.events(now);
        metrics.measured(events);
        String topic = config.topic("model-measures");
        for (ModelMeasured event : events) {
            String key =
                    event.getPlatform() + "/" + (event.getAdapterDigest() == null ? "base" : event.getAdapterDigest());
            producer.send(
                    new ProducerRecord<>(
                            topic,
                            key.getBytes(StandardCharsets.UTF_8),
                            parts.serde().serializer().serialize(topic, event)),
                    (sent, e) -> {
                        if (e != null) {
                            LOG.warn("measures of {} were not published: {}", key, e.toString());
                        }
                    });
        }
    }

    /** Begins a cycle where one is due or was left open, if none runs. */
    private void train() throws IOException {
        if (training() || Instant.now(parts.clock()).isBefore(nextPlan)) {
            return;
        }
        Optional<CycleRecord> open = journal.open();
        if (open.isPresent()) {
            run(() -> open.get());
            return;
        }
        Instant now = Instant.now(parts.clock());
        for (String platform : java.util.Objects.requireNonNull(config.platforms())) {
            Optional<TriggerPolicy.Trigger> due = policy.due(situation(platform), now);
            if (due.isPresent()) {
                List<AcceptedLabel> snapshot = List.copyOf(labels);
                run(() -> cycle.plan(platform, due.get(), config.topic("training-labels"), snapshot));
                return;
            }
        }
    }

    private TriggerPolicy.Situation situation(String platform) throws IOException {
        int own = (int) labels.stream()
                .filter(l -> platform.equals(SetBuilder.ALL) || platform.equals(l.platform()))
                .count();
        Optional<CycleRecord> last = journal.last(platform);
        Map<String, Double> measures = live.newest(platform).orElse(Map.of());
        return new TriggerPolicy.Situation(
                own,
                last.map(CycleRecord::labels).orElse(0),
                last.map(r -> Instant.parse(r.createdAt())).orElse(null),
                measures.getOrDefault("psi", Double.NaN),
                measures.getOrDefault("ksP", Double.NaN));
    }

    /** Plans a cycle, or finds the one that is open. */
    private interface Beginning {
        CycleRecord get() throws IOException;
    }

    private void run(Beginning beginning) {
        Thread thread = new Thread(() -> attempt(beginning), "realqa-cycle");
        thread.setDaemon(true);
        cycleThread = thread;
        thread.start();
    }

    /** Runs a cycle to its end. While Kafka or the registry is away it waits; other failures end it after a few. */
    private void attempt(Beginning beginning) {
        Beginning next = beginning;
        long pause = FIRST_PAUSE_MILLIS;
        int failures = 0;
        try {
            while (!closed()) {
                CycleRecord begun = null;
                try {
                    begun = next.get();
                    failedPlans = 0;
                    CycleRecord ended = cycle.run(begun);
                    String decision = ended.decision();
                    metrics.cycle(decision == null ? ended.stage().name() : decision);
                    LOG.info("cycle {} ended: {} {}: {}", ended.id(), ended.stage(), decision, ended.reasons());
                    return;
                } catch (IOException | RuntimeException | Error e) {
                    if (begun == null) {
                        putOff(e);
                        return;
                    }
                    failures += passes(e) ? 0 : 1;
                    LOG.error("cycle {} broke off, {} of {} failures", begun.id(), failures, CYCLE_ATTEMPTS, e);
                    Optional<CycleRecord> open = journal.open();
                    if (open.isEmpty()) {
                        return;
                    }
                    if (failures == CYCLE_ATTEMPTS) {
                        cycle.fail(open.get(), String.valueOf(e));
                        metrics.cycle(CycleRecord.Stage.FAILED.name());
                        return;
                    }
                    next = open::get;
                }
                if (closing.await(pause, TimeUnit.MILLISECONDS)) {
                    return;
                }
                pause = Math.min(2 * pause, LONGEST_PAUSE_MILLIS);
            }
        } catch (InterruptedException e) {
            LOG.info("the cycle stays open");
        } catch (IOException e) {
            LOG.error("the cycle's journal cannot be read or written", e);
        }
    }

    /** A cycle that cannot even be planned is left alone for a while, longer each time. */
    private void putOff(Throwable cause) {
        failedPlans++;
        Duration pause =
                Duration.ofMillis(Math.min(LONGEST_PAUSE_MILLIS << 4, FIRST_PAUSE_MILLIS << Math.min(failedPlans, 20)));
        nextPlan = Instant.now(parts.clock()).plus(pause);
        LOG.error("a cycle cannot be planned; another attempt in {}", pause, cause);
    }

    /** Whether Kafka or the registry is away, which says nothing of the cycle. */
    private static boolean passes(Throwable thrown) {
        for (Throwable t = thrown; t != null; t = t.getCause()) {
            if (t instanceof RetriableException || t instanceof SchemaRegistryException r && r.retriable()) {
                return true;
            }
        }
        return false;
    }

    /** Stops; a cycle under way stays open, and the next process goes on with it. Bounded. */
    @Override
    public void close() {
        closing.countDown();
        try {
            Thread running = cycleThread;
            if (running != null) {
                running.interrupt();
                running.join(TimeUnit.SECONDS.toMillis(CLOSE_SECONDS));
            }
            intakeThread.join(TimeUnit.SECONDS.toMillis(CLOSE_SECONDS));
            if (intakeThread.isAlive()) {
                intakeThread.interrupt();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        parts.content().close();
    }
}
