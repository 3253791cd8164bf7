package io.realqa.streams.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.realqa.settings.SettingsException;
import io.realqa.streams.metrics.Metric;
import io.realqa.streams.metrics.ServiceMetrics;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class HttpSideTest {
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final AtomicReference<Health> health = new AtomicReference<>(Health.waiting("loading the model"));
    private HttpSide side;

    @BeforeEach
    void start() {
        side = HttpSide.start("127.0.0.1", 0, registry, () -> java.util.Objects.requireNonNull(health.get()));
    }

    @AfterEach
    void stop() {
        side.close();
    }

    private HttpResponse<String> get(String path) throws Exception {
        return HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + side.port() + path))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void readyAndLiveTellWhatHealthSays() throws Exception {
        assertThat(get("/health/ready").statusCode()).isEqualTo(503);
        assertThat(get("/health/ready").body()).isEqualTo("loading the model\n");
        assertThat(get("/health/live").statusCode()).isEqualTo(200);
        health.set(Health.serving("4 tasks"));
        assertThat(get("/health/ready").statusCode()).isEqualTo(200);
        health.set(Health.dead("HUNG: device call"));
        assertThat(get("/health/ready").statusCode()).isEqualTo(503);
        assertThat(get("/health/live").statusCode()).isEqualTo(503);
        assertThat(get("/health/live").body()).contains("HUNG");
    }

    @Test
    void metricsAreInPrometheusFormat() throws Exception {
        ServiceMetrics metrics = new ServiceMetrics(registry);
        metrics.counter(Metric.DEAD_LETTERS, "FETCH", "TIMEOUT").increment();
        metrics.timer(Metric.STAGE, "device").record(40, TimeUnit.MILLISECONDS);
        metrics.gauge(Metric.IN_FLIGHT_BYTES, () -> 12);
        HttpResponse<String> answer = get("/metrics");

        assertThat(answer.headers().firstValue("Content-Type").orElse("")).startsWith("text/plain");
        assertThat(answer.body())
                .contains("realqa_dead_letters_total{reason=\"TIMEOUT\",stage=\"FETCH\"} 1.0")
                .contains("realqa_stage_seconds_bucket{stage=\"device\"")
                .contains("realqa_in_flight_bytes 12.0");
    }

    @Test
    void aPortThatIsTakenIsNamed() {
        assertThatExceptionOfType(SettingsException.class)
                .isThrownBy(() -> HttpSide.start("127.0.0.1", side.port(), registry, health::get))
                .withMessageStartingWith(
                        "http.host, http.port: 127.0.0.1, " + side.port() + ": Address already in use");
    }

    @Test
    void anAddressOfAnotherMachineIsNamed() {
        assertThatExceptionOfType(SettingsException.class)
                .isThrownBy(() -> HttpSide.start("192.0.2.1", 0, registry, health::get))
                .withMessageStartingWith("http.host, http.port: 192.0.2.1, 0: ");
    }
}
