package io.realqa.streams.topology;

import io.realqa.schemas.Topics;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.AutoOffsetReset;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/** Uploads in; scores, attributes and dead letters out. */
public final class ScoringTopology {
    static final String PENDING_STORE = "pending";
    static final String SCORES = "scores";
    static final String SHADOW_SCORES = "shadow-scores";
    static final String ATTRIBUTES = "attributes";
    static final String DEAD_LETTERS = "dead-letters";
    static final String FENCE = "fence";

    private ScoringTopology() {}

    /** Builds it. */
    public static Topology build(Tasks tasks) {
        var bytes = Serdes.ByteArray();
        EventSerdes serdes = tasks.serdes();
        var stores = Stores.keyValueStoreBuilder(
                Stores.inMemoryKeyValueStore(PENDING_STORE), Serdes.Long(), Serdes.ByteArray());
        // Entries hold inline content, which may be as large as an upload record.
        StoreBuilder<?> pending = tasks.settings().keepPending()
                ? stores.withLoggingEnabled(Map.of("max.message.bytes", Integer.toString(Topics.MAX_DEAD_LETTER_BYTES)))
                : stores.withLoggingDisabled();
        ProcessorSupplier<byte[], byte[], byte[], byte[]> processor = new ProcessorSupplier<>() {
            @Override
            public Processor<byte[], byte[], byte[], byte[]> get() {
                return new UploadProcessor(tasks);
            }

            @Override
            public Set<StoreBuilder<?>> stores() {
                return Set.of(pending);
            }
        };
        Topology topology = new Topology()
                .addSource(
                        (AutoOffsetReset) null,
                        "uploads",
                        // A record without a valid timestamp is an upload like any other.
                        (upload, partitionTime) -> Math.max(0, upload.timestamp()),
                        bytes.deserializer(),
                        bytes.deserializer(),
                        serdes.topic(Topics.UPLOADS))
                .addSource(
                        "fences",
                        bytes.deserializer(),
                        bytes.deserializer(),
                        tasks.settings().fenceTopic())
                .addProcessor("scoring", processor, "uploads", "fences")
                .addSink(
                        FENCE,
                        tasks.settings().fenceTopic(),
                        bytes.serializer(),
                        bytes.serializer(),
                        (topic, key, value, partitions) -> Optional.of(Set.of(Fence.partition(key))),
                        "scoring")
                .addSink(SCORES, serdes.topic(Topics.SCORES), bytes.serializer(), bytes.serializer(), "scoring")
                .addSink(ATTRIBUTES, serdes.topic(Topics.ATTRIBUTES), bytes.serializer(), bytes.serializer(), "scoring")
                .addSink(
                        DEAD_LETTERS,
                        serdes.topic(Topics.DEAD_LETTERS),
                        bytes.serializer(),
                        bytes.serializer(),
                        "scoring");
        if (serdes.publishesShadows()) {
            topology.addSink(
                    SHADOW_SCORES,
                    serdes.topic(Topics.SHADOW_SCORES),
                    bytes.serializer(),
                    bytes.serializer(),
                    "scoring");
        }
        return topology;
    }
}
