package io.realqa.schemas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.realqa.events.ImageUploaded;
import io.realqa.events.Priority;
import io.realqa.local.LocalRegistry;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.SchemaBuilder;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.common.errors.SerializationException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Against a real registry. */
class RegistryTest {
    private static LocalRegistry registry;
    private static SchemaRegistryClient client;

    @BeforeAll
    static void start() {
        registry = LocalRegistry.start(Path.of(System.getProperty("realqa.home"), "local/target/registry"));
        client = new SchemaRegistryClient(registry.url(), null);
    }

    @AfterAll
    static void stop() {
        registry.close();
    }

    private static ImageUploaded upload() {
        return ImageUploaded.newBuilder()
                .setImageId("a")
                .setPlatform("p")
                .setContent(ByteBuffer.wrap(new byte[] {1, 2, 3}))
                .setPriority(Priority.HIGH)
                .setUploadedAt(Instant.ofEpochMilli(1_700_000_000_123L))
                .build();
    }

    private static <T extends org.apache.avro.generic.GenericContainer> AvroSerde<T> serde(Map<String, ?> extra) {
        AvroSerde<T> serde = new AvroSerde<>(client);
        serde.configure(extra, false);
        return serde;
    }

    @Test
    void everyContractIsRegisteredUnderBackwardTransitive() {
        Topics.register(client);
        for (Topics topic : Topics.values()) {
            assertThat(client.compatibility(topic.subject())).isEqualTo(Compatibility.BACKWARD_TRANSITIVE);
            var latest = client.latest(topic.subject());
            assertThat(latest.schema()).isEqualTo(topic.schema());
            assertThat(client.idOf(topic.subject(), topic.schema())).isEqualTo(latest.id());
            assertThat(new SchemaRegistryClient(registry.url(), null).byId(latest.id()))
                    .isEqualTo(topic.schema());
        }
    }

    /** What was written before any of the fields that have a default can still be read. */
    @Test
    void everyContractReadsWhatWasWrittenBeforeItsFieldsWithDefaults() {
        for (Topics topic : Topics.values()) {
            Schema now = topic.schema();
            List<Schema.Field> first = now.getFields().stream()
                    .filter(f -> !f.hasDefaultValue())
                    .map(f -> new Schema.Field(f.name(), f.schema(), f.doc()))
                    .toList();
            Schema older = Schema.createRecord(now.getName(), now.getDoc(), now.getNamespace(), false, first);
            String subject = "older-" + topic.subject();
            client.setCompatibility(subject, Compatibility.BACKWARD_TRANSITIVE);
            client.register(subject, older);
            assertThat(client.compatible(subject, now)).as(topic.name()).isTrue();
            client.register(subject, now);
        }
    }

    @Test
    void anIncompatibleSchemaIsFoundAndRefused() {
        Topics.register(client);
        Schema narrower = SchemaBuilder.record("ImageUploaded")
                .namespace("io.realqa.events")
                .fields()
                .requiredString("imageId")
                .requiredString("fieldWithoutDefault")
                .endRecord();
        assertThat(client.compatible(Topics.UPLOADS.subject(), Topics.UPLOADS.schema()))
                .isTrue();
        assertThat(client.compatible(Topics.UPLOADS.subject(), narrower)).isFalse();
        assertThatThrownBy(() -> client.register(Topics.UPLOADS.subject(), narrower))
                .isInstanceOfSatisfying(
                        SchemaRegistryException.class,
                        e -> assertThat(e.status()).isEqualTo(409))
                .hasMessageContaining("image.uploads-value")
                .hasMessageContaining("incompatible");
    }

    @Test
    void aValueComesBackAsItWent() {
        try (AvroSerde<ImageUploaded> serde = serde(Map.of())) {
            byte[] bytes = serde.serializer().serialize("image.uploads", upload());
            assertThat(bytes[0]).isZero();
            int id = ByteBuffer.wrap(bytes, 1, 4).getInt();
            assertThat(id).isEqualTo(client.idOf("image.uploads-value", ImageUploaded.getClassSchema()));
            // Avro takes a generic record with the same fields for equal.
            assertThat(serde.deserializer().deserialize("image.uploads", bytes))
                    .isInstanceOf(ImageUploaded.class)
                    .isEqualTo(upload());
        }
    }

    @Test
    void aGenericReaderSeesTheWritersFields() {
        try (AvroSerde<ImageUploaded> writer = serde(Map.of());
                AvroSerde<GenericRecord> reader = serde(Map.of("specific.avro.reader", "false"))) {
            byte[] bytes = writer.serializer().serialize("image.uploads", upload());
            GenericRecord record = reader.deserializer().deserialize("image.uploads", bytes);
            assertThat(record).isNotInstanceOf(ImageUploaded.class);
            assertThat(record.get("imageId")).hasToString("a");
        }
    }

    @Test
    void anOlderWritersValueIsReadWithDefaults() {
        Schema older = SchemaBuilder.record("ImageUploaded")
                .namespace("io.realqa.events")
                .fields()
                .requiredString("imageId")
                .requiredString("platform")
                .name("uploadedAt")
                .type(ImageUploaded.getClassSchema().getField("uploadedAt").schema())
                .noDefault()
                .endRecord();
        GenericRecord value = new GenericData.Record(older);
        value.put("imageId", "old");
        value.put("platform", "p");
        value.put("uploadedAt", 5L);
        try (AvroSerde<GenericRecord> writer = serde(Map.of());
                AvroSerde<ImageUploaded> reader = serde(Map.of())) {
            byte[] bytes = writer.serializer().serialize("older.uploads", value);
            ImageUploaded read = reader.deserializer().deserialize("older.uploads", bytes);
            assertThat(read.getImageId()).isEqualTo("old");
            assertThat(read.getPriority()).isEqualTo(Priority.NORMAL);
            assertThat(read.getContent()).isNull();
        }
    }

    @Test
    void withoutAutoRegistrationAnUnknownSchemaIsAnError() {
        try (AvroSerde<ImageUploaded> serde = serde(Map.of("auto.register.schemas", "false"))) {
            assertThatThrownBy(() -> serde.serializer().serialize("never.seen", upload()))
                    .isInstanceOf(SchemaRegistryException.class)
                    .hasMessageContaining("never.seen-value");
        }
    }

    @Test
    void theLatestVersionIsWrittenWhereAskedFor() {
        int id = client.register("use.latest-value", ImageUploaded.getClassSchema());
        try (AvroSerde<ImageUploaded> serde = serde(Map.of("use.latest.version", true))) {
            byte[] bytes = serde.serializer().serialize("use.latest", upload());
            assertThat(ByteBuffer.wrap(bytes, 1, 4).getInt()).isEqualTo(id);
        }
    }

    @Test
    void bytesThatAreNoValueAreNamed() {
        try (AvroSerde<ImageUploaded> serde = serde(Map.of())) {
            byte[] good = serde.serializer().serialize("image.uploads", upload());
            var deserializer = serde.deserializer();
            assertThatThrownBy(() -> deserializer.deserialize(
                            "t", "plain text".getBytes(java.nio.charset.StandardCharsets.UTF_8)))
                    .isInstanceOf(SerializationException.class)
                    .hasMessageContaining("0x70");
            assertThatThrownBy(() -> deserializer.deserialize("t", new byte[0]))
                    .isInstanceOf(SerializationException.class)
                    .hasMessageContaining("0 bytes");
            assertThatThrownBy(() -> deserializer.deserialize("t", Arrays.copyOf(good, good.length - 3)))
                    .isInstanceOf(SerializationException.class)
                    .hasMessageContaining("ImageUploaded");
            assertThatThrownBy(() -> deserializer.deserialize("t", Arrays.copyOf(good, good.length + 1)))
                    .isInstanceOf(SerializationException.class)
                    .hasMessageContaining("left over");
            byte[] unknownId = good.clone();
            ByteBuffer.wrap(unknownId, 1, 4).putInt(987_654);
            assertThatThrownBy(() -> deserializer.deserialize("t", unknownId))
                    .isInstanceOfSatisfying(
                            SchemaRegistryException.class,
                            e -> assertThat(e.retriable()).isFalse());
        }
    }

    @Test
    void aRegistryThatDoesNotAnswerIsNamedAndWorthAnotherTry() {
        var nowhere =
                new SchemaRegistryClient("http://127.0.0.1:1", null, RegistryCalls.REQUEST_LIMIT, Duration.ofMillis(1));
        assertThatThrownBy(nowhere::subjects)
                .isInstanceOfSatisfying(
                        SchemaRegistryException.class,
                        e -> assertThat(e.retriable()).isTrue())
                .hasMessageContaining("http://127.0.0.1:1/subjects");
    }

    @Test
    void theNextAddressIsTriedWhenOneIsSilent() {
        var two = new SchemaRegistryClient(
                "http://127.0.0.1:1," + registry.url(), null, RegistryCalls.REQUEST_LIMIT, Duration.ofMillis(1));
        assertThat(two.subjects()).isNotNull();
    }
}
