package io.realqa.schemas;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericContainer;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DatumWriter;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificDatumWriter;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Serializer;
import org.jspecify.annotations.Nullable;

/**
 * Writes Avro values in Confluent's wire format: a zero byte, the schema's id as four bytes (big endian), the value in
 * Avro's binary encoding. The subject is {@code TOPIC-key} or {@code TOPIC-value} (TopicNameStrategy). Thread-safe.
 *
 * <p>Settings: {@code schema.registry.url}, {@code basic.auth.user.info}, {@code auto.register.schemas} (true),
 * {@code use.latest.version} (false: the value's own schema is written).
 *
 * @param <T> generated or generic records
 */
public final class AvroSerializer<T extends GenericContainer> implements Serializer<T> {
    static final byte MAGIC = 0;
    static final int PREFIX_BYTES = 5;

    static {
        EventClasses.trust();
    }

    private final @Nullable SchemaRegistryClient given;
    private final Map<String, SchemaRegistryClient.RegisteredSchema> latest = new ConcurrentHashMap<>();
    private final Map<Schema, DatumWriter<GenericContainer>> writers = new ConcurrentHashMap<>();
    private final ThreadLocal<@Nullable BinaryEncoder> encoders = new ThreadLocal<>();
    private @Nullable RegistryConfig config;
    private boolean isKey;

    /** To be configured through {@link #configure}. */
    public AvroSerializer() {
        this.given = null;
    }

    /** Shares a client; the other settings still come through {@link #configure}. */
    public AvroSerializer(SchemaRegistryClient client) {
        this.given = client;
    }

    @Override
    public void configure(Map<String, ?> configs, boolean isKey) {
        this.config = RegistryConfig.from(configs, given);
        this.isKey = isKey;
    }

    @Override
    public byte @Nullable [] serialize(String topic, @Nullable T value) {
        if (value == null) {
            return null;
        }
        RegistryConfig settings = config;
        if (settings == null) {
            throw new SerializationException("AvroSerializer was not configured");
        }
        String subject = topic + (isKey ? "-key" : "-value");
        Schema schema = value.getSchema();
        if (settings.useLatest()) {
            return byNewest(topic, subject, settings.client(), value);
        }
        int id = settings.autoRegister()
                ? settings.client().register(subject, schema)
                : settings.client().idOf(subject, schema);
        return encode(topic, id, schema, value);
    }

    private byte[] byNewest(String topic, String subject, SchemaRegistryClient client, T value) {
        Schema own = value.getSchema();
        SchemaRegistryClient.RegisteredSchema newest = latest.computeIfAbsent(subject, s -> {
            SchemaRegistryClient.RegisteredSchema found = client.latest(s);
            NewestSchema.check(s, found, own);
            return found;
        });
        if (newest.schema().equals(own)) {
            return encode(topic, newest.id(), own, value);
        }
        try {
            return encode(
                    topic,
                    newest.id(),
                    newest.schema(),
                    NewestSchema.convert(value, writer(own, value), newest.schema()));
        } catch (IOException | AvroRuntimeException | ClassCastException e) {
            throw unwritable(topic, own, e);
        }
    }

    private byte[] encode(String topic, int id, Schema schema, GenericContainer value) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(512);
        out.write(MAGIC);
        out.writeBytes(ByteBuffer.allocate(Integer.BYTES).putInt(id).array());
        try {
            // Buffered: an event has hundreds of small numbers.
            BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(out, encoders.get());
            encoders.set(encoder);
            writer(schema, value).write(value, encoder);
            encoder.flush();
        } catch (IOException | AvroRuntimeException | ClassCastException e) {
            // What was written so far must not begin the next value.
            encoders.remove();
            throw unwritable(topic, schema, e);
        }
        return out.toByteArray();
    }

    private static SerializationException unwritable(String topic, Schema schema, Exception e) {
        return new SerializationException(
                "topic " + topic + ": cannot write a value of " + schema.getFullName() + ": " + e.getMessage(), e);
    }

    private DatumWriter<GenericContainer> writer(Schema schema, GenericContainer value) {
        return value instanceof SpecificRecord
                ? writers.computeIfAbsent(schema, s -> new SpecificDatumWriter<>(s, SpecificData.getForSchema(s)))
                : new GenericDatumWriter<>(schema);
    }
}
