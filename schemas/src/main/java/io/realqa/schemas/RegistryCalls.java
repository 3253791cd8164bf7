package io.realqa.schemas;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.resilience4j.core.IntervalFunction;
import io.github.resilience4j.retry.Retry;
import io.github.resilience4j.retry.RetryConfig;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Calls to a registry over HTTP, JSON there and back. A call that gets no answer, or an answer worth repeating, goes to the
 * next address. Answers are bounded in time, from the first byte asked to the last one read, and in size. Thread-safe.
 */
final class RegistryCalls {
    static final Duration CONNECT_LIMIT = Duration.ofSeconds(5);
    static final Duration REQUEST_LIMIT = Duration.ofSeconds(10);
    static final int ATTEMPTS = 4;
    static final Duration FIRST_PAUSE = Duration.ofMillis(200);
    /** A schema of the size of Kafka's messages has room. */
    static final int MOST_BYTES = 16 << 20;

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String CONTENT_TYPE = "application/vnd.schemaregistry.v1+json";

    /** As many as there are calls at a time; they end when they have nothing to do. */
    private static final ExecutorService THREADS = Executors.newCachedThreadPool(work -> {
        Thread thread = new Thread(work, "schema-registry");
        thread.setDaemon(true);
        return thread;
    });

    private final List<RegistryAddress> addresses;
    private final Duration limit;
    /** Over HTTP/2 each further attempt would go through the same connection, also if that is what hangs. */
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(CONNECT_LIMIT)
            .build();

    private final Retry retry;
    private final AtomicInteger current = new AtomicInteger();

    /**
     * @param limit longest time of one attempt
     * @param firstPause before the second attempt
     */
    RegistryCalls(List<RegistryAddress> addresses, Duration limit, Duration firstPause) {
        this.addresses = List.copyOf(addresses);
        this.limit = limit;
        this.retry = Retry.of(
                "schema-registry",
                RetryConfig.custom()
                        .maxAttempts(ATTEMPTS)
                        .intervalFunction(IntervalFunction.ofExponentialRandomBackoff(firstPause, 2.0))
                        .retryOnException(e -> e instanceof SchemaRegistryException r && r.retriable())
                        .build());
    }

    /**
     * The answer's JSON.
     *
     * @throws SchemaRegistryException with the address, the status and the registry's own message
     */
    JsonNode call(String method, String path, @Nullable String body) {
        return retry.executeSupplier(() -> callOnce(method, path, body));
    }

    /** What came in of a body; what is beyond the bound is dropped. Written by one thread after the other. */
    private static final class Body {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private boolean tooLong;

        synchronized void add(byte[] chunk) {
            tooLong |= chunk.length > MOST_BYTES - bytes.size();
            if (!tooLong) {
                bytes.writeBytes(chunk);
            }
        }

        synchronized boolean tooLong() {
            return tooLong;
        }

        synchronized String text() {
            return bytes.toString(StandardCharsets.UTF_8);
        }
    }

    private JsonNode callOnce(String method, String path, @Nullable String body) {
        int at = current.get();
        RegistryAddress address = addresses.get(Math.floorMod(at, addresses.size()));
        String what = "schema registry: " + method + " " + address.base() + path;
        BodyPublisher publisher = body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body);
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(address.base() + path))
                .header("Accept", CONTENT_TYPE + ", application/json")
                .header("Content-Type", CONTENT_TYPE)
                .method(method, publisher);
        if (address.authorization() != null) {
            request.header("Authorization", address.authorization());
        }
        Body answer = new Body();
        HttpResponse<Void> response;
        try {
            response = answered(request.build(), answer, what);
        } catch (SchemaRegistryException e) {
            if (e.retriable()) {
                current.compareAndSet(at, at + 1);
            }
            throw e;
        }
        if (answer.tooLong()) {
            throw new SchemaRegistryException(
                    response.statusCode(), what + ": over " + MOST_BYTES + " bytes (expected: at most that many)");
        }
        if (response.statusCode() / 100 == 2) {
            return readJson(answer.text(), what);
        }
        SchemaRegistryException failure =
                new SchemaRegistryException(response.statusCode(), what + ": " + explain(response, answer.text()));
        if (failure.retriable()) {
            current.compareAndSet(at, at + 1);
        }
        throw failure;
    }

    /**
     * On another thread, since the timeout of a request is over once its headers are there. Not by {@code sendAsync}: its
     * answers come through the common pool, which on a machine of two cores is one thread that may be busy (Java 25).
     */
    private HttpResponse<Void> answered(HttpRequest request, Body body, String what) {
        Future<HttpResponse<Void>> answer = THREADS.submit(
                () -> http.send(request, BodyHandlers.ofByteArrayConsumer(chunk -> chunk.ifPresent(body::add))));
        try {
            return answer.get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SchemaRegistryException(499, what + ": interrupted", e);
        } catch (TimeoutException e) {
            throw new SchemaRegistryException(
                    SchemaRegistryException.NO_ANSWER, what + ": no whole answer within " + limit, e);
        } catch (ExecutionException | CancellationException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw new SchemaRegistryException(SchemaRegistryException.NO_ANSWER, what + ": no answer: " + cause, cause);
        } finally {
            // Interrupts the thread, by which the exchange ends.
            answer.cancel(true);
        }
    }

    private static String explain(HttpResponse<Void> response, String body) {
        int status = response.statusCode();
        String hint = switch (status) {
            case 301, 302, 303, 307, 308 ->
                " to "
                        + response.headers().firstValue("Location").orElse("nowhere")
                        + " (redirects are not followed: schema.registry.url is to be the address itself)";
            case 401 -> " (credentials missing or wrong: basic.auth.user.info)";
            case 403 -> " (these credentials may not do this)";
            case 404 -> " (no such subject or schema, or schema.registry.url lacks its path)";
            case 409 -> " (the schema is incompatible with an earlier version)";
            case 422 -> " (the registry does not accept this schema or setting)";
            case 429 -> " (too many requests)";
            default -> "";
        };
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

    private static JsonNode readJson(String body, String what) {
        try {
            return JSON.readTree(body);
        } catch (JsonProcessingException e) {
            throw new SchemaRegistryException(200, what + ": the answer is no JSON: " + e.getOriginalMessage(), e);
        }
    }
}
