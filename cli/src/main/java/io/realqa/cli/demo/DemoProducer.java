package io.realqa.cli.demo;

import io.realqa.cli.LocalStack;
import io.realqa.events.ImageUploaded;
import io.realqa.schemas.Topics;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntSupplier;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/** The platform's side of the demo: uploads photographs, never many more than are scored. One thread of its own. */
final class DemoProducer implements AutoCloseable {
    private static final int MOST_AHEAD = 64;
    private static final Duration PAUSE = Duration.ofMillis(10);

    private final KafkaProducer<String, ImageUploaded> producer;
    private final DemoUploads uploads;
    private final @Nullable Integer count;
    private final IntSupplier finished;
    private final AtomicBoolean stop;
    private final Thread thread = new Thread(this::run, "realqa-uploads");
    private volatile int sent;
    private volatile boolean ended;
    private volatile @Nullable Exception failure;

    /**
     * @param count how many to upload; null: until told to stop
     * @param finished how many came out
     */
    DemoProducer(
            LocalStack stack, DemoUploads uploads, @Nullable Integer count, IntSupplier finished, AtomicBoolean stop) {
        this.producer = stack.producer(Map.of());
        this.uploads = uploads;
        this.count = count;
        this.finished = finished;
        this.stop = stop;
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    int sent() {
        return sent;
    }

    boolean ended() {
        return ended;
    }

    @Nullable
    Exception failure() {
        return failure;
    }

    private void run() {
        try {
            while (!stop.get() && (count == null || sent < count)) {
                if (sent - finished.getAsInt() >= MOST_AHEAD) {
                    Thread.sleep(PAUSE.toMillis());
                    continue;
                }
                DemoUpload upload = uploads.next();
                String id = String.format(Locale.ROOT, "%04d %s", sent + 1, upload.name());
                ImageUploaded event = ImageUploaded.newBuilder()
                        .setImageId(id)
                        .setPlatform("demo")
                        .setContent(ByteBuffer.wrap(upload.file()))
                        .setMediaType("image/jpeg")
                        .setUploadedAt(Instant.now())
                        .build();
                producer.send(new ProducerRecord<>(Topics.UPLOADS.topic(), id, event))
                        .get(30, TimeUnit.SECONDS);
                sent++;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Exception e) {
            failure = e;
        } finally {
            ended = true;
        }
    }

    @Override
    public void close() {
        thread.interrupt();
        producer.close(Duration.ofSeconds(10));
    }
}
