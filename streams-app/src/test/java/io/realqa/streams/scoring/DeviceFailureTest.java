package io.realqa.streams.scoring;

import static io.realqa.streams.scoring.ScoringEngine.Offer.TAKEN;
import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.realqa.streams.content.ContentPolicy;
import io.realqa.streams.metrics.Metric;
import io.realqa.streams.metrics.ServiceMetrics;
import io.realqa.streams.scoring.Outcome.Rejected;
import io.realqa.streams.scoring.Outcome.Scored;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the device can do to a batch. */
@Timeout(60)
class DeviceFailureTest {
    private static final int POISON = 66;
    private static final int BATCH = 32;

    private record Answer(int grey, Outcome outcome) {}

    private final BlockingQueue<Answer> answers = new LinkedBlockingQueue<>();
    private final CompletableFuture<Fault> fault = new CompletableFuture<>();
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final CountDownLatch go = new CountDownLatch(1);
    private TestModel model = new TestModel(grey -> {});
    private @Nullable ScoringEngine engine;

    private ScoringEngine engine() {
        return Objects.requireNonNull(engine);
    }

    private void start(IntConsumer beforeEach, Duration callTimeout) {
        // A first image holds the worker, so that the others come as one batch.
        model = new TestModel(grey -> {
            if (grey == 0) {
                await(go);
            }
            beforeEach.accept(grey);
        });
        EngineConfig config = EngineConfig.DEFAULTS
                .withBatches(new BatchPolicy(BATCH, 100_000, Duration.ofSeconds(20)))
                .withDevice(new EngineConfig.Device(1, callTimeout, 3, Duration.ofMillis(1)))
                .withCacheEntries(0);
        engine = new ScoringEngine(
                (platform, id) -> model, ContentPolicy.defaults(), config, new ServiceMetrics(meters), fault::complete);
    }

    @AfterEach
    void stop() {
        go.countDown();
        if (engine != null) {
            engine.close();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private void offer(int grey) {
        ImageJob job = new ImageJob(
                "id" + grey,
                "tests",
                TestModel.image(grey),
                null,
                null,
                Priority.NORMAL,
                o -> answers.add(new Answer(grey, o)),
                () -> false);
        assertThat(engine().offer(job)).isEqualTo(TAKEN);
    }

    /** Scores the greys as one batch; what the images of it became, and how many device calls it took. */
    private List<Answer> batch(List<Integer> greys) throws Exception {
        offer(0);
        while (model.calls() == 0) {
            Thread.onSpinWait();
        }
        greys.forEach(this::offer);
        while (engine().counts().inFlight() < greys.size() + 1) {
            Thread.onSpinWait();
        }
        // All are admitted; they are prepared once nothing else is being prepared.
        go.countDown();
        List<Answer> all = new ArrayList<>();
        for (int i = 0; i <= greys.size(); i++) {
            Answer answer = answers.poll(20, TimeUnit.SECONDS);
            assertThat(answer).as("an outcome within 20 s").isNotNull();
            all.add(answer);
        }
        all.removeIf(a -> a.grey() == 0);
        return all;
    }

    private static List<Integer> poisonAt(int place) {
        List<Integer> greys = new ArrayList<>();
        for (int i = 0; i < BATCH; i++) {
            greys.add(i == place ? POISON : 100 + i);
        }
        return greys;
    }

    private static IntConsumer poison() {
        return grey -> {
            if (grey == POISON) {
                throw new IllegalStateException("poison");
            }
        };
    }

    @Test
    void onePoisonImageOf32CostsOneDeadLetterAndAtMostTenCallsMore() throws Exception {
        for (int place : IntStream.range(0, BATCH).toArray()) {
            DeviceFailureTest run = new DeviceFailureTest();
            try {
                run.start(poison(), Duration.ofSeconds(30));
                List<Answer> all = run.batch(poisonAt(place));

                assertThat(all).filteredOn(a -> a.outcome() instanceof Scored).hasSize(BATCH - 1);
                assertThat(all)
                        .filteredOn(a -> a.outcome() instanceof Rejected)
                        .singleElement()
                        .satisfies(a -> {
                            assertThat(a.grey()).isEqualTo(POISON);
                            assertThat(((Rejected) a.outcome()).reason()).isEqualTo(Reason.SCORING_FAILED);
                        });
                // Two calls would do without the poison: the one that holds the worker, and the batch.
                assertThat(run.model.calls() - 2).as("poison at %d", place).isBetween(1, 10);
            } finally {
                run.stop();
            }
        }
    }

    @Test
    void aDeviceThatFailsThreeTimesInARowGivesUpNoImageOfABatch() throws Exception {
        AtomicInteger failures = new AtomicInteger();
        start(
                grey -> {
                    if (grey != 0 && failures.getAndIncrement() < 3) {
                        throw new IllegalStateException("passing");
                    }
                },
                Duration.ofSeconds(30));
        List<Answer> all = batch(List.of(1, 2, 3, 4));

        assertThat(all).hasSize(4).allSatisfy(a -> assertThat(a.outcome()).isInstanceOf(Scored.class));
    }

    @Test
    void twoPoisonImagesOf32AreFoundAndTheOthersScored() throws Exception {
        start(
                grey -> {
                    if (grey == 103 || grey == 117) {
                        throw new IllegalStateException("poison");
                    }
                },
                Duration.ofSeconds(30));
        List<Answer> all = batch(poisonAt(-1));

        assertThat(all)
                .filteredOn(a -> a.outcome() instanceof Rejected)
                .extracting(Answer::grey)
                .containsExactlyInAnyOrder(103, 117);
        assertThat(all).filteredOn(a -> a.outcome() instanceof Scored).hasSize(BATCH - 2);
    }

    @Test
    void aScoreThatIsNotANumberFailsItsImageAlone() throws Exception {
        start(grey -> {}, Duration.ofSeconds(30));
        List<Answer> all = batch(List.of(1, TestModel.NAN, 2));

        assertThat(all).filteredOn(a -> a.outcome() instanceof Scored).hasSize(2);
        assertThat(all)
                .filteredOn(a -> a.grey() == TestModel.NAN)
                .singleElement()
                .satisfies(a -> {
                    Rejected r = (Rejected) a.outcome();
                    assertThat(r.reason()).isEqualTo(Reason.NOT_A_NUMBER);
                    assertThat(r.attempts()).isEqualTo(3);
                });
        assertThat(meters.get(Metric.BATCH_FAILURES.id())
                        .tag("kind", "not-a-score")
                        .counter()
                        .count())
                .isEqualTo(3);
    }

    @Test
    void aDeviceOutOfMemoryGetsSmallerBatchesAndEveryImageIsScored() throws Exception {
        AtomicInteger inCall = new AtomicInteger();
        AtomicInteger largest = new AtomicInteger();
        TestModel counting = new TestModel(grey -> {});
        BatchScorer small = new BatchScorer() {
            @Override
            public Prepared prepare(byte[] content) throws io.realqa.scorer.image.ImageRejectedException {
                return counting.prepare(content);
            }

            @Override
            public List<io.realqa.scorer.Score> score(List<Prepared> images) {
                inCall.incrementAndGet();
                if (images.size() > 5) {
                    throw new IllegalStateException("CUDA out of memory. Tried to allocate 20.00 MiB");
                }
                largest.accumulateAndGet(images.size(), Math::max);
                return counting.score(images);
            }

            @Override
            public Identity identity() {
                return counting.identity();
            }

            @Override
            public void probe() {
                counting.probe();
            }
        };
        EngineConfig config = EngineConfig.DEFAULTS
                .withBatches(new BatchPolicy(BATCH, BATCH, Duration.ofSeconds(20)))
                .withDevice(new EngineConfig.Device(1, Duration.ofSeconds(30), 3, Duration.ofMillis(1)))
                .withCacheEntries(0);
        engine = new ScoringEngine(
                (platform, id) -> small, ContentPolicy.defaults(), config, new ServiceMetrics(meters), fault::complete);
        for (int i = 0; i < 4 * BATCH; i++) {
            offer(i % 60);
        }
        for (int i = 0; i < 4 * BATCH; i++) {
            Answer answer = answers.poll(20, TimeUnit.SECONDS);
            assertThat(answer).isNotNull();
            assertThat(answer.outcome()).isInstanceOf(Scored.class);
        }
        assertThat(largest.get()).isBetween(2, 5);
        double budget = meters.get(Metric.TOKEN_BUDGET.id()).gauge().value();
        assertThat(budget).isLessThan(BATCH);
        assertThat(fault).isNotDone();
    }

    @Test
    void anImageThatFailsOnceIsScoredInTheNextAttempt() throws Exception {
        AtomicInteger failures = new AtomicInteger();
        start(
                grey -> {
                    if (grey == POISON && failures.getAndIncrement() < 2) {
                        throw new IllegalStateException("passing");
                    }
                },
                Duration.ofSeconds(30));
        List<Answer> all = batch(List.of(POISON));

        assertThat(all).singleElement().satisfies(a -> assertThat(a.outcome()).isInstanceOf(Scored.class));
    }

    @Test
    void aDeviceThatScoresNothingAnyMoreIsAFaultAndDeadLettersNothing() throws Exception {
        start(
                grey -> {
                    if (grey != 0) {
                        throw new IllegalStateException("CUDA error: device-side assert triggered");
                    }
                },
                Duration.ofSeconds(30));
        offer(0);
        go.countDown();
        assertThat(answers.poll(20, TimeUnit.SECONDS)).isNotNull();
        offer(1);
        offer(2);

        Fault found = fault.get(20, TimeUnit.SECONDS);
        assertThat(found.kind()).isEqualTo(Fault.Kind.BROKEN);
        assertThat(found.message()).contains("device-side assert");
        assertThat(answers).isEmpty();
        assertThat(engine().fault()).isEqualTo(found);
        assertThat(engine().offer(new ImageJob(
                        "x", "tests", new byte[1], null, null, Priority.NORMAL, o -> {}, () -> false)))
                .isEqualTo(ScoringEngine.Offer.FULL);
    }

    @Test
    void aCallThatDoesNotReturnIsAFaultWithinItsBound() throws Exception {
        CountDownLatch hangs = new CountDownLatch(1);
        start(
                grey -> {
                    if (grey == POISON) {
                        await(hangs);
                    }
                },
                Duration.ofMillis(200));
        go.countDown();
        offer(POISON);

        Fault found = fault.get(20, TimeUnit.SECONDS);
        assertThat(found.kind()).isEqualTo(Fault.Kind.HUNG);
        assertThat(found.message()).contains("(expected: at most 200 ms)");
        assertThat(answers).isEmpty();
        // The end does not wait for the call.
        engine().close();
        hangs.countDown();
    }
}
