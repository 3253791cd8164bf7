package io.realqa.schemas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import io.realqa.events.ImageUploaded;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;
import org.apache.avro.generic.GenericContainer;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.common.errors.SerializationException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Values that anyone may send, under schemas that anyone may register. */
class HostileValuesTest {
    private static final String OTHER =
            "{\"type\": \"record\", \"name\": \"Other\", \"fields\": [{\"name\": \"s\", \"type\": \"string\"}]}";
    /** Several events in one topic; the upload is of an earlier version. */
    private static final String UNION = "[" + OTHER + ", {\"type\": \"record\", \"name\": \"ImageUploaded\", "
            + "\"namespace\": \"io.realqa.events\", \"fields\": [{\"name\": \"platform\", \"type\": \"string\"}, "
            + "{\"name\": \"imageId\", \"type\": \"string\"}, {\"name\": \"uploadedAt\", \"type\": "
            + "{\"type\": \"long\", \"logicalType\": \"timestamp-millis\"}}]}]";

    private static final Map<Integer, String> SCHEMAS = Map.of(
            10,
            UNION,
            1,
            "{\"type\": \"record\", \"name\": \"R\", \"fields\": [{\"name\": \"b\", \"type\": \"bytes\"}]}",
            2,
            "{\"type\": \"record\", \"name\": \"R\", \"fields\": [{\"name\": \"s\", \"type\": \"string\"}]}",
            3,
            "{\"type\": \"record\", \"name\": \"R\", \"fields\": [{\"name\": \"n\", \"type\": [\"null\", \"R\"]}]}",
            4,
            "{\"type\": \"record\", \"name\": \"java.lang.ProcessBuilder\", \"fields\": []}",
            5,
            "syntax = \"proto3\"; message M {}",
            6,
            "{\"type\": \"array\", \"items\": \"null\"}",
            7,
            "{\"type\": \"record\", \"name\": \"java.lang.String\", \"fields\": []}",
            8,
            "{\"type\": \"record\", \"name\": \"io.realqa.events.ImageUploaded\", \"fields\": []}",
            9,
            "{\"type\": \"record\", \"name\": \"R\", \"fields\": [{\"name\": \"x\", \"type\": \"x.Ref\"}]}");

    private static HttpServer registry;
    private static AvroDeserializer<GenericContainer> deserializer;

    @BeforeAll
    static void start() throws IOException {
        registry = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        registry.createContext("/schemas/ids/", exchange -> {
            String path = exchange.getRequestURI().getPath();
            int id = Integer.parseInt(path.substring(path.lastIndexOf('/') + 1));
            byte[] answer = new ObjectMapper().writeValueAsBytes(Map.of("schema", SCHEMAS.getOrDefault(id, "")));
            exchange.sendResponseHeaders(200, answer.length);
            exchange.getResponseBody().write(answer);
            exchange.close();
        });
        registry.start();
        deserializer = new AvroDeserializer<>(new SchemaRegistryClient(
                "http://127.0.0.1:" + registry.getAddress().getPort(), null));
        deserializer.configure(Map.of(), false);
    }

    @AfterAll
    static void stop() {
        registry.stop(0);
    }

    private static byte[] value(int id, byte[] avro) {
        return ByteBuffer.allocate(5 + avro.length)
                .put((byte) 0)
                .putInt(id)
                .put(avro)
                .array();
    }

    /** Writes a value. */
    private interface Writing {
        void to(BinaryEncoder encoder) throws IOException;
    }

    private static byte[] encoded(Writing value) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(out, null);
        value.to(encoder);
        encoder.flush();
        return out.toByteArray();
    }

    private static byte[] longs(long... values) throws IOException {
        return encoded(encoder -> {
            for (long v : values) {
                encoder.writeLong(v);
            }
        });
    }

    private static void assertRefused(int id, byte[] avro) {
        assertThatExceptionOfType(SerializationException.class)
                .isThrownBy(() -> deserializer.deserialize("t", value(id, avro)))
                .satisfies(e -> assertThat(e).isNotInstanceOf(SchemaRegistryException.class));
    }

    @Test
    void lengthsBeyondTheValueAreRefusedBeforeMemoryIsSetAside() throws IOException {
        for (long length :
                new long[] {1 << 20, 1L << 30, Integer.MAX_VALUE - 8L, Integer.MAX_VALUE, Long.MAX_VALUE, -1}) {
            assertRefused(1, longs(length));
            assertRefused(2, longs(length));
        }
    }

    @Test
    void anArrayOfNothingsCannotGrowWithoutEnd() throws IOException {
        assertRefused(6, longs(Integer.MAX_VALUE - 8L));
        assertRefused(6, longs(1L << 28, 0));
    }

    @Test
    void aValueNestedWithoutEndIsRefused() {
        byte[] nested = new byte[1 << 20];
        java.util.Arrays.fill(nested, (byte) 2);
        assertRefused(3, nested);
    }

    @Test
    void aSchemaThatRefersToAnotherIsRefused() {
        assertRefused(9, new byte[0]);
    }

    @Test
    void aSchemaNamedLikeAJdkClassIsRefused() {
        assertRefused(4, new byte[0]);
        assertRefused(7, new byte[0]);
    }

    @Test
    void aSchemaOfAnotherKindSaysNothingOfTheRegistry() {
        assertRefused(5, "anything".getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void anEventsNameWithoutItsFieldsIsRefused() {
        assertRefused(8, new byte[0]);
    }

    @Test
    void anUploadAmongOtherEventsIsReadIntoItsClass() throws IOException {
        byte[] event = encoded(encoder -> {
            encoder.writeIndex(1);
            encoder.writeString("demo");
            encoder.writeString("a.jpg");
            encoder.writeLong(1_700_000_000_000L);
        });
        assertThat(deserializer.deserialize("t", value(10, event)))
                .isInstanceOfSatisfying(ImageUploaded.class, upload -> {
                    assertThat(upload.getImageId()).isEqualTo("a.jpg");
                    assertThat(upload.getPlatform()).isEqualTo("demo");
                    assertThat(upload.getUploadedAt()).isEqualTo(Instant.ofEpochMilli(1_700_000_000_000L));
                    assertThat(upload.getUri()).isNull();
                });
    }

    @Test
    void anotherEventOfThatTopicIsAGenericRecord() throws IOException {
        byte[] event = encoded(encoder -> {
            encoder.writeIndex(0);
            encoder.writeString("s");
        });
        assertThat(deserializer.deserialize("t", value(10, event)))
                .isInstanceOfSatisfying(
                        GenericRecord.class,
                        other -> assertThat(other.getSchema().getFullName()).isEqualTo("Other"));
    }
}
