package io.realqa.streams.adapters;

import io.realqa.events.AdapterRelease;
import io.realqa.events.AdapterStatus;
import io.realqa.settings.SettingsException;
import io.realqa.streams.ServiceConfig;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.avro.generic.GenericContainer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serde;

/** What an operator's tool needs: reads releases and statuses to their ends, and writes releases. Not thread-safe. */
public final class AdapterAdmin {
    private static final Duration LONGEST_READ = Duration.ofSeconds(30);
    private static final Duration POLL = Duration.ofMillis(200);
    private static final long SEND_SECONDS = 40;
    private static final int HEARTBEATS = 3;

    private final Map<String, String> kafka;
    private final Serde<GenericContainer> serde;
    private final AdaptersConfig config;

    /**
     * For the cluster of a service.
     *
     * @throws SettingsException if the settings have no {@code adapters}
     */
    public AdapterAdmin(ServiceConfig service) {
        AdaptersConfig adapters = service.adaptersConfig();
        if (adapters == null) {
            throw new SettingsException(
                    "adapters: missing (expected: the section with the released adapters' settings)");
        }
        this.kafka = service.kafka();
        this.serde = service.newSerde();
        serde.configure(service.registry(), false);
        this.config = adapters;
    }

    /** The releases as they are now, and which of them the workers refuse. */
    public ReleaseBook releases() {
        ReleaseBook book = new ReleaseBook();
        read(config.releases(), e -> {
            if (e.value() == null || e.value() instanceof AdapterRelease) {
                book.put(e.key(), (AdapterRelease) e.value());
            }
        });
        book.note(fleet(), Instant.now());
        return book;
    }

    /** The workers as they are now. */
    public Fleet fleet() {
        Map<String, AdapterStatus> statuses = new HashMap<>();
        read(config.status(), e -> {
            if (e.value() instanceof AdapterStatus status) {
                statuses.put(e.key(), status);
            } else {
                statuses.remove(e.key());
            }
        });
        return new Fleet(List.copyOf(statuses.values()), config.heartbeat().multipliedBy(HEARTBEATS));
    }

    private void read(String topic, CompactedTopic.Sink sink) {
        try (CompactedTopic open = new CompactedTopic(topic, serde.deserializer(), ClientSettings.consumer(kafka))) {
            long deadline = System.nanoTime() + LONGEST_READ.toNanos();
            while (!open.caughtUp()) {
                open.poll(POLL, sink);
                if (System.nanoTime() > deadline) {
                    throw new IllegalStateException("topic " + topic + ": not read after " + LONGEST_READ);
                }
            }
        } catch (IllegalStateException | org.apache.kafka.common.errors.TimeoutException e) {
            throw new KafkaException(
                    kafka.get("bootstrap.servers") + ": " + e.getMessage()
                            + " (expected: brokers that answer, with the topics of adapters)",
                    e);
        }
    }

    /**
     * Writes a release, and waits until the broker has it.
     *
     * @throws KafkaException if it does not take it
     */
    public void publish(ReleaseBook.Entry release) throws InterruptedException {
        byte[] value = serde.serializer().serialize(config.releases(), release.event());
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
                ClientSettings.producer(kafka), new ByteArraySerializer(), new ByteArraySerializer())) {
            producer.send(new ProducerRecord<>(
                            config.releases(), release.key().toString().getBytes(StandardCharsets.UTF_8), value))
                    .get(SEND_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new KafkaException("topic " + config.releases() + ": the release was not taken: " + e, e);
        }
    }
}
