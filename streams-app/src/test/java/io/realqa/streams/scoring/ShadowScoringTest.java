package io.realqa.streams.scoring;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.realqa.scorer.Score;
import io.realqa.scorer.image.ImageRejectedException;
import io.realqa.streams.content.ContentPolicy;
import io.realqa.streams.metrics.Metric;
import io.realqa.streams.metrics.ServiceMetrics;
import io.realqa.streams.scoring.Outcome.Scored;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A candidate scores some of the images beside the model that answers. */
@Timeout(60)
class ShadowScoringTest {
    private static final BatchScorer.Identity CANDIDATE =
            new BatchScorer.Identity("sha256:checkpoint", "sha256:candidate", "sha256:profile", "sha256:pre", 9);

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final BlockingQueue<Map.Entry<String, Outcome>> outcomes = new LinkedBlockingQueue<>();

    /** Says one more than the image's grey. Counts who uses it. */
    private static final class Candidate implements BatchScorer {
        private final TestModel model;
        private final AtomicInteger users = new AtomicInteger();
        private volatile boolean retired;

        Candidate(IntConsumer beforeEach) {
            this.model = new TestModel(beforeEach, CANDIDATE);
        }

        @Override
        public Prepared prepare(byte[] content) throws ImageRejectedException {
            return model.prepare(content);
        }

        @Override
        public List<Score> score(List<Prepared> images) {
            return model.score(images).stream()
                    .map(s -> new Score(s.expectation() + 1, 0, 0, 0, List.of(), 0, 0, List.of(), null))
                    .toList();
        }

        @Override
        public Identity identity() {
            return model.identity();
        }

        @Override
        public void probe() {
            model.probe();
        }

        @Override
        public boolean enter() {
            users.incrementAndGet();
            return !retired;
        }

        @Override
        public void leave() {
            users.decrementAndGet();
        }
    }

    private static ModelRouter router(TestModel answers, Candidate candidate) {
        return new ModelRouter() {
            @Override
            public BatchScorer route(String platform, String imageId) {
                return answers;
            }

            @Override
            public @Nullable BatchScorer shadow(String platform, String imageId) {
                return imageId.startsWith("shadow") ? candidate : null;
            }
        };
    }

    private ScoringEngine engine(ModelRouter router) {
        return new ScoringEngine(
                router,
                ContentPolicy.defaults(),
                EngineConfig.DEFAULTS
                        .withDevice(new EngineConfig.Device(1, Duration.ofSeconds(30), 1, Duration.ofMillis(1)))
                        .withBatches(new BatchPolicy(4, 1000, Duration.ofMillis(500))),
                new ServiceMetrics(registry),
                fault -> {});
    }

    private void offer(ScoringEngine engine, String name, int grey) {
        assertThat(engine.offer(new ImageJob(
                        name,
                        "tests",
                        TestModel.image(grey),
                        null,
                        null,
                        Priority.NORMAL,
                        o -> outcomes.add(Map.entry(name, o)),
                        () -> false)))
                .isEqualTo(ScoringEngine.Offer.TAKEN);
    }

    private Map<String, Scored> scored(int number) throws InterruptedException {
        Map<String, Scored> all = new HashMap<>();
        for (int i = 0; i < number; i++) {
            Map.Entry<String, Outcome> next = Objects.requireNonNull(outcomes.poll(30, TimeUnit.SECONDS), "an outcome");
            all.put(next.getKey(), (Scored) next.getValue());
        }
        return all;
    }

    private double count(String result) {
        return registry.get(Metric.SHADOW.id()).tag("result", result).counter().count();
    }

    @Test
    void imagesInTheShareAreScoredByBothAndAnsweredByOne() throws Exception {
        TestModel answers = new TestModel(grey -> {});
        Candidate candidate = new Candidate(grey -> {});
        try (ScoringEngine engine = engine(router(answers, candidate))) {
            offer(engine, "shadow-a", 10);
            offer(engine, "b", 20);
            offer(engine, "shadow-c", 30);
            Map<String, Scored> scored = scored(3);
            assertThat(Objects.requireNonNull(scored.get("shadow-a")).score().expectation())
                    .isEqualTo(10);
            assertThat(Objects.requireNonNull(scored.get("shadow-a")).by()).isEqualTo(answers.identity());
            Outcome.Shadow shadow = Objects.requireNonNull(
                    Objects.requireNonNull(scored.get("shadow-a")).shadow());
            assertThat(shadow.score().expectation()).isEqualTo(11);
            assertThat(shadow.by()).isEqualTo(CANDIDATE);
            assertThat(Objects.requireNonNull(scored.get("b")).shadow()).isNull();
            assertThat(Objects.requireNonNull(Objects.requireNonNull(scored.get("shadow-c"))
                                    .shadow())
                            .score()
                            .expectation())
                    .isEqualTo(31);
            assertThat(candidate.model.seen()).containsExactlyInAnyOrder(10, 30);
            assertThat(candidate.users).hasValue(0);
        }
        assertThat(count("higher")).isEqualTo(2);
        assertThat(registry.get(Metric.SHADOW_DIFFERENCE.id()).summary().mean()).isEqualTo(1);
    }

    @Test
    void aCandidateThatFailsAnswersNoScoreOrIsGoneChangesNothing() throws Exception {
        TestModel answers = new TestModel(grey -> {});
        Candidate candidate = new Candidate(grey -> {
            if (grey == 66) {
                throw new IllegalStateException("the candidate fails");
            }
        });
        try (ScoringEngine engine = engine(router(answers, candidate))) {
            offer(engine, "shadow-fails", 66);
            assertThat(Objects.requireNonNull(scored(1).get("shadow-fails")).shadow())
                    .isNull();
            candidate.retired = true;
            offer(engine, "shadow-gone", 40);
            Map<String, Scored> gone = scored(1);
            assertThat(Objects.requireNonNull(gone.get("shadow-gone")).score().expectation())
                    .isEqualTo(40);
            assertThat(Objects.requireNonNull(gone.get("shadow-gone")).shadow()).isNull();
            assertThat(candidate.model.seen()).isEmpty();
        }
        assertThat(count("failed")).isEqualTo(2);
        assertThat(count("higher")).isZero();
    }

    @Test
    void aCandidateThatHangsIsAFaultLikeAnyOtherCall() throws Exception {
        CountDownLatch end = new CountDownLatch(1);
        CompletableFuture<Fault> fault = new CompletableFuture<>();
        Candidate candidate = new Candidate(grey -> {
            try {
                end.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        try (ScoringEngine engine = new ScoringEngine(
                router(new TestModel(grey -> {}), candidate),
                ContentPolicy.defaults(),
                EngineConfig.DEFAULTS.withDevice(
                        new EngineConfig.Device(1, Duration.ofMillis(200), 1, Duration.ofMillis(1))),
                new ServiceMetrics(registry),
                fault::complete)) {
            offer(engine, "shadow", 10);
            assertThat(fault.get(30, TimeUnit.SECONDS).kind()).isEqualTo(Fault.Kind.HUNG);
        } finally {
            end.countDown();
        }
    }
}
