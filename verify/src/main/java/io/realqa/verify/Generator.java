package io.realqa.verify;

import io.realqa.events.ImageUploaded;
import io.realqa.schemas.AvroSerializer;
import io.realqa.schemas.Topics;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.DoubleSupplier;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/** Sends the load, each upload once, at a bounded rate: an idempotent producer whose repetitions duplicate nothing. */
final class Generator {
    /** The header that says which upload of the load a record is. */
    static final String NUMBER_HEADER = "upload";

    private static final long SLICE_MILLIS = 5;

    private final Load load;
    private final ImageHost hosts;
    private final AvroSerializer<ImageUploaded> serializer;
    private final KafkaProducer<byte[], byte[]> producer;
    private final AtomicInteger acknowledged = new AtomicInteger();
    private final AtomicReference<@Nullable Exception> failure = new AtomicReference<>();

    Generator(String bootstrapServers, Load load, ImageHost hosts, AvroSerializer<ImageUploaded> serializer) {
        this.load = load;
        this.hosts = hosts;
        this.serializer = serializer;
        Map<String, Object> settings = new HashMap<>();
        settings.put("bootstrap.servers", bootstrapServers);
        settings.put("enable.idempotence", true);
        settings.put("acks", "all");
        settings.put("linger.ms", 5);
        settings.put("max.block.ms", 120_000);
        settings.put("delivery.timeout.ms", 300_000);
        settings.put("request.timeout.ms", 10_000);
        this.producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
    }

    /**
     * Sends all of it; returns when each is acknowledged.
     *
     * @param due how many uploads are to have been sent by now; grows from 0 to the size of the load
     */
    void run(DoubleSupplier due) throws InterruptedException {
        try {
            int next = 0;
            while (next < load.size()) {
                int until = (int) Math.min(load.size(), due.getAsDouble());
                for (; next < until; next++) {
                    send(load.upload(next));
                }
                expectNoFailure();
                TimeUnit.MILLISECONDS.sleep(SLICE_MILLIS);
            }
            producer.flush();
            expectNoFailure();
        } finally {
            producer.close();
        }
    }

    private void expectNoFailure() {
        Exception failed = failure.get();
        if (failed != null) {
            throw new IllegalStateException("the load generator failed, which says nothing of the service", failed);
        }
    }

    /** Uploads that the brokers have. */
    int acknowledged() {
        return acknowledged.get();
    }

    private void send(Upload upload) {
        ProducerRecord<byte[], byte[]> record = new ProducerRecord<>(
                Topics.UPLOADS.topic(),
                upload.partition(),
                upload.imageId().getBytes(StandardCharsets.UTF_8),
                value(upload));
        record.headers()
                .add(
                        NUMBER_HEADER,
                        ByteBuffer.allocate(Integer.BYTES)
                                .putInt(upload.number())
                                .array());
        producer.send(record, (metadata, e) -> {
            if (e == null) {
                acknowledged.incrementAndGet();
            } else {
                failure.compareAndSet(null, e);
            }
        });
    }

    private byte[] value(Upload upload) {
        if (upload.kind() == Kind.SCHEMALESS) {
            return ("{\"image\": \"" + upload.origin() + "\"}").getBytes(StandardCharsets.UTF_8);
        }
        ImageUploaded.Builder event = ImageUploaded.newBuilder()
                .setImageId(upload.imageId())
                .setPlatform("platform-" + upload.origin() % 3)
                .setUploadedAt(Instant.now());
        switch (upload.kind()) {
            case INLINE -> event.setContent(ByteBuffer.wrap(upload.bytes()));
            case UNDECODABLE ->
                event.setContent(ByteBuffer.wrap(("no image " + upload.origin()).getBytes(StandardCharsets.UTF_8)));
            default -> event.setUri(hosts.uri(upload));
        }
        if (upload.kind() == Kind.WRONG_DIGEST) {
            event.setSha256("00".repeat(32));
        } else if (upload.kind() == Kind.BY_URI && upload.origin() % 2 == 0) {
            event.setSha256(SyntheticImage.sha256(upload.bytes()));
        }
        byte[] bytes = serializer.serialize(Topics.UPLOADS.topic(), event.build());
        if (bytes == null) {
            throw new IllegalStateException("upload " + upload.number() + ": no bytes");
        }
        return bytes;
    }
}
