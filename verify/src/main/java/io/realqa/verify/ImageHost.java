package io.realqa.verify;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Three hosts that serve the load's images: one that answers, one that is slow, one that fails. */
final class ImageHost implements AutoCloseable {
    private static final int THREADS = 8;
    private static final Duration SLOW = Duration.ofMillis(150);
    private static final Duration VERY_SLOW = Duration.ofSeconds(3);

    private final Load load;
    private final ExecutorService threads = Executors.newFixedThreadPool(THREADS, r -> daemon(r, "image-host"));
    private final ScheduledExecutorService later =
            Executors.newSingleThreadScheduledExecutor(r -> daemon(r, "image-host-slow"));
    private final HttpServer good;
    private final HttpServer slow;
    private final HttpServer failing;
    private final Map<Integer, Integer> failingAsked = new ConcurrentHashMap<>();
    private final AtomicLong refused = new AtomicLong();
    private final AtomicLong delayed = new AtomicLong();
    private volatile boolean failsAltogether;
    private volatile boolean verySlow;

    ImageHost(Load load, Ports ports) {
        this.load = load;
        this.good = serve(ports, this::answer);
        this.slow = serve(ports, this::answerLater);
        this.failing = serve(ports, this::answerPerhaps);
    }

    private interface Handler {
        void handle(HttpExchange exchange, int number) throws IOException;
    }

    private HttpServer serve(Ports ports, Handler handler) {
        try {
            HttpServer server =
                    HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), ports.next()), 256);
            server.setExecutor(threads);
            server.createContext("/", exchange -> {
                String path = exchange.getRequestURI().getPath();
                handler.handle(exchange, Integer.parseInt(path.substring(1)));
            });
            server.start();
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException("image host", e);
        }
    }

    private static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    /** The hosts as host:port, for the service's list of hosts. */
    List<String> hosts() {
        return List.of(host(good), host(slow), host(failing));
    }

    private static String host(HttpServer server) {
        return "127.0.0.1:" + server.getAddress().getPort();
    }

    /** Where an upload's image is: a duplicate's where that of the upload is which it repeats. */
    String uri(Upload upload) {
        HttpServer server = switch (upload.kind()) {
            case SLOW_HOST -> slow;
            case FAILING_HOST -> failing;
            default -> good;
        };
        return "http://" + host(server) + "/" + upload.origin();
    }

    /** Whether the failing host now answers nobody. */
    void failAltogether(boolean now) {
        failsAltogether = now;
    }

    /** Whether the slow host now takes seconds for each answer. */
    void verySlow(boolean now) {
        verySlow = now;
    }

    /** Answers that the failing host has refused so far. */
    long refused() {
        return refused.get();
    }

    /** Answers that the slow host took seconds for so far. */
    long delayed() {
        return delayed.get();
    }

    private void answer(HttpExchange exchange, int number) throws IOException {
        Upload upload = load.upload(number);
        try (exchange) {
            if (upload.kind() == Kind.MISSING) {
                exchange.sendResponseHeaders(404, -1);
                return;
            }
            byte[] body = upload.bytes();
            exchange.sendResponseHeaders(200, body.length);
            try (OutputStream out = exchange.getResponseBody()) {
                out.write(body);
            }
        }
    }

    private void answerLater(HttpExchange exchange, int number) {
        Duration wait = verySlow ? VERY_SLOW : SLOW;
        if (verySlow) {
            delayed.incrementAndGet();
        }
        later.schedule(
                () -> threads.execute(() -> {
                    try {
                        answer(exchange, number);
                    } catch (IOException e) {
                        exchange.close(); // whoever asked has gone
                    }
                }),
                wait.toMillis(),
                TimeUnit.MILLISECONDS);
    }

    /** Every other image is refused when it is asked for the first time: half of them by 503, half by hanging up. */
    private void answerPerhaps(HttpExchange exchange, int number) throws IOException {
        boolean first = failingAsked.merge(number, 1, Integer::sum) == 1;
        if (!failsAltogether && (number % 2 == 0 || !first)) {
            answer(exchange, number);
            return;
        }
        refused.incrementAndGet();
        try (exchange) {
            if (number % 4 < 2) {
                exchange.sendResponseHeaders(503, -1);
            } else {
                exchange.sendResponseHeaders(200, 10_000); // and none of them follows
            }
        }
    }

    @Override
    public void close() {
        good.stop(0);
        slow.stop(0);
        failing.stop(0);
        later.shutdownNow();
        threads.shutdownNow();
    }
}
