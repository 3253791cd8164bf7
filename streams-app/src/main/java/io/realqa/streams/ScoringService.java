package io.realqa.streams;

import io.realqa.schemas.AvroSerde;
import io.realqa.schemas.Topics;
import io.realqa.scorer.Scorer;
import io.realqa.streams.scoring.BatchScorer;
import io.realqa.streams.scoring.ScoringEngine;
import io.realqa.streams.topology.EventSerdes;
import io.realqa.streams.topology.ScoringTopology;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.avro.generic.GenericContainer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.CloseOptions.GroupMembershipOperation;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One running instance: Kafka Streams, the engine and a scorer. Owns the first two, not the scorer. */
public final class ScoringService implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ScoringService.class);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(30);
    private static final int MAX_POLL_INTERVAL_MILLIS = 300_000;
    /** A task's longest wait for room between two punctuations. */
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(1);
    /** A transaction stays open while a thread's tasks wait, one after the other: Streams' 10 s are too few. */
    private static final int TRANSACTION_TIMEOUT_MILLIS = 60_000;
    /** A thread that dies more often than this within a minute does not recover by starting again. */
    private static final int MOST_RESTARTS = 10;

    private final ScoringEngine engine;
    private final KafkaStreams streams;
    private final CountDownLatch stopped = new CountDownLatch(1);
    private final Deque<Instant> restarts = new ArrayDeque<>();

    /** Builds the instance; {@link #start} starts it. */
    public ScoringService(ServiceConfig config, Scorer scorer) {
        EventSerdes serdes = new EventSerdes(serde(config), config.registry(), topicNames(config));
        BatchScorer model = BatchScorer.of(scorer);
        engine = new ScoringEngine(
                () -> model,
                config.contentPolicy(),
                config.imageLimits(),
                config.batchPolicy(),
                config.engineLimits(),
                scorer.checkpoint().compute().workers());
        streams = new KafkaStreams(
                ScoringTopology.build(engine, serdes, config.inlineBytes(), Clock.systemUTC(), LONGEST_WAIT),
                properties(config));
        streams.setUncaughtExceptionHandler(this::onDeath);
        streams.setStateListener((now, before) -> {
            LOG.info("state {} -> {}", before, now);
            if (now == KafkaStreams.State.ERROR || now == KafkaStreams.State.NOT_RUNNING) {
                stopped.countDown();
            }
        });
    }

    private static Map<Topics, String> topicNames(ServiceConfig config) {
        return Map.of(
                Topics.UPLOADS, config.topic("uploads", Topics.UPLOADS.topic()),
                Topics.SCORES, config.topic("scores", Topics.SCORES.topic()),
                Topics.ATTRIBUTES, config.topic("attributes", Topics.ATTRIBUTES.topic()),
                Topics.DEAD_LETTERS, config.topic("dead-letters", Topics.DEAD_LETTERS.topic()));
    }

    @SuppressWarnings("unchecked") // the class is the deployment's choice; a wrong one fails at the first event
    private static Serde<GenericContainer> serde(ServiceConfig config) {
        if (config.serde() == null) {
            return new AvroSerde<>();
        }
        try {
            return (Serde<GenericContainer>) Class.forName(config.serde())
                    .asSubclass(Serde.class)
                    .getDeclaredConstructor()
                    .newInstance();
        } catch (ReflectiveOperationException | ClassCastException e) {
            throw new ConfigException(
                    "serde: " + config.serde() + ": " + e + " (expected: a class on the class path"
                            + " that is a Kafka Serde with a constructor without arguments)",
                    e);
        }
    }

    private static Properties properties(ServiceConfig config) {
        Map<String, Object> all = new HashMap<>();
        all.put(StreamsConfig.APPLICATION_ID_CONFIG, "realqa-stream");
        // Wall-clock punctuators fire between polls: this bounds the latency of a finished score on an idle task.
        all.put(StreamsConfig.POLL_MS_CONFIG, 5);
        // A commit writes a marker to every partition of the transaction; a batch takes about as long as this.
        all.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 200);
        all.put("max.poll.interval.ms", MAX_POLL_INTERVAL_MILLIS);
        // A dead letter holds a whole upload record.
        all.put("producer.max.request.size", Topics.MAX_DEAD_LETTER_BYTES + (1 << 20));
        all.put("producer.transaction.timeout.ms", TRANSACTION_TIMEOUT_MILLIS);
        all.put("consumer.auto.offset.reset", "earliest");
        all.putAll(config.kafka());
        // Not a choice: the guarantees rest on it.
        all.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        Properties properties = new Properties();
        properties.putAll(all);
        return properties;
    }

    private synchronized StreamThreadExceptionResponse onDeath(Throwable cause) {
        Instant now = Instant.now();
        restarts.add(now);
        restarts.removeIf(t -> t.isBefore(now.minusSeconds(60)));
        if (restarts.size() > MOST_RESTARTS) {
            LOG.error("{} stream threads died within a minute: the service stops", restarts.size(), cause);
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        }
        LOG.error("a stream thread died and starts again from the last commit", cause);
        return StreamThreadExceptionResponse.REPLACE_THREAD;
    }

    public void start() {
        streams.start();
    }

    /** Whether its stream threads run and hold their tasks. */
    public boolean running() {
        return streams.state() == KafkaStreams.State.RUNNING;
    }

    /** Waits until it has stopped, by {@link #close} or by itself. */
    public void awaitStopped() throws InterruptedException {
        stopped.await();
    }

    /** Whether it stopped by itself, because of an error. */
    public boolean failed() {
        return streams.state() == KafkaStreams.State.ERROR;
    }

    /** Waits for it to stop, no longer than the given time. */
    public boolean awaitStopped(Duration longest) throws InterruptedException {
        return stopped.await(longest.toMillis(), TimeUnit.MILLISECONDS);
    }

    public ScoringEngine.Counts counts() {
        return engine.counts();
    }

    /** Stops: commits what is finished; what is pending is offered again at the next start. Bounded. */
    @Override
    public void close() {
        // Leaving the group hands the tasks on at once; else they would wait for this member's session to end.
        if (!streams.close(CloseOptions.timeout(CLOSE_TIMEOUT)
                .withGroupMembershipOperation(GroupMembershipOperation.LEAVE_GROUP))) {
            LOG.warn("Kafka Streams did not stop within {}", CLOSE_TIMEOUT);
        }
        engine.close();
        stopped.countDown();
    }
}
