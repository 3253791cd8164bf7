package io.realqa.verify;

import io.realqa.schemas.Topics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TransactionListing;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;

/** What the brokers say of the group and of transactions, read once nothing runs any more. */
final class EndState {
    private static final Set<TransactionState> OPEN =
            Set.of(TransactionState.ONGOING, TransactionState.PREPARE_COMMIT, TransactionState.PREPARE_ABORT);
    private static final int LISTINGS = 10;
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private final Admin admin;
    private final String group;
    private final int partitions;

    EndState(Admin admin, String group, int partitions) {
        this.admin = admin;
        this.group = group;
        this.partitions = partitions;
    }

    /** Records of the uploads that the group has not committed yet; also those that nobody has read. */
    long lag() {
        Map<TopicPartition, Long> ends = ends(Topics.UPLOADS.topic(), IsolationLevel.READ_UNCOMMITTED);
        Map<TopicPartition, Long> committed = committed();
        return ends.entrySet().stream()
                .mapToLong(e -> e.getValue() - committed.getOrDefault(e.getKey(), 0L))
                .sum();
    }

    void into(Checker checker, List<String> changelogs) throws InterruptedException {
        List<String> topics = new ArrayList<>(List.of(
                Topics.UPLOADS.topic(), Topics.SCORES.topic(), Topics.ATTRIBUTES.topic(), Topics.DEAD_LETTERS.topic()));
        topics.addAll(changelogs);
        // A killed instance's last transaction is open until its timeout.
        long deadline = System.nanoTime() + LIMIT.toNanos();
        while (!open(topics).isEmpty() && System.nanoTime() < deadline) {
            TimeUnit.MILLISECONDS.sleep(500);
        }
        open(topics).forEach(what -> checker.found(Violation.OPEN_TRANSACTION, what));
        Map<TopicPartition, Long> committed = committed();
        ends(Topics.UPLOADS.topic(), IsolationLevel.READ_UNCOMMITTED)
                .forEach((p, end) -> checker.committed(p.partition(), committed.getOrDefault(p, 0L), end));
    }

    /**
     * What all brokers list. Where one of them cannot be reached at once Kafka's client fails the call ("Unexpected key
     * set") instead of asking again, so that is done here.
     */
    private Collection<TransactionListing> transactions() throws InterruptedException {
        for (int attempt = 1; ; attempt++) {
            try {
                return Cluster.get(admin.listTransactions().all());
            } catch (IllegalStateException e) {
                if (attempt == LISTINGS) {
                    throw e;
                }
                TimeUnit.SECONDS.sleep(1);
            }
        }
    }

    /** Open transactions: what their coordinators list, and partitions whose last stable offset is not their end. */
    private List<String> open(List<String> topics) throws InterruptedException {
        List<String> found = new ArrayList<>();
        for (TransactionListing t : transactions()) {
            if (OPEN.contains(t.state())) {
                found.add("transaction " + t.transactionalId() + ": " + t.state());
            }
        }
        for (String topic : topics) {
            Map<TopicPartition, Long> stable = ends(topic, IsolationLevel.READ_COMMITTED);
            ends(topic, IsolationLevel.READ_UNCOMMITTED).forEach((p, end) -> {
                if (!end.equals(stable.get(p))) {
                    found.add(p + ": stable to " + stable.get(p) + " of " + end);
                }
            });
        }
        return found;
    }

    private Map<TopicPartition, Long> ends(String topic, IsolationLevel isolation) {
        Map<TopicPartition, OffsetSpec> all = new HashMap<>();
        for (int p = 0; p < partitions; p++) {
            all.put(new TopicPartition(topic, p), OffsetSpec.latest());
        }
        return Cluster.get(admin.listOffsets(all, new ListOffsetsOptions(isolation))
                        .all())
                .entrySet()
                .stream()
                .collect(Collectors.toMap(Map.Entry::getKey, e -> e.getValue().offset()));
    }

    private Map<TopicPartition, Long> committed() {
        Map<TopicPartition, OffsetAndMetadata> offsets =
                Cluster.get(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata());
        Map<TopicPartition, Long> all = new HashMap<>();
        offsets.forEach((p, o) -> {
            if (o != null) {
                all.put(p, o.offset());
            }
        });
        return all;
    }

    /** Changelog topics of the application's stores. */
    List<String> changelogs() {
        return Cluster.get(admin.listTopics().names()).stream()
                .filter(t -> t.startsWith(group + "-") && t.endsWith("-changelog"))
                .sorted()
                .toList();
    }
}
