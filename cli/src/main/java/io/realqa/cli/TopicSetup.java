package io.realqa.cli;

import io.realqa.schemas.ClientProperties;
import io.realqa.schemas.SchemaRegistryClient;
import io.realqa.schemas.SchemaRegistryException;
import io.realqa.schemas.Topics;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.jspecify.annotations.Nullable;

/** The topics of one file of settings and their contracts: what is there, and what has to be made. Owned by one thread. */
final class TopicSetup {
    /** Most instances that will ever share the work, if nobody says. */
    static final int PARTITIONS = 12;

    static final Duration ANSWER = Duration.ofSeconds(10);
    private static final Duration PAUSE = Duration.ofSeconds(1);

    /**
     * Where it is done.
     *
     * @param kafka settings of the clients
     * @param registry settings of the serdes
     * @param names of the topics, by what they hold
     */
    record Cluster(Map<String, String> kafka, Map<String, String> registry, Map<Topics, String> names) {}

    private final Cluster cluster;
    private final Wanted wanted;
    private final boolean dryRun;
    private final Duration answer;
    private final Consumer<String> told;
    private boolean good = true;

    /**
     * What is asked of the topics.
     *
     * @param partitions that they have at least; null: any number, and new ones the usual one
     * @param replicas of new ones; null: as many as the brokers are set to
     */
    record Wanted(@Nullable Integer partitions, @Nullable Short replicas) {}

    /**
     * @param dryRun whether nothing is to be changed
     * @param answer how long brokers may take to answer
     * @param told takes a line for each topic and each contract
     */
    TopicSetup(Cluster cluster, Wanted wanted, boolean dryRun, Duration answer, Consumer<String> told) {
        this.cluster = cluster;
        this.wanted = wanted;
        this.answer = answer;
        this.dryRun = dryRun;
        this.told = told;
    }

    /**
     * Does it.
     *
     * @param longest how long brokers and registry may take until they answer
     * @return whether all is as it should be
     * @throws KafkaException if the brokers do not answer or refuse
     * @throws SchemaRegistryException if the registry does not answer
     */
    boolean run(Duration longest) throws InterruptedException {
        long deadline = System.nanoTime() + longest.toNanos();
        Map<String, Object> settings = ClientProperties.of(cluster.kafka(), AdminClientConfig.configNames(), "admin.");
        settings.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, Math.toIntExact(answer.toMillis()));
        settings.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, Math.toIntExact(answer.toMillis()));
        SchemaRegistryClient registry = SchemaRegistryClient.of(cluster.registry());
        try (Admin admin = Admin.create(settings)) {
            await("brokers", deadline, () -> get(admin.listTopics().names()));
            await("schema registry", deadline, registry::subjects);
            for (Map.Entry<Topics, String> topic : new TreeMap<>(cluster.names()).entrySet()) {
                named(admin, topic.getKey(), topic.getValue());
            }
        }
        new TreeMap<>(cluster.names()).forEach((topic, name) -> contract(registry, topic, name));
        return good;
    }

    private void await(String what, long deadline, Runnable question) throws InterruptedException {
        while (true) {
            try {
                question.run();
                return;
            } catch (SchemaRegistryException | RetriableException e) {
                boolean passing = !(e instanceof SchemaRegistryException refused) || refused.retriable();
                if (!passing || System.nanoTime() >= deadline) {
                    throw e instanceof SchemaRegistryException ? e : unanswered(e);
                }
                told.accept("waiting for the " + what + ": " + e.getMessage());
            }
            Thread.sleep(PAUSE.toMillis());
        }
    }

    private KafkaException unanswered(KafkaException e) {
        return new KafkaException(
                cluster.kafka().get("bootstrap.servers") + ": " + e.getMessage() + " (expected: brokers that answer)",
                e);
    }

    private void named(Admin admin, Topics topic, String name) {
        try {
            topic(admin, topic, name);
        } catch (ApiException e) {
            throw new KafkaException("topic " + name + ": " + e.getMessage(), e);
        }
    }

    private void topic(Admin admin, Topics topic, String name) {
        int found = partitionsOf(admin, name);
        if (found > 0) {
            there(admin, topic, name, found);
            return;
        }
        int partitions = topic.partitions(wanted.partitions() == null ? PARTITIONS : wanted.partitions());
        if (dryRun) {
            say(name, "missing (expected: " + of(partitions, topic.topicConfig()) + ")", false);
            return;
        }
        NewTopic created = new NewTopic(name, Optional.of(partitions), Optional.ofNullable(wanted.replicas()));
        try {
            get(admin.createTopics(List.of(created.configs(topic.topicConfig())))
                    .values()
                    .get(name));
        } catch (TopicExistsException e) {
            // Somebody else made it meanwhile; the next run looks at it.
            say(name, "made by another, a moment ago", true);
            return;
        }
        say(name, "created: " + of(partitions, topic.topicConfig()), true);
    }

    /** Partitions of a topic; 0: there is no such topic. */
    private int partitionsOf(Admin admin, String name) {
        try {
            TopicDescription there =
                    get(admin.describeTopics(List.of(name)).topicNameValues().get(name));
            return there.partitions().size();
        } catch (UnknownTopicOrPartitionException e) {
            return 0;
        }
    }

    private void there(Admin admin, Topics topic, String name, int found) {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, name);
        Config config = get(admin.describeConfigs(List.of(resource)).values().get(resource));
        Map<String, String> wrong = new TreeMap<>();
        int least = topic.partitions(wanted.partitions() == null ? 1 : wanted.partitions());
        if (found < least) {
            wrong.put("partitions", of(found, Map.of()) + " (expected: " + least + " or more)");
        }
        topic.topicConfig().forEach((key, expected) -> {
            ConfigEntry entry = config.get(key);
            String value = entry == null ? "" : String.valueOf(entry.value());
            if (!isEnough(key, value, expected)) {
                wrong.put(
                        key,
                        key + "=" + value + " (expected: " + expected
                                + (key.equals(TopicConfig.MAX_MESSAGE_BYTES_CONFIG) ? " or more)" : ")"));
            }
        });
        say(
                name,
                wrong.isEmpty() ? "there: " + of(found, Map.of()) : String.join(", ", wrong.values()),
                wrong.isEmpty());
    }

    private static boolean isEnough(String key, String value, String expected) {
        return key.equals(TopicConfig.MAX_MESSAGE_BYTES_CONFIG)
                ? value.matches("\\d{1,18}") && Long.parseLong(value) >= Long.parseLong(expected)
                : value.equals(expected);
    }

    private void contract(SchemaRegistryClient registry, Topics topic, String name) {
        String subject = Topics.subject(name);
        try {
            if (dryRun) {
                Optional<String> wrong = topic.unregistered(registry, name);
                say(subject, wrong.orElseGet(() -> "registered, " + registry.compatibility(subject)), wrong.isEmpty());
            } else {
                say(subject, "registered, " + topic.register(registry, name), true);
            }
        } catch (SchemaRegistryException e) {
            if (e.retriable()) {
                throw e;
            }
            say(subject, String.valueOf(e.getMessage()), false);
        }
    }

    private void say(String name, String what, boolean asItShouldBe) {
        good &= asItShouldBe;
        told.accept(String.format(Locale.ROOT, "%-5s %-34s %s", asItShouldBe ? "ok" : "FAIL", name, what));
    }

    private static String of(int partitions, Map<String, String> config) {
        StringBuilder text = new StringBuilder(partitions + (partitions == 1 ? " partition" : " partitions"));
        new TreeMap<>(config)
                .forEach((key, value) ->
                        text.append(", ").append(key).append('=').append(value));
        return text.toString();
    }

    private <T> T get(@Nullable KafkaFuture<T> asked) {
        try {
            return Objects.requireNonNull(asked).get(2 * answer.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KafkaException("interrupted", e);
        } catch (TimeoutException e) {
            throw new org.apache.kafka.common.errors.TimeoutException("no answer", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof KafkaException cause) {
                throw cause;
            }
            throw new KafkaException(e.getCause());
        }
    }
}
