package io.realqa.streams.scoring;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.realqa.streams.content.ContentPlace;
import io.realqa.streams.content.ContentPolicy;
import io.realqa.streams.metrics.Metric;
import io.realqa.streams.metrics.ServiceMetrics;
import io.realqa.streams.scoring.Outcome.Rejected;
import io.realqa.streams.scoring.Outcome.Scored;
import io.realqa.streams.scoring.ScoringEngine.Offer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Hosts that are slow or down, seen from the engine. */
@Timeout(60)
class FetchLanesTest {
    private static final int IN_FLIGHT = 16;
    private static final long LARGEST = 100_000;

    private final BlockingQueue<Outcome> outcomes = new LinkedBlockingQueue<>();
    private final TestModel model = new TestModel(grey -> {});
    private final CountDownLatch slow = new CountDownLatch(1);
    private final AtomicInteger status = new AtomicInteger(200);
    private final AtomicInteger asked = new AtomicInteger();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private HttpServer slowHost;
    private HttpServer host;
    private ScoringEngine engine;
    private io.micrometer.core.instrument.simple.SimpleMeterRegistry meters;

    @BeforeEach
    void start() throws IOException {
        slowHost = server();
        slowHost.createContext("/", exchange -> {
            try {
                assertThat(slow.await(30, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
            exchange.sendResponseHeaders(404, -1);
            exchange.close();
        });
        host = server();
        host.createContext("/", exchange -> {
            asked.incrementAndGet();
            byte[] body = status.get() == 200 ? TestModel.image(7) : new byte[0];
            exchange.sendResponseHeaders(status.get(), body.length == 0 ? -1 : body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        start(new EngineConfig.Fetch(4, Duration.ofSeconds(30), Duration.ofMillis(200)), IN_FLIGHT, 100 << 20);
    }

    private void start(EngineConfig.Fetch fetch, int images, long bytes) {
        if (engine != null) {
            engine.close();
        }
        meters = new io.micrometer.core.instrument.simple.SimpleMeterRegistry();
        engine = new ScoringEngine(
                (platform, id) -> model,
                ContentPolicy.defaults()
                        .withMaxBytes(LARGEST)
                        .withHttpHosts(Set.of(address(slowHost), address(host)))
                        .withAttempts(1)
                        .withReadTimeout(Duration.ofSeconds(30)),
                EngineConfig.DEFAULTS
                        .withLimits(new EngineConfig.Limits(images, bytes))
                        .withFetch(fetch),
                new ServiceMetrics(meters),
                fault -> {});
    }

    private HttpServer server() throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.start();
        return server;
    }

    @AfterEach
    void stop() {
        slow.countDown();
        engine.close();
        slowHost.stop(0);
        host.stop(0);
        threads.shutdownNow();
    }

    private static String address(HttpServer server) {
        return "127.0.0.1:" + server.getAddress().getPort();
    }

    private Offer offer(HttpServer server) {
        return offer(server, outcomes::add);
    }

    private Offer offer(HttpServer server, Consumer<Outcome> told) {
        return engine.offer(new ImageJob(
                "id", "tests", null, "http://" + address(server) + "/image", null, Priority.NORMAL, told, () -> false));
    }

    private Outcome outcome() throws InterruptedException {
        Outcome outcome = outcomes.poll(20, TimeUnit.SECONDS);
        assertThat(outcome).as("an outcome within 20 s").isNotNull();
        return outcome;
    }

    @Test
    void aSlowHostHasItsShareAndLeavesTheRestToOthers() throws Exception {
        int taken = 0;
        while (offer(slowHost) == Offer.TAKEN) {
            taken++;
        }
        assertThat(taken).isEqualTo(IN_FLIGHT / 4);
        assertThat(offer(slowHost)).isEqualTo(Offer.LANE_FULL);
        for (int i = 0; i < 20; i++) {
            assertThat(offer(host)).isEqualTo(Offer.TAKEN);
            assertThat(outcome()).isInstanceOf(Scored.class);
        }
        slow.countDown();
        for (int i = 0; i < taken; i++) {
            assertThat(((Rejected) outcome()).reason()).isEqualTo(Reason.NOT_FOUND);
        }
        assertThat(offer(slowHost)).isEqualTo(Offer.TAKEN);
        outcome();
    }

    /** Each fetch sets room aside for the largest image: that is used up long before the images' share. */
    @Test
    void aSlowHostHasHalfOfTheRoomForFetches() throws Exception {
        start(new EngineConfig.Fetch(8, Duration.ofSeconds(30), Duration.ofMillis(200)), 64, 8 * LARGEST);
        int taken = 0;
        while (offer(slowHost) == Offer.TAKEN) {
            taken++;
        }
        assertThat(taken).isEqualTo(4);
        assertThat(offer(slowHost)).isEqualTo(Offer.LANE_FULL);
        for (int i = 0; i < 20; i++) {
            assertThat(offer(host)).isEqualTo(Offer.TAKEN);
            assertThat(outcome()).isInstanceOf(Scored.class);
        }
    }

    /** What waits for it takes room from others until it is given up. */
    @Test
    void aHostThatIsLeftAloneHasAQuarterOfTheRoomForFetches() throws Exception {
        start(new EngineConfig.Fetch(1, Duration.ofSeconds(30), Duration.ofSeconds(60)), 64, 12 * LARGEST);
        status.set(503);
        for (int i = 0; i < 10; i++) {
            assertThat(offer(host)).isEqualTo(Offer.TAKEN);
            assertThat(outcome()).isInstanceOf(Rejected.class);
        }
        int taken = 0;
        while (offer(host) == Offer.TAKEN) {
            taken++;
        }
        assertThat(taken).isEqualTo(3);
    }

    @Test
    void whoeverIsToldOfAResultFindsItsRoomInTheLane() throws Exception {
        status.set(404);
        BlockingQueue<Offer> offers = new LinkedBlockingQueue<>();
        assertThat(offer(host, outcome -> {
                    for (int i = 0; i < IN_FLIGHT / 4; i++) {
                        offers.add(offer(host));
                    }
                }))
                .isEqualTo(Offer.TAKEN);
        for (int i = 0; i < IN_FLIGHT / 4; i++) {
            assertThat(offers.poll(20, TimeUnit.SECONDS)).isEqualTo(Offer.TAKEN);
            assertThat(((Rejected) outcome()).reason()).isEqualTo(Reason.NOT_FOUND);
        }
    }

    /** Down for long enough that its breaker opens. */
    private void breakHost() throws InterruptedException {
        status.set(503);
        for (int i = 0; i < 10; i++) {
            assertThat(offer(host)).isEqualTo(Offer.TAKEN);
            assertThat(((Rejected) outcome()).reason()).isEqualTo(Reason.HTTP_STATUS);
        }
        assertThat(meters.get(Metric.HOSTS_AVOIDED.id()).gauge().value()).isEqualTo(1);
    }

    @Test
    void imagesOfAHostThatIsDownWaitAndAreScoredWhenItIsBack() throws Exception {
        breakHost();
        int before = asked.get();
        for (int i = 0; i < 4; i++) {
            assertThat(offer(host)).isEqualTo(Offer.TAKEN);
        }
        assertThat(outcomes).isEmpty();
        status.set(200);

        for (int i = 0; i < 4; i++) {
            assertThat(outcome()).isInstanceOf(Scored.class);
        }
        assertThat(asked.get() - before).isEqualTo(4);
        assertThat(engine.counts().inFlight()).isZero();
    }

    @Test
    void patienceWithAHostThatStaysDownEnds() throws Exception {
        start(new EngineConfig.Fetch(4, Duration.ofMillis(300), Duration.ofMinutes(1)), IN_FLIGHT, 100 << 20);
        breakHost();
        assertThat(offer(host)).isEqualTo(Offer.TAKEN);

        Rejected rejected = (Rejected) outcome();
        assertThat(rejected.reason()).isEqualTo(Reason.HOST_UNAVAILABLE);
        assertThat(rejected.stage()).isEqualTo(Stage.FETCH);
        assertThat(rejected.message()).contains(address(host)).contains("PT0.3S");
        assertThat(engine.counts().inFlight()).isZero();
    }

    @Test
    void aMissingImageSaysNothingOfItsHost() throws Exception {
        status.set(404);
        for (int i = 0; i < 30; i++) {
            assertThat(offer(host)).isEqualTo(Offer.TAKEN);
            assertThat(((Rejected) outcome()).reason()).isEqualTo(Reason.NOT_FOUND);
        }
        assertThat(meters.get(Metric.HOSTS_AVOIDED.id()).gauge().value()).isZero();
    }

    @Test
    void aLaneIsAHostWithItsPortOrAllFiles() {
        assertThat(ContentPlace.of("https://Example.org:8443/x")).isEqualTo("example.org:8443");
        assertThat(ContentPlace.of("https://example.org:08443/x")).isEqualTo("example.org:8443");
        assertThat(ContentPlace.of("http://example.org/y?z")).isEqualTo("example.org:80");
        assertThat(ContentPlace.of("HTTP://example.org:80/y")).isEqualTo("example.org:80");
        assertThat(ContentPlace.of("http://m\u00fcnchen.example/")).isEqualTo("xn--mnchen-3ya.example:80");
        assertThat(ContentPlace.of("file:///tmp/x")).isEqualTo("file");
        assertThat(ContentPlace.of("file:/tmp/x")).isEqualTo("file");
        assertThat(ContentPlace.of("not a uri")).isEqualTo("?");
        assertThat(ContentPlace.of("http://a:b@example.org/")).isEqualTo("?");
        assertThat(ContentPlace.of("http://example.org:-80/")).isEqualTo("?");
    }
}
