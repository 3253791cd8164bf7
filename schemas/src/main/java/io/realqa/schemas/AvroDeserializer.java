package io.realqa.schemas;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericContainer;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificDatumReader;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Deserializer;
import org.jspecify.annotations.Nullable;

/**
 * Reads Avro values in Confluent's wire format: resolves the writer's schema by its id and reads into the generated
 * class of that name, or into a generic record where there is none or {@code specific.avro.reader} is false.
 * Thread-safe. Whatever is wrong with the bytes ends in a {@link SerializationException}; a registry that does not
 * answer in {@link SchemaRegistryException}, which is worth another try.
 *
 * @param <T> type of the values
 */
public final class AvroDeserializer<T extends GenericContainer> implements Deserializer<T> {
    static {
        EventClasses.trust();
    }

    private final @Nullable SchemaRegistryClient given;
    private final Map<Integer, GenericDatumReader<Object>> readers = new ConcurrentHashMap<>();
    private @Nullable RegistryConfig config;

    /** To be configured through {@link #configure}. */
    public AvroDeserializer() {
        this.given = null;
    }

    /** Shares a client; the other settings still come through {@link #configure}. */
    public AvroDeserializer(SchemaRegistryClient client) {
        this.given = client;
    }

    @Override
    public void configure(Map<String, ?> configs, boolean isKey) {
        this.config = RegistryConfig.from(configs, given);
    }

    @Override
    public @Nullable T deserialize(String topic, byte @Nullable [] bytes) {
        if (bytes == null) {
            return null;
        }
        RegistryConfig settings = config;
        if (settings == null) {
            throw new SerializationException("AvroDeserializer was not configured");
        }
        int prefix = AvroSerializer.PREFIX_BYTES;
        if (bytes.length < prefix || bytes[0] != AvroSerializer.MAGIC) {
            throw new SerializationException("topic " + topic + ": " + bytes.length + " bytes that begin with "
                    + (bytes.length == 0 ? "nothing" : String.format("0x%02x", bytes[0] & 0xff))
                    + " (expected: Confluent's wire format: 0x00, a schema id of 4 bytes, an Avro value)");
        }
        int id = ByteBuffer.wrap(bytes, 1, Integer.BYTES).getInt();
        // Not computeIfAbsent: the look-up may block on the network.
        GenericDatumReader<Object> reader = readers.get(id);
        if (reader == null) {
            Schema writer = settings.client().byId(id);
            try {
                SchemaBounds.check(writer);
            } catch (IllegalArgumentException e) {
                throw new SerializationException("topic " + topic + ": schema id " + id + ": " + e.getMessage(), e);
            }
            try {
                reader = newReader(writer, settings.specificReader());
            } catch (RuntimeException | StackOverflowError e) {
                // Such as Avro's refusal of a schema that is named like a class it does not trust.
                throw new SerializationException(
                        "topic " + topic + ": schema id " + id + ": " + writer.getFullName() + " cannot be read: " + e,
                        e);
            }
            readers.put(id, reader);
        }
        try {
            BinaryDecoder decoder = DecoderFactory.get().binaryDecoder(bytes, prefix, bytes.length - prefix, null);
            Object value = reader.read(null, decoder);
            if (!(value instanceof GenericContainer)) {
                throw new SerializationException("topic " + topic + ": schema id " + id + ": a value of "
                        + reader.getSchema().getFullName() + " (expected: a record)");
            }
            if (decoder.isEnd()) {
                @SuppressWarnings("unchecked") // as the caller says
                T container = (T) value;
                return container;
            }
        } catch (SerializationException e) {
            throw e;
        } catch (IOException | RuntimeException | StackOverflowError e) {
            // Avro has an exception for each kind of nonsense, and none at all for a value nested without end.
            throw new SerializationException(
                    "topic " + topic + ": schema id " + id + ": not a value of "
                            + reader.getSchema().getFullName() + ": " + e,
                    e);
        }
        throw new SerializationException("topic " + topic + ": schema id " + id
                + ": bytes are left over after the value (expected: one Avro value)");
    }

    private static GenericDatumReader<Object> newReader(Schema writer, boolean specific) {
        if (specific && writer.getType() == Schema.Type.UNION) {
            // One of several events of a topic: each is read into its class, in whatever version it was written.
            Schema reader = Schema.createUnion(
                    writer.getTypes().stream().map(AvroDeserializer::current).toList());
            return new SpecificDatumReader<>(writer, reader, SpecificData.get());
        }
        if (!specific || !isGenerated(writer)) {
            return new GenericDatumReader<>(writer);
        }
        Schema reader = current(writer);
        return new SpecificDatumReader<>(writer, reader, SpecificData.getForSchema(reader));
    }

    private static boolean isGenerated(Schema writer) {
        return writer.getType() == Schema.Type.RECORD && SpecificData.get().getClass(writer) != null;
    }

    /** The schema of the generated class of a record's name, or the schema itself if there is none. */
    private static Schema current(Schema writer) {
        return isGenerated(writer)
                ? SpecificData.get().getSchema(SpecificData.get().getClass(writer))
                : writer;
    }
}
