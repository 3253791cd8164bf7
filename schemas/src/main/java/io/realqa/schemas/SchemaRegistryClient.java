package io.realqa.schemas;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.resilience4j.core.IntervalFunction;
import io.github.resilience4j.retry.Retry;
import io.github.resilience4j.retry.RetryConfig;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
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
    static final Duration CONNECT_LIMIT = Duration.ofSeconds(5);
    static final Duration REQUEST_LIMIT = Duration.ofSeconds(10);
    static final int ATTEMPTS = 4;
    static final Duration FIRST_PAUSE = Duration.ofMillis(200);

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String CONTENT_TYPE = "application/vnd.schemaregistry.v1+json";

    private final List<String> urls;
    private final @Nullable String authorization;
    private final HttpClient http;
    private final Retry retry;
    private final AtomicInteger current = new AtomicInteger();
    private final Map<Integer, Schema> schemas = new ConcurrentHashMap<>();
    private final Map<SubjectSchema, Integer> ids = new ConcurrentHashMap<>();

    private record SubjectSchema(String subject, Schema schema) {}

    /** A schema with its id and its version under a subject. */
    public record RegisteredSchema(int id, int version, Schema schema) {}

    /**
     * @param urls comma-separated base addresses, such as {@code https://registry:8081}
     * @param userInfo {@code user:password} for basic authentication, or null
     */
    public SchemaRegistryClient(String urls, @Nullable String userInfo) {
        this(urls, userInfo, FIRST_PAUSE);
    }

    SchemaRegistryClient(String urls, @Nullable String userInfo, Duration firstPause) {
        this.urls = List.of(urls.split(",", -1)).stream()
                .map(SchemaRegistryClient::checkedUrl)
                .toList();
        this.authorization = userInfo == null
                ? null
                : "Basic " + Base64.getEncoder().encodeToString(userInfo.getBytes(StandardCharsets.UTF_8));
        this.http = HttpClient.newBuilder().connectTimeout(CONNECT_LIMIT).build();
        this.retry = Retry.of(
                "schema-registry",
                RetryConfig.custom()
                        .maxAttempts(ATTEMPTS)
                        .intervalFunction(IntervalFunction.ofExponentialRandomBackoff(firstPause, 2.0))
                        .retryOnException(e -> e instanceof SchemaRegistryException r && r.retriable())
                        .build());
    }

    /** Registers a schema under a subject, or finds it there; returns its id. */
    public int register(String subject, Schema schema) {
        SubjectSchema key = new SubjectSchema(subject, schema);
        Integer known = ids.get(key);
        if (known != null) {
            return known;
        }
        JsonNode answer = call("POST", "/subjects/" + encode(subject) + "/versions", schemaBody(schema));
        int id = field(answer, "id", "register " + subject).asInt();
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
        JsonNode answer = call("POST", "/subjects/" + encode(subject), schemaBody(schema));
        int id = field(answer, "id", "look up " + subject).asInt();
        ids.put(key, id);
        return id;
    }

    /** The schema with an id. */
    public Schema byId(int id) {
        Schema known = schemas.get(id);
        if (known != null) {
            return known;
        }
        Schema schema = parse(field(call("GET", "/schemas/ids/" + id, null), "schema", "schema " + id)
                .asText());
        schemas.put(id, schema);
        return schema;
    }

    /** The newest schema of a subject. */
    public RegisteredSchema latest(String subject) {
        JsonNode answer = call("GET", "/subjects/" + encode(subject) + "/versions/latest", null);
        Schema schema = parse(field(answer, "schema", subject).asText());
        int id = field(answer, "id", subject).asInt();
        schemas.put(id, schema);
        return new RegisteredSchema(id, field(answer, "version", subject).asInt(), schema);
    }

    /** Whether a schema may follow the newest one of a subject under the subject's compatibility level. */
    public boolean compatible(String subject, Schema schema) {
        JsonNode answer =
                call("POST", "/compatibility/subjects/" + encode(subject) + "/versions/latest", schemaBody(schema));
        return field(answer, "is_compatible", subject).asBoolean();
    }

    /** Sets the compatibility level of a subject. */
    public void setCompatibility(String subject, Compatibility level) {
        call("PUT", "/config/" + encode(subject), json(Map.of("compatibility", level.name())));
    }

    /** The compatibility level that holds for a subject, the registry's default where it has none of its own. */
    public Compatibility compatibility(String subject) {
        JsonNode answer = call("GET", "/config/" + encode(subject) + "?defaultToGlobal=true", null);
        String level = field(answer, "compatibilityLevel", subject).asText();
        try {
            return Compatibility.valueOf(level);
        } catch (IllegalArgumentException e) {
            throw new SchemaRegistryException(
                    200, "compatibility of " + subject + ": " + level + " (expected: one of the Confluent levels)", e);
        }
    }

    /** All subjects; a cheap call that proves that the registry answers. */
    public List<String> subjects() {
        JsonNode answer = call("GET", "/subjects", null);
        return JSON.convertValue(answer, JSON.getTypeFactory().constructCollectionType(List.class, String.class));
    }

    private JsonNode call(String method, String path, @Nullable String body) {
        return retry.executeSupplier(() -> callOnce(method, path, body));
    }

    private JsonNode callOnce(String method, String path, @Nullable String body) {
        int at = current.get();
        String url = urls.get(Math.floorMod(at, urls.size())) + path;
        String what = method + " " + url;
        BodyPublisher publisher = body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body);
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url))
                .timeout(REQUEST_LIMIT)
                .header("Accept", CONTENT_TYPE + ", application/json")
                .header("Content-Type", CONTENT_TYPE)
                .method(method, publisher);
        if (authorization != null) {
            request.header("Authorization", authorization);
        }
        HttpResponse<String> response;
        try {
            response = http.send(request.build(), BodyHandlers.ofString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SchemaRegistryException(499, "schema registry: " + what + ": interrupted", e);
        } catch (IOException e) {
            current.compareAndSet(at, at + 1);
            throw new SchemaRegistryException(
                    SchemaRegistryException.NO_ANSWER, "schema registry: " + what + ": no answer: " + e, e);
        }
        if (response.statusCode() / 100 == 2) {
            return readJson(response.body(), what);
        }
        SchemaRegistryException failure = new SchemaRegistryException(
                response.statusCode(), "schema registry: " + what + ": " + explain(response));
        if (failure.retriable()) {
            current.compareAndSet(at, at + 1);
        }
        throw failure;
    }

    private static String explain(HttpResponse<String> response) {
        int status = response.statusCode();
        String hint = switch (status) {
            case 401 -> " (credentials missing or wrong: basic.auth.user.info)";
            case 403 -> " (these credentials may not do this)";
            case 404 -> " (no such subject or schema, or schema.registry.url lacks its path)";
            case 409 -> " (the schema is incompatible with an earlier version)";
            case 422 -> " (the registry does not accept this schema or setting)";
            case 429 -> " (too many requests)";
            default -> "";
        };
        String body = response.body();
        String message = body.length() > 500 ? body.substring(0, 500) + "…" : body;
        try {
            JsonNode node = JSON.readTree(body);
            if (node != null && node.hasNonNull("message")) {
                message = node.get("message").asText()
                        + (node.has("error_code")
                                ? " [" + node.get("error_code").asText() + "]"
                                : "");
            }
        } catch (JsonProcessingException e) {
            // A proxy's HTML page, say: the raw text above is the best there is.
            return "HTTP " + status + hint + ": " + message;
        }
        return "HTTP " + status + hint + ": " + message;
    }

    private static JsonNode field(JsonNode answer, String name, String what) {
        JsonNode value = answer.get(name);
        if (value == null) {
            throw new SchemaRegistryException(
                    200, "schema registry: " + what + ": the answer has no field " + name + ": " + answer);
        }
        return value;
    }

    private static JsonNode readJson(String body, String what) {
        try {
            return JSON.readTree(body);
        } catch (JsonProcessingException e) {
            throw new SchemaRegistryException(
                    200, "schema registry: " + what + ": the answer is no JSON: " + e.getOriginalMessage(), e);
        }
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

    private static String checkedUrl(String url) {
        String trimmed = url.strip().replaceAll("/+$", "");
        if (!trimmed.startsWith("http://") && !trimmed.startsWith("https://")) {
            throw new IllegalArgumentException(
                    "schema.registry.url: " + url + " (expected: http://… or https://…, comma-separated)");
        }
        return trimmed;
    }

    private static String encode(String subject) {
        return URLEncoder.encode(subject, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
