package io.realqa.schemas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.realqa.events.ImageUploaded;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against a registry that misbehaves. */
class RegistryCallsTest {
    private static final Duration LIMIT = Duration.ofMillis(100);

    private final CountDownLatch end = new CountDownLatch(1);
    private ExecutorService threads;
    private HttpServer server;

    @FunctionalInterface
    private interface Answer {
        void to(HttpExchange exchange) throws IOException;
    }

    @BeforeEach
    void start() throws IOException {
        threads = Executors.newCachedThreadPool();
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.start();
    }

    @AfterEach
    void stop() {
        end.countDown();
        server.stop(0);
        threads.shutdownNow();
    }

    private SchemaRegistryClient client(Duration limit, Answer answer) {
        server.createContext("/", exchange -> {
            try (exchange) {
                answer.to(exchange);
            }
        });
        return new SchemaRegistryClient(
                "http://127.0.0.1:" + server.getAddress().getPort(), null, limit, Duration.ofMillis(1));
    }

    private SchemaRegistryClient saying(int status, String body) {
        return client(RegistryCalls.REQUEST_LIMIT, exchange -> {
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(status, bytes.length);
            exchange.getResponseBody().write(bytes);
        });
    }

    @Test
    void anAnswerThatStallsAfterItsHeadersIsNoAnswer() {
        SchemaRegistryClient client = client(LIMIT, exchange -> {
            exchange.sendResponseHeaders(200, 100);
            exchange.getResponseBody().write("{\"sch".getBytes(StandardCharsets.UTF_8));
            exchange.getResponseBody().flush();
            await();
        });
        assertThatThrownBy(() -> client.byId(1))
                .isInstanceOfSatisfying(SchemaRegistryException.class, e -> {
                    assertThat(e.status()).isEqualTo(SchemaRegistryException.NO_ANSWER);
                    assertThat(e.retriable()).isTrue();
                })
                .hasMessageContaining("/schemas/ids/1: no whole answer within PT0.1S");
    }

    /** Over a connection that is shared, what makes one attempt hang would make all of them hang. */
    @Test
    void anotherAttemptHasAConnectionOfItsOwn() {
        Set<Integer> ports = ConcurrentHashMap.newKeySet();
        Set<String> upgrades = ConcurrentHashMap.newKeySet();
        SchemaRegistryClient client = client(LIMIT, exchange -> {
            ports.add(exchange.getRemoteAddress().getPort());
            upgrades.addAll(exchange.getRequestHeaders().getOrDefault("Upgrade", List.of()));
            await();
        });
        assertThatThrownBy(() -> client.byId(1)).hasMessageContaining("no whole answer within");
        assertThat(ports).hasSize(RegistryCalls.ATTEMPTS);
        assertThat(upgrades).isEmpty();
    }

    @Test
    void anAnswerWithoutEndIsNoAnswer() {
        SchemaRegistryClient client = client(LIMIT, exchange -> {
            exchange.sendResponseHeaders(200, 0);
            byte[] some = new byte[1024];
            while (end.getCount() > 0) {
                exchange.getResponseBody().write(some);
            }
        });
        assertThatThrownBy(() -> client.byId(1))
                .isInstanceOf(SchemaRegistryException.class)
                .hasMessageContaining("no whole answer within");
    }

    @Test
    void anAnswerBeyondTheBoundIsRefused() {
        SchemaRegistryClient client = saying(200, " ".repeat(RegistryCalls.MOST_BYTES + 1));
        assertThatThrownBy(() -> client.byId(1))
                .isInstanceOf(SchemaRegistryException.class)
                .hasMessageContaining("over 16777216 bytes (expected: at most that many)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"null", "\"abc\"", "\"7\"", "99999999999", "1.5", "true"})
    void whatIsNoIntegerIsNoId(String id) {
        SchemaRegistryClient client = saying(200, "{\"id\": " + id + "}");
        assertThatThrownBy(() -> client.register("s", ImageUploaded.getClassSchema()))
                .isInstanceOf(SchemaRegistryException.class)
                .hasMessageContaining("register s: id: " + id + " (expected: an integer)");
    }

    @Test
    void whatIsNoListOfSubjectsIsSaid() {
        SchemaRegistryClient client = saying(200, "{}");
        assertThatThrownBy(client::subjects)
                .isInstanceOf(SchemaRegistryException.class)
                .hasMessageContaining("subjects: {} (expected: an array)");
    }

    @Test
    void aRedirectSaysWhereItLeads() {
        SchemaRegistryClient client = client(RegistryCalls.REQUEST_LIMIT, exchange -> {
            exchange.getResponseHeaders().add("Location", "https://registry.example/");
            exchange.sendResponseHeaders(301, -1);
        });
        assertThatThrownBy(client::subjects)
                .isInstanceOf(SchemaRegistryException.class)
                .hasMessageContaining("HTTP 301 to https://registry.example/ (redirects are not followed");
    }

    private void await() {
        try {
            end.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
