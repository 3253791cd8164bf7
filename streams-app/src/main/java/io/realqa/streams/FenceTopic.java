package io.realqa.streams;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.streams.StreamsConfig;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The topic through which tasks send a record to themselves, made here as Kafka Streams makes its changelogs: named after
 * the application, with as many partitions as the uploads have.
 */
final class FenceTopic {
    private static final Logger LOG = LoggerFactory.getLogger(FenceTopic.class);
    private static final int CALL_MILLIS = 10_000;
    private static final long CALL_SECONDS = 12;
    private static final long KNOWN_SECONDS = 10;
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final Map<String, String> CONFIG =
            Map.of("cleanup.policy", "delete", "retention.ms", Long.toString(TimeUnit.DAYS.toMillis(1)));

    private FenceTopic() {}

    static String name(Properties streams) {
        return streams.getProperty(StreamsConfig.APPLICATION_ID_CONFIG) + "-fence";
    }

    /**
     * Sees to it that it is there.
     *
     * @param streams the settings of Kafka Streams
     * @param uploads name of the topic of the uploads
     * @throws IllegalStateException if it is not: the brokers do not answer or refuse, or there are no uploads
     */
    static void ensure(Properties streams, String uploads) {
        StreamsConfig config = new StreamsConfig(streams);
        String name = name(streams);
        Map<String, Object> clients = config.getAdminConfigs(name);
        // Closing the client waits for its calls; Kafka's minute would keep a service that is told to stop.
        clients.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, CALL_MILLIS / 2);
        clients.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, CALL_MILLIS);
        try (Admin admin = Admin.create(clients)) {
            int wanted = partitions(admin, uploads)
                    .orElseThrow(() ->
                            new IllegalStateException("topic " + uploads + ": missing (expected: created beforehand)"));
            Optional<Integer> found = partitions(admin, name);
            if (found.isEmpty()) {
                short replicas =
                        config.getInt(StreamsConfig.REPLICATION_FACTOR_CONFIG).shortValue();
                create(admin, new NewTopic(name, wanted, replicas).configs(CONFIG));
                found = awaitPartitions(admin, name);
            }
            if (found.isPresent() && found.get() < wanted) {
                get(admin.createPartitions(Map.of(name, NewPartitions.increaseTo(wanted)))
                        .all());
                found = partitions(admin, name);
            }
            if (found.isEmpty() || found.get() < wanted) {
                throw new IllegalStateException("topic " + name + ": "
                        + found.map(n -> n + " partitions").orElse("missing")
                        + " (expected: " + wanted + ", as " + uploads + ")");
            }
        }
    }

    private static void create(Admin admin, NewTopic topic) {
        try {
            get(admin.createTopics(List.of(topic)).all());
            LOG.info("topic {} was created with {} partitions", topic.name(), topic.numPartitions());
        } catch (IllegalStateException e) {
            if (!(e.getCause() instanceof TopicExistsException)) {
                throw e;
            }
            // Another instance starts at the same time.
        }
    }

    /** A broker may answer from before the topic was made. */
    private static Optional<Integer> awaitPartitions(Admin admin, String topic) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(KNOWN_SECONDS);
        Optional<Integer> found = partitions(admin, topic);
        while (found.isEmpty()
                && System.nanoTime() < deadline
                && !Thread.currentThread().isInterrupted()) {
            LockSupport.parkNanos(PAUSE_NANOS);
            found = partitions(admin, topic);
        }
        return found;
    }

    private static Optional<Integer> partitions(Admin admin, String topic) {
        try {
            return get(admin.describeTopics(Set.of(topic)).allTopicNames()).values().stream()
                    .map(t -> t.partitions().size())
                    .findFirst();
        } catch (IllegalStateException e) {
            if (e.getCause() instanceof UnknownTopicOrPartitionException) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private static <T> T get(KafkaFuture<T> call) {
        try {
            return call.get(CALL_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException(String.valueOf(e.getCause()), e.getCause());
        } catch (TimeoutException e) {
            throw new IllegalStateException("the brokers did not answer within " + CALL_SECONDS + " s", e);
        }
    }
}
