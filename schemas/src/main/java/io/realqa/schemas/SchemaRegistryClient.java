package io.realqa.schemas;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;
import org.apache.kafka.common.errors.SerializationException;
import org.jspecify.annotations.Nullable;

/**
 * Client of a schema registry that speaks the Confluent REST protocol. Thread-safe. Schemas are immutable under their
 * id, so ids and schemas are cached for good; "latest" is never cached.
 *
 * <p>Several addresses may be given: a call that gets no answer, or an answer worth repeating, goes to the next one.
 * TLS follows the JVM's settings ({@code javax.net.ssl.trustStore} and its kin).
 *
 * <p>Every method throws {@link SchemaRegistryException} with the address, the status and the registry's own message;
 * a schema of another kind than Avro, or one with references, is a plain {@link SerializationException}.
 */
public final class SchemaRegistryClient {
    /** The serdes' setting, under Confluent's name, that holds its addresses. */
    public static final String URL = "schema.registry.url";

    private static final ObjectMapper JSON = new ObjectMapper();

    private final RegistryCalls registry;
    private final Map<Integer, Schema> schemas = new ConcurrentHashMap<>();
    private final Map<SubjectSchema, Integer> ids = new ConcurrentHashMap<>();

    private record SubjectSchema(String subject, Schema schema) {}

    /** A schema with its id and its version under a subject. */
    public record RegisteredSchema(int id, int version, Schema schema) {}

    /**
     * @param urls comma-separated base addresses, such as {@code https://registry:8081}
     * @param userInfo {@code user:password} for basic authentication; null: what the addresses themselves hold, if anything
     * @throws IllegalArgumentException naming what is no address
     */
    public SchemaRegistryClient(String urls, @Nullable String userInfo) {
        this(urls, userInfo, RegistryCalls.REQUEST_LIMIT, RegistryCalls.FIRST_PAUSE);
    }

    /**
     * A client by the settings that the serdes take.
     *
     * @throws org.apache.kafka.common.config.ConfigException naming the setting that is wrong
     */
    public static SchemaRegistryClient of(Map<String, ?> settings) {
        return RegistryConfig.newClient(settings);
    }

    SchemaRegistryClient(String urls, @Nullable String userInfo, Duration limit, Duration firstPause) {
        this.registry = new RegistryCalls(RegistryAddress.of(URL, urls, userInfo), limit, firstPause);
    }

    /**
     * Refuses what is no list of addresses, and events that are not read into their generated classes.
     *
     * @param section what the settings are called, for the error
     * @throws IllegalArgumentException naming it
     */
    public static void check(String section, Map<String, String> settings) {
        RegistryAddress.of(section + "." + URL, String.valueOf(settings.get(URL)), null);
        String specific = settings.get(RegistryConfig.SPECIFIC_READER);
        if (specific != null && !specific.equals("true")) {
            throw new IllegalArgumentException(
                    section + "." + RegistryConfig.SPECIFIC_READER + ": " + specific + " (expected: true)");
        }
    }

    /** Registers a schema under a subject, or finds it there; returns its id. */
    public int register(String subject, Schema schema) {
        SubjectSchema key = new SubjectSchema(subject, schema);
        Integer known = ids.get(key);
        if (known != null) {
            return known;
        }
        JsonNode answer = registry.call("POST", "/subjects/" + encode(subject) + "/versions", schemaBody(schema));
        int id = integer(answer, "id", "register " + subject);
        ids.put(key, id);
        schemas.put(id, schema);
        return id;
    }

    /** Id of a schema that is already registered under a subject. */
    public int idOf(String subject, Schema schema) {
        SubjectSchema key = new SubjectSchema(subject, schema);
        Integer known = ids.get(key);
        if (known != null) {
            return known;
        }
        JsonNode answer = registry.call("POST", "/subjects/" + encode(subject), schemaBody(schema));
        int id = integer(answer, "id", "look up " + subject);
        ids.put(key, id);
        return id;
    }

    /** The schema with an id. */
    public Schema byId(int id) {
        Schema known = schemas.get(id);
        if (known != null) {
            return known;
        }
        Schema schema = parse(field(registry.call("GET", "/schemas/ids/" + id, null), "schema", "schema " + id)
                .asText());
        schemas.put(id, schema);
        return schema;
    }

    /** The newest schema of a subject. */
    public RegisteredSchema latest(String subject) {
        JsonNode answer = registry.call("GET", "/subjects/" + encode(subject) + "/versions/latest", null);
        Schema schema = parse(field(answer, "schema", subject).asText());
        int id = integer(answer, "id", subject);
        schemas.put(id, schema);
        return new RegisteredSchema(id, integer(answer, "version", subject), schema);
    }

    /** Whether a schema may follow the newest one of a subject under the subject's compatibility level. */
    public boolean compatible(String subject, Schema schema) {
        JsonNode answer = registry.call(
                "POST", "/compatibility/subjects/" + encode(subject) + "/versions/latest", schemaBody(schema));
        return field(answer, "is_compatible", subject).asBoolean();
    }

    /** Sets the compatibility level of a subject. */
    public void setCompatibility(String subject, Compatibility level) {
        registry.call("PUT", "/config/" + encode(subject), json(Map.of("compatibility", level.name())));
    }

    /** The compatibility level that holds for a subject, the registry's default where it has none of its own. */
    public Compatibility compatibility(String subject) {
        return ownCompatibility(subject)
                .orElseGet(() -> level("the registry's default", registry.call("GET", "/config", null)));
    }

    /** The compatibility level that was set for a subject; empty: none was. */
    public Optional<Compatibility> ownCompatibility(String subject) {
        try {
            return Optional.of(level(subject, registry.call("GET", "/config/" + encode(subject), null)));
        } catch (SchemaRegistryException e) {
            if (SchemaRegistryException.ofRegistry(e)) {
                throw e;
            }
            return Optional.empty();
        }
    }

    private static Compatibility level(String what, JsonNode answer) {
        String level = field(answer, "compatibilityLevel", what).asText();
        try {
            return Compatibility.valueOf(level);
        } catch (IllegalArgumentException e) {
            throw new SchemaRegistryException(
                    200, "compatibility of " + what + ": " + level + " (expected: one of the Confluent levels)", e);
        }
    }

    /** All subjects; a cheap call that proves that the registry answers. */
    public List<String> subjects() {
        JsonNode answer = registry.call("GET", "/subjects", null);
        List<String> subjects = new ArrayList<>();
        if (!answer.isArray()) {
            throw new SchemaRegistryException(200, "schema registry: subjects: " + answer + " (expected: an array)");
        }
        answer.forEach(subject -> subjects.add(subject.asText()));
        return subjects;
    }

    private static JsonNode field(JsonNode answer, String name, String what) {
        JsonNode value = answer.get(name);
        if (value == null) {
            throw new SchemaRegistryException(
                    200, "schema registry: " + what + ": the answer has no field " + name + ": " + answer);
        }
        return value;
    }

    /** Ids stand before every value that is written, so nothing is made of what is not one. */
    private static int integer(JsonNode answer, String name, String what) {
        JsonNode value = field(answer, name, what);
        if (!value.isIntegralNumber() || !value.canConvertToInt()) {
            throw new SchemaRegistryException(
                    200, "schema registry: " + what + ": " + name + ": " + value + " (expected: an integer)");
        }
        return value.intValue();
    }

    private static Schema parse(String text) {
        try {
            return new Schema.Parser().parse(text);
        } catch (AvroRuntimeException | StackOverflowError e) {
            // The registry is fine: it holds schemas of other kinds, and some that refer to others, as well.
            throw new SerializationException(
                    "schema registry: not an Avro schema: " + e.getMessage() + " (expected: an Avro schema)", e);
        }
    }

    private static String schemaBody(Schema schema) {
        return json(Map.of("schema", schema.toString()));
    }

    private static String json(Map<String, String> fields) {
        try {
            return JSON.writeValueAsString(fields);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("strings always serialise", e);
        }
    }

    private static String encode(String subject) {
        return URLEncoder.encode(subject, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
