package io.realqa.streams.http;

import io.javalin.Javalin;
import io.javalin.http.Context;
import io.javalin.http.HttpStatus;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.realqa.settings.SettingsException;
import java.util.function.Supplier;

/**
 * {@code GET /health/live}, {@code /health/ready}: 200 or 503 and why in a line of text; {@code /metrics}: Prometheus'
 * text format.
 */
public final class HttpSide implements AutoCloseable {
    private static final String METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

    private final Javalin server;

    private HttpSide(Javalin server) {
        this.server = server;
    }

    /**
     * Starts to listen.
     *
     * @param port 0: any free one
     * @throws SettingsException if the host is none of this machine's addresses, or the port is taken
     */
    public static HttpSide start(String host, int port, PrometheusMeterRegistry metrics, Supplier<Health> health) {
        Javalin server = Javalin.create(config -> {
            config.startup.showJavalinBanner = false;
            config.startup.showOldJavalinVersionWarning = false;
            config.routes.get(
                    "/health/live",
                    c -> answer(c, health.get().live(), health.get().message()));
            config.routes.get(
                    "/health/ready",
                    c -> answer(c, health.get().ready(), health.get().message()));
            config.routes.get("/metrics", c -> c.contentType(METRICS_TYPE).result(metrics.scrape()));
        });
        try {
            server.start(host, port);
        } catch (RuntimeException e) {
            server.stop();
            Throwable cause = e;
            while (cause.getCause() != null) {
                cause = cause.getCause();
            }
            throw new SettingsException(
                    "http.host, http.port: " + host + ", " + port + ": " + cause.getMessage()
                            + " (expected: an address of this machine and a free port)",
                    e);
        }
        return new HttpSide(server);
    }

    private static void answer(Context context, boolean good, String message) {
        context.status(good ? HttpStatus.OK : HttpStatus.SERVICE_UNAVAILABLE).result(message + "\n");
    }

    public int port() {
        return server.port();
    }

    @Override
    public void close() {
        server.stop();
    }
}
