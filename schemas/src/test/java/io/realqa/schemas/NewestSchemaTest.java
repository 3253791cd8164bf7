package io.realqa.schemas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.realqa.events.ImageUploaded;
import io.realqa.events.Priority;
import io.realqa.schemas.SchemaRegistryClient.RegisteredSchema;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificDatumWriter;
import org.apache.kafka.common.errors.SerializationException;
import org.junit.jupiter.api.Test;

class NewestSchemaTest {
    private static final Schema OWN = ImageUploaded.getClassSchema();

    private final ImageUploaded upload = ImageUploaded.newBuilder()
            .setImageId("a")
            .setPlatform("p")
            .setUri("http://a")
            .setUploader("me")
            .setPriority(Priority.HIGH)
            .setUploadedAt(Instant.ofEpochMilli(1_700_000_000_123L))
            .build();

    private static Schema changed(Consumer<List<Schema.Field>> change) {
        List<Schema.Field> fields = new ArrayList<>();
        OWN.getFields().forEach(f -> fields.add(new Schema.Field(f, f.schema())));
        change.accept(fields);
        return Schema.createRecord(OWN.getName(), null, OWN.getNamespace(), false, fields);
    }

    private GenericRecord converted(Schema newest) throws IOException {
        NewestSchema.check("s", new RegisteredSchema(1, 2, newest), OWN);
        return (GenericRecord)
                NewestSchema.convert(upload, new SpecificDatumWriter<>(OWN, SpecificData.getForSchema(OWN)), newest);
    }

    private static Schema optional() {
        return Schema.createUnion(Schema.create(Schema.Type.NULL), Schema.create(Schema.Type.STRING));
    }

    @Test
    void fieldsInAnotherOrderKeepTheirValues() throws IOException {
        GenericRecord value = converted(changed(Collections::reverse));
        assertThat(value.get("uri")).hasToString("http://a");
        assertThat(value.get("uploader")).hasToString("me");
        assertThat(value.get("uploadedAt")).isEqualTo(1_700_000_000_123L);
    }

    @Test
    void symbolsInAnotherOrderKeepTheirMeaning() throws IOException {
        Schema order =
                Schema.createEnum("Priority", null, "io.realqa.events", List.of("LOW", "HIGH", "NORMAL"), "NORMAL");
        GenericRecord value = converted(changed(fields -> fields.replaceAll(
                f -> f.name().equals("priority") ? new Schema.Field("priority", order, null, "NORMAL") : f)));
        assertThat(value.get("priority")).hasToString("HIGH");
    }

    @Test
    void aFieldThatWasAddedHasItsDefault() throws IOException {
        GenericRecord value = converted(changed(
                fields -> fields.add(1, new Schema.Field("more", optional(), null, Schema.Field.NULL_DEFAULT_VALUE))));
        assertThat(value.get("more")).isNull();
        assertThat(value.get("platform")).hasToString("p");
    }

    @Test
    void aNewestSchemaThatLacksAFieldIsRefused() {
        assertRefused(changed(fields -> fields.removeIf(f -> f.name().equals("uri"))), "it has no field uri");
    }

    @Test
    void aNewestSchemaThatLacksASymbolIsRefused() {
        Schema fewer = Schema.createEnum("Priority", null, "io.realqa.events", List.of("NORMAL", "LOW"), "NORMAL");
        assertRefused(
                changed(fields -> fields.replaceAll(
                        f -> f.name().equals("priority") ? new Schema.Field("priority", fewer, null, "NORMAL") : f)),
                "it has no symbol HIGH in priority");
    }

    @Test
    void aNewestSchemaThatCannotReadTheValuesIsRefused() {
        assertRefused(
                changed(fields -> fields.add(new Schema.Field("must", Schema.create(Schema.Type.INT), null, null))),
                "must");
    }

    private void assertRefused(Schema newest, String why) {
        assertThatThrownBy(() -> converted(newest))
                .isInstanceOf(SerializationException.class)
                .hasMessageStartingWith("use.latest.version: version 2 of s cannot read values of " + OWN.getFullName()
                        + " as this build writes them: ")
                .hasMessageContaining(why);
    }
}
