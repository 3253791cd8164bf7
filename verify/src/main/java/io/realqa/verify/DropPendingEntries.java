package io.realqa.verify;

import java.util.Map;
import org.apache.kafka.clients.producer.ProducerInterceptor;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.jspecify.annotations.Nullable;

/** {@link Sabotage#PENDING}: what goes into the pending store's changelog is deleted on its way there. */
public final class DropPendingEntries implements ProducerInterceptor<byte[], byte[]> {

    @Override
    public ProducerRecord<byte[], byte[]> onSend(ProducerRecord<byte[], byte[]> entry) {
        if (!entry.topic().endsWith("-changelog")) {
            return entry;
        }
        return new ProducerRecord<>(
                entry.topic(), entry.partition(), entry.timestamp(), entry.key(), null, entry.headers());
    }

    @Override
    public void onAcknowledgement(@Nullable RecordMetadata metadata, @Nullable Exception exception) {
        // Not of interest.
    }

    @Override
    public void close() {
        // Nothing is open.
    }

    @Override
    public void configure(Map<String, ?> configs) {
        // Nothing to set.
    }
}
