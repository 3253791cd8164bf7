package io.realqa.verify;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import kafka.tools.StorageTool;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.Uuid;

/**
 * Three Kafka nodes, each a broker and a controller in a process of its own, on fixed ports of the loopback interface. A
 * node that was killed comes back with its data. Replication factor 3, two replicas must have a write.
 */
final class Cluster implements AutoCloseable {
    static final int NODES = 3;
    private static final Duration START_LIMIT = Duration.ofSeconds(120);
    private static final Duration CALL_LIMIT = Duration.ofSeconds(20);
    private static final int PAUSE_MILLIS = 200;

    private record Node(int id, int port, int controllerPort, Path folder) {
        Path settings() {
            return folder.resolve("server.properties");
        }
    }

    private final List<Node> nodes;
    private final Map<Integer, ChildJvm> running = new ConcurrentHashMap<>();
    private final List<String> loggingFlags;
    private final Admin admin;

    private Cluster(List<Node> nodes, List<String> loggingFlags) {
        this.nodes = nodes;
        this.loggingFlags = loggingFlags;
        this.admin = Admin.create(Map.of(
                "bootstrap.servers",
                bootstrapServers(),
                "request.timeout.ms",
                "5000",
                "default.api.timeout.ms",
                "15000",
                "reconnect.backoff.max.ms",
                "500"));
    }

    /** Formats and starts the nodes, and waits until all three answer. */
    static Cluster start(Path folder, Ports ports, List<String> loggingFlags) throws InterruptedException {
        List<Node> nodes = new ArrayList<>();
        for (int id = 1; id <= NODES; id++) {
            nodes.add(new Node(id, ports.next(), ports.next(), folder.resolve("broker-" + id)));
        }
        String clusterId = Uuid.randomUuid().toString();
        try {
            for (Node node : nodes) {
                Files.createDirectories(node.folder());
                Files.write(node.settings(), settings(node, nodes));
                format(node, clusterId);
            }
        } catch (IOException e) {
            throw new IllegalStateException("the brokers' folders could not be made in " + folder, e);
        }
        Cluster cluster = new Cluster(nodes, loggingFlags);
        try {
            nodes.forEach(n -> cluster.restart(n.id()));
            cluster.awaitNodes();
        } catch (RuntimeException | InterruptedException e) {
            cluster.close();
            throw e;
        }
        return cluster;
    }

    private static List<String> settings(Node node, List<Node> all) {
        String voters = all.stream()
                .map(n -> n.id() + "@127.0.0.1:" + n.controllerPort())
                .collect(Collectors.joining(","));
        return List.of(
                "process.roles=broker,controller",
                "node.id=" + node.id(),
                "controller.quorum.voters=" + voters,
                "listeners=PLAINTEXT://127.0.0.1:" + node.port() + ",CONTROLLER://127.0.0.1:" + node.controllerPort(),
                "advertised.listeners=PLAINTEXT://127.0.0.1:" + node.port(),
                "controller.listener.names=CONTROLLER",
                "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
                "log.dirs=" + node.folder().resolve("data"),
                "default.replication.factor=3",
                "min.insync.replicas=2",
                "auto.create.topics.enable=false",
                "offsets.topic.replication.factor=3",
                "offsets.topic.num.partitions=4",
                "transaction.state.log.replication.factor=3",
                "transaction.state.log.min.isr=2",
                "transaction.state.log.num.partitions=4",
                "share.coordinator.state.topic.replication.factor=3",
                "share.coordinator.state.topic.min.isr=2",
                // A process that died is to cost seconds.
                "group.initial.rebalance.delay.ms=0",
                "group.min.session.timeout.ms=1000",
                "group.streams.min.session.timeout.ms=1000",
                "group.streams.min.heartbeat.interval.ms=300",
                "group.streams.session.timeout.ms=6000",
                "group.streams.heartbeat.interval.ms=1000",
                "broker.session.timeout.ms=4000",
                "broker.heartbeat.interval.ms=500",
                "replica.lag.time.max.ms=8000",
                "transaction.abort.timed.out.transaction.cleanup.interval.ms=1000",
                "message.max.bytes=8388608",
                "num.network.threads=2",
                "num.io.threads=4",
                "background.threads=2",
                "log.cleaner.dedupe.buffer.size=16777216",
                "log.segment.bytes=67108864",
                "controlled.shutdown.enable=true");
    }

    private static void format(Node node, String clusterId) {
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        int status = StorageTool.execute(
                new String[] {"format", "-t", clusterId, "-c", node.settings().toString()},
                new PrintStream(said, true, StandardCharsets.UTF_8));
        if (status != 0) {
            throw new IllegalStateException(
                    "broker " + node.id() + " could not be formatted: " + said.toString(StandardCharsets.UTF_8));
        }
    }

    private void awaitNodes() throws InterruptedException {
        long deadline = System.nanoTime() + START_LIMIT.toNanos();
        while (true) {
            for (Node n : nodes) {
                ChildJvm process = running.get(n.id());
                if (process == null || !process.alive()) {
                    throw new IllegalStateException("broker " + n.id() + " ended while it started; see "
                            + n.folder().resolve("log.txt"));
                }
            }
            try {
                if (get(admin.describeCluster().nodes()).size() == NODES) {
                    return;
                }
            } catch (IllegalStateException e) {
                // Not there yet.
            }
            if (System.nanoTime() > deadline) {
                throw new IllegalStateException("the brokers were not up within " + START_LIMIT);
            }
            Thread.sleep(PAUSE_MILLIS);
        }
    }

    String bootstrapServers() {
        return nodes.stream().map(n -> "127.0.0.1:" + n.port()).collect(Collectors.joining(","));
    }

    Admin admin() {
        return admin;
    }

    void createTopics(Collection<NewTopic> topics) {
        get(admin.createTopics(topics).all());
    }

    /** Starts a node that is down; returns at once. */
    void restart(int id) {
        Node node = nodes.get(id - 1);
        List<String> flags = new ArrayList<>(loggingFlags);
        flags.add("-Xmx320m");
        running.put(
                id,
                ChildJvm.start(
                        "broker-" + id,
                        node.folder().resolve("log.txt"),
                        flags,
                        List.of(
                                "io.realqa.local.ExitWithParent",
                                "kafka.Kafka",
                                node.settings().toString()),
                        line -> {}));
    }

    ChildJvm process(int id) {
        ChildJvm process = running.get(id);
        if (process == null) {
            throw new IllegalStateException("broker " + id + ": never started (expected: 1 to " + NODES + ")");
        }
        return process;
    }

    /** Id of the active controller. */
    int controller() {
        return get(admin.describeMetadataQuorum().quorumInfo()).leaderId();
    }

    /**
     * Id of the broker that leads a partition.
     *
     * @param place says which partition, modulo their number
     */
    int leader(String topic, int place) {
        TopicDescription description = describe(List.of(topic)).get(topic);
        if (description == null) {
            throw new IllegalStateException("topic " + topic + ": unknown to the cluster");
        }
        List<TopicPartitionInfo> partitions = description.partitions();
        org.apache.kafka.common.Node leader =
                partitions.get(place % partitions.size()).leader();
        if (leader == null) {
            throw new IllegalStateException("topic " + topic + ": a partition without a leader");
        }
        return leader.id();
    }

    Map<String, TopicDescription> describe(Collection<String> topics) {
        return get(admin.describeTopics(topics).allTopicNames());
    }

    /** Whether every replica of every partition, of Kafka's own topics too, is in sync. */
    boolean inSync() {
        Collection<String> all =
                get(admin.listTopics(new org.apache.kafka.clients.admin.ListTopicsOptions().listInternal(true))
                        .names());
        return describe(all).values().stream()
                .flatMap(t -> t.partitions().stream())
                .allMatch(p ->
                        p.leader() != null && p.isr().size() == p.replicas().size());
    }

    /** The result of a call, bounded; any failure is an {@link IllegalStateException}. */
    static <T> T get(KafkaFuture<T> call) {
        try {
            return call.get(CALL_LIMIT.toSeconds(), TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException("the cluster refused: " + e.getCause(), e);
        } catch (TimeoutException e) {
            throw new IllegalStateException("the cluster did not answer within " + CALL_LIMIT, e);
        }
    }

    @Override
    public void close() {
        admin.close(Duration.ofSeconds(2));
        Map<Integer, ChildJvm> left = new HashMap<>(running);
        running.clear();
        try {
            for (ChildJvm process : left.values()) {
                process.kill();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
