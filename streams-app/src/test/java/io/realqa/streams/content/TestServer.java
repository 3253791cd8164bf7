package io.realqa.streams.content;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** A web server on the loopback address that keeps count of what it was asked. */
final class TestServer implements AutoCloseable {
    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final CountDownLatch closing = new CountDownLatch(1);
    private final List<String> asked = Collections.synchronizedList(new ArrayList<>());

    TestServer() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.start();
    }

    int port() {
        return server.getAddress().getPort();
    }

    String host() {
        return "127.0.0.1:" + port();
    }

    String url(String path) {
        return "http://" + host() + path;
    }

    /** Raw paths, each with its query, in the order in which they were asked. */
    List<String> asked() {
        return List.copyOf(asked);
    }

    void on(String path, HttpHandler handler) {
        server.createContext(path, exchange -> {
            asked.add(exchange.getRequestURI().toString());
            try (exchange) {
                handler.handle(exchange);
            }
        });
    }

    void on(String path, int status, String body) {
        on(path, exchange -> answer(exchange, status, body));
    }

    void redirect(String path, int status, String location) {
        on(path, exchange -> {
            exchange.getResponseHeaders().set("Location", location);
            exchange.sendResponseHeaders(status, -1);
        });
    }

    /** Accepts the request and never answers. */
    void silence(String path) {
        silence(path, new CompletableFuture<>());
    }

    /** Accepts the request, completes the future, and never answers. */
    void silence(String path, CompletableFuture<Void> arrived) {
        on(path, exchange -> {
            arrived.complete(null);
            pause(1, TimeUnit.HOURS);
        });
    }

    /** Answers one byte at a time, without end; completes the future once the client has hung up. */
    CompletableFuture<IOException> drip(String path) {
        CompletableFuture<IOException> hungUp = new CompletableFuture<>();
        on(path, exchange -> {
            exchange.sendResponseHeaders(200, 0);
            try {
                do {
                    exchange.getResponseBody().write('x');
                    exchange.getResponseBody().flush();
                } while (!pause(5, TimeUnit.MILLISECONDS));
            } catch (IOException e) {
                hungUp.complete(e);
            }
        });
        return hungUp;
    }

    static void answer(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        if (bytes.length > 0) {
            exchange.getResponseBody().write(bytes);
        }
    }

    /** Lets time pass unless the server closes; whether it does. */
    private boolean pause(long time, TimeUnit unit) {
        try {
            return closing.await(time, unit);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    @Override
    public void close() {
        closing.countDown();
        server.stop(0);
        threads.shutdownNow();
    }
}
