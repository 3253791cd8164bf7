package io.realqa.streams.topology;

import java.nio.ByteBuffer;
import org.apache.kafka.streams.processor.api.Record;

/**
 * A record that a task sends to itself, through a topic of its own with as many partitions as the uploads have.
 *
 * <p>Under exactly-once v2 a member that has lost its tasks without knowing it (a process that stood still past the
 * session timeout) is stopped where its transaction commits offsets: the group's coordinator refuses them. Kafka Streams
 * commits the offsets of partitions from which the task has processed a record since it was initialised. A task that has
 * restored pending uploads and processed nothing yet, and forwards their outcomes from a punctuation, would commit a
 * transaction without offsets, which nobody refuses: the new owner, which has restored the same entries, scores them
 * again. So outcomes wait until a record was processed: the next upload, or this one.
 */
final class Fence {
    private Fence() {}

    static Record<byte[], byte[]> of(int partition, long timestamp) {
        return new Record<>(ByteBuffer.allocate(Integer.BYTES).putInt(partition).array(), new byte[0], timestamp);
    }

    /** The partition that a fence is for. */
    static int partition(byte[] key) {
        return ByteBuffer.wrap(key).getInt();
    }
}
