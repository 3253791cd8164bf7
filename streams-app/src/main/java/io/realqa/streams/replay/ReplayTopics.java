package io.realqa.streams.replay;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.jspecify.annotations.Nullable;

/** The topics of a replay as they are on the cluster. Each call ends within the client's default.api.timeout.ms,
 * or half a minute for a topic that is new. */
final class ReplayTopics implements AutoCloseable {
    static final Duration CREATION_LIMIT = Duration.ofSeconds(30);
    private static final long PAUSE_MILLIS = 100;

    private final Admin admin;

    ReplayTopics(Map<String, Object> settings) {
        this.admin = Admin.create(settings);
    }

    /** Partitions of a topic; 0: there is no such topic. */
    int partitions(String topic) {
        try {
            return get(admin.describeTopics(List.of(topic)).topicNameValues().get(topic), "describe " + topic)
                    .partitions()
                    .size();
        } catch (ReplayException e) {
            if (e.getCause() instanceof UnknownTopicOrPartitionException) {
                return 0;
            }
            throw e;
        }
    }

    /** Partitions of a topic that must be there. */
    int required(String key, String topic) {
        int partitions = partitions(topic);
        if (partitions == 0) {
            throw new ReplayException("topics." + key + ": " + topic + ": no such topic (expected: the service's)");
        }
        return partitions;
    }

    /** Creates a compacted topic with the cluster's replication, if it is not there. */
    void createCompacted(String topic, int partitions) {
        NewTopic wanted = new NewTopic(topic, Optional.of(partitions), Optional.empty())
                .configs(Map.of("cleanup.policy", "compact"));
        try {
            get(admin.createTopics(List.of(wanted)).values().get(topic), "create " + topic);
        } catch (ReplayException e) {
            if (!(e.getCause() instanceof TopicExistsException)) {
                throw e;
            }
        }
    }

    /** Were marks to expire, uploads would be replayed twice. */
    void requireCompacted(String key, String topic) {
        String policy = cleanupPolicy(topic);
        if (!"compact".equals(policy)) {
            throw new ReplayException("topics." + key + ": " + topic + ": cleanup.policy=" + policy
                    + " (expected: compact; else uploads would be replayed again once their marks are deleted)");
        }
    }

    private @Nullable String cleanupPolicy(String topic) {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        long start = System.nanoTime();
        while (true) {
            try {
                return get(admin.describeConfigs(List.of(resource)).values().get(resource), "describe " + topic)
                        .get("cleanup.policy")
                        .value();
            } catch (ReplayException e) {
                // A topic that was created a moment ago is not known to every broker.
                if (!(e.getCause() instanceof UnknownTopicOrPartitionException)
                        || System.nanoTime() - start > CREATION_LIMIT.toNanos()) {
                    throw e;
                }
            }
            pause(topic);
        }
    }

    static void pause(String topic) {
        try {
            Thread.sleep(PAUSE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ReplayException("topic " + topic + ": interrupted", e);
        }
    }

    private static <T> T get(@Nullable KafkaFuture<T> future, String what) {
        try {
            return Objects.requireNonNull(future, what).get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ReplayException(what + ": interrupted", e);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw new ReplayException(what + ": " + cause, cause);
        }
    }

    @Override
    public void close() {
        admin.close();
    }
}
