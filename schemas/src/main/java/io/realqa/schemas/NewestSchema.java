package io.realqa.schemas;

import io.realqa.schemas.SchemaRegistryClient.RegisteredSchema;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.avro.Schema;
import org.apache.avro.Schema.Field;
import org.apache.avro.Schema.Type;
import org.apache.avro.SchemaValidationException;
import org.apache.avro.SchemaValidatorBuilder;
import org.apache.avro.generic.GenericContainer;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DatumWriter;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.common.errors.SerializationException;
import org.jspecify.annotations.Nullable;

/**
 * A subject's newest schema, for values of another version: {@code use.latest.version}. Generated classes know their fields
 * by place, so a value is first written by its own schema and then read by the newest one, which goes by names.
 */
final class NewestSchema {
    private NewestSchema() {}

    /**
     * Refuses a newest schema that values cannot be written by, or only with a loss.
     *
     * @param own of the values
     * @throws SerializationException naming what is lost or does not fit
     */
    static void check(String subject, RegisteredSchema newest, Schema own) {
        try {
            new SchemaValidatorBuilder().canReadStrategy().validateLatest().validate(newest.schema(), List.of(own));
        } catch (SchemaValidationException e) {
            throw refused(subject, newest, own, e.getMessage());
        }
        String lost = lost(own, newest.schema(), new HashSet<>());
        if (lost != null) {
            throw refused(subject, newest, own, "it has no " + lost);
        }
    }

    private static SerializationException refused(
            String subject, RegisteredSchema newest, Schema own, @Nullable String why) {
        return new SerializationException("use.latest.version: version " + newest.version() + " of " + subject
                + " cannot read values of " + own.getFullName() + " as this build writes them: " + why);
    }

    /** The value under the newest schema. */
    static GenericContainer convert(GenericContainer value, DatumWriter<GenericContainer> writer, Schema newest)
            throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream(512);
        BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(out, null);
        writer.write(value, encoder);
        encoder.flush();
        return new GenericDatumReader<GenericContainer>(value.getSchema(), newest)
                .read(null, DecoderFactory.get().binaryDecoder(out.toByteArray(), null));
    }

    /** What the newest schema has no place for: a reader would silently leave it out. */
    private static @Nullable String lost(Schema own, Schema newest, Set<String> seen) {
        return switch (own.getType()) {
            case RECORD -> seen.add(own.getFullName()) ? lostFields(own, newest, seen) : null;
            case ENUM ->
                own.getEnumSymbols().stream()
                        .filter(s -> !branch(own, newest).hasEnumSymbol(s))
                        .findFirst()
                        .map(s -> "symbol " + s)
                        .orElse(null);
            case ARRAY -> lost(own.getElementType(), branch(own, newest).getElementType(), seen);
            case MAP -> lost(own.getValueType(), branch(own, newest).getValueType(), seen);
            case UNION -> {
                for (Schema type : own.getTypes()) {
                    String lost = lost(type, newest, seen);
                    if (lost != null) {
                        yield lost;
                    }
                }
                yield null;
            }
            default -> null;
        };
    }

    private static @Nullable String lostFields(Schema own, Schema newest, Set<String> seen) {
        Schema record = branch(own, newest);
        for (Field field : own.getFields()) {
            Field there = record.getFields().stream()
                    .filter(f -> f.name().equals(field.name()) || f.aliases().contains(field.name()))
                    .findFirst()
                    .orElse(null);
            if (there == null) {
                return "field " + field.name();
            }
            String lost = lost(field.schema(), there.schema(), seen);
            if (lost != null) {
                return lost + " in " + field.name();
            }
        }
        return null;
    }

    /** The branch that takes a type where the newest schema has several; it is there, or it could not be read. */
    private static Schema branch(Schema own, Schema newest) {
        return newest.getType() != Type.UNION
                ? newest
                : newest.getTypes().stream()
                        .filter(t ->
                                t.getType() == own.getType() && t.getFullName().equals(own.getFullName()))
                        .findFirst()
                        .orElse(own);
    }
}
