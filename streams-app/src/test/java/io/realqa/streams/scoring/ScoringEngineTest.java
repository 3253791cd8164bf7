package io.realqa.streams.scoring;

import static io.realqa.streams.scoring.ScoringEngine.Offer.FULL;
import static io.realqa.streams.scoring.ScoringEngine.Offer.TAKEN;
import static org.assertj.core.api.Assertions.assertThat;

import io.realqa.scorer.Score;
import io.realqa.scorer.image.ImageRejectedException;
import io.realqa.streams.content.ContentPolicy;
import io.realqa.streams.metrics.ServiceMetrics;
import io.realqa.streams.scoring.Outcome.Rejected;
import io.realqa.streams.scoring.Outcome.Scored;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.function.IntConsumer;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ScoringEngineTest {
    private static final int POISON = 66;
    private static final EngineConfig.Limits ROOMY = new EngineConfig.Limits(100, 100 << 20);
    private static final BatchPolicy EIGHT = new BatchPolicy(8, 1000, Duration.ofSeconds(20));

    private record Answer(int grey, Outcome outcome) {}

    private final BlockingQueue<Answer> answers = new LinkedBlockingQueue<>();

    private static ScoringEngine engine(BatchScorer model, BatchPolicy batches, EngineConfig.Limits limits) {
        return engine((platform, id) -> model, batches, limits);
    }

    private static ScoringEngine engine(ModelRouter models, BatchPolicy batches, EngineConfig.Limits limits) {
        return engine(models, ContentPolicy.defaults(), config(batches, limits));
    }

    private static ScoringEngine engine(ModelRouter models, ContentPolicy content, EngineConfig config) {
        return new ScoringEngine(models, content, config, ServiceMetrics.unseen(), fault -> {});
    }

    /** Without a cache: the same few images come again and again. */
    private static EngineConfig config(BatchPolicy batches, EngineConfig.Limits limits) {
        return EngineConfig.DEFAULTS
                .withBatches(batches)
                .withLimits(limits)
                .withDevice(new EngineConfig.Device(1, Duration.ofSeconds(30), 3, Duration.ZERO))
                .withCacheEntries(0);
    }

    private ImageJob job(int grey) {
        return job(TestModel.image(grey), grey);
    }

    private ImageJob job(byte[] content, int grey) {
        return new ImageJob(
                "image",
                "tests",
                content,
                null,
                null,
                Priority.NORMAL,
                o -> answers.add(new Answer(grey, o)),
                () -> false);
    }

    private Answer answer() throws InterruptedException {
        Answer answer = answers.poll(20, TimeUnit.SECONDS);
        assertThat(answer).as("an outcome within 20 s").isNotNull();
        return answer;
    }

    private Rejected rejection() throws InterruptedException {
        return (Rejected) answer().outcome();
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void awaitIdle(ScoringEngine engine) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!engine.idle()) {
            assertThat(System.nanoTime()).as("idle within 20 s").isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    /** Fails with one kind of failure at the poison image alone. */
    private static IntConsumer poison(Supplier<? extends Throwable> failure) {
        return grey -> {
            if (grey == POISON) {
                ScoringEngineTest.<RuntimeException>sneak(failure.get());
            }
        };
    }

    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    private static <E extends Throwable> void sneak(Throwable failure) throws E {
        throw (E) failure;
    }

    @Test
    void aBatchThatFailsIsHalvedUntilThePoisonIsAlone() throws Exception {
        TestModel model = new TestModel(poison(() -> new IllegalStateException("poison")));
        try (ScoringEngine engine = engine(model, EIGHT, ROOMY)) {
            for (int grey : List.of(10, 20, 30, POISON, 50, 60, 70, 80)) {
                assertThat(engine.offer(job(grey))).isEqualTo(TAKEN);
            }
            List<Integer> scored = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                Answer a = answer();
                if (a.outcome() instanceof Scored s) {
                    assertThat(s.score().expectation()).isEqualTo(a.grey());
                    assertThat(s.by()).isEqualTo(model.identity());
                    assertThat(s.sha256()).hasSize(64);
                    scored.add(a.grey());
                } else {
                    assertThat(a.grey()).isEqualTo(POISON);
                    Rejected r = (Rejected) a.outcome();
                    assertThat(r.stage() + " " + r.reason()).isEqualTo("SCORE SCORING_FAILED");
                    assertThat(r.message()).contains("poison");
                }
            }
            assertThat(scored).containsExactlyInAnyOrder(10, 20, 30, 50, 60, 70, 80);
            assertThat(engine.counts().scored()).isEqualTo(7);
            assertThat(engine.counts().rejected()).isEqualTo(1);
            assertThat(engine.counts().inFlight()).isZero();
        }
    }

    @Test
    void withoutACacheEqualContentIsScoredAsOftenAsItComes() throws Exception {
        TestModel model = new TestModel(grey -> {});
        try (ScoringEngine engine = engine(model, EIGHT, ROOMY)) {
            for (int i = 0; i < 8; i++) {
                assertThat(engine.offer(job(5))).isEqualTo(TAKEN);
            }
            for (int i = 0; i < 8; i++) {
                assertThat(answer().outcome()).isInstanceOf(Scored.class);
            }
            assertThat(model.seen()).containsExactly(5, 5, 5, 5, 5, 5, 5, 5);
        }
    }

    @Test
    void itIsNotIdleBeforeTheLastOutcomeIsTold() throws Exception {
        CountDownLatch telling = new CountDownLatch(1);
        CountDownLatch told = new CountDownLatch(1);
        try (ScoringEngine engine = engine(new TestModel(grey -> {}), EIGHT, ROOMY)) {
            assertThat(engine.idle()).isTrue();
            ImageJob job = new ImageJob(
                    "image",
                    "tests",
                    TestModel.image(1),
                    null,
                    null,
                    Priority.NORMAL,
                    o -> {
                        telling.countDown();
                        await(told);
                    },
                    () -> false);
            engine.offer(job);
            await(telling);
            assertThat(engine.counts().inFlight()).isZero();
            assertThat(engine.idle()).isFalse();
            told.countDown();
            awaitIdle(engine);
        }
    }

    @Test
    void noErrorEndsTheWorkerOrLosesAJob() throws Exception {
        for (Throwable failure : List.of(
                new OutOfMemoryError("device"),
                new NoClassDefFoundError("x"),
                new StackOverflowError(),
                new AssertionError(),
                new InterruptedException())) {
            TestModel model = new TestModel(poison(() -> failure));
            try (ScoringEngine engine = engine(model, EIGHT, ROOMY)) {
                engine.offer(job(POISON));
                assertThat(rejection().reason()).isEqualTo(Reason.SCORING_FAILED);
                engine.offer(job(1));
                assertThat(answer().outcome()).isInstanceOf(Scored.class);
                assertThat(engine.counts().inFlight()).isZero();
            }
        }
    }

    @Test
    void aModelThatCannotBeHadIsAnOutcomeAndNotTheEnd() throws Exception {
        TestModel model = new TestModel(grey -> {});
        AtomicInteger calls = new AtomicInteger();
        // The first call prepares, the second scores.
        ModelRouter supplier = (platform, id) -> {
            if (calls.incrementAndGet() == 2) {
                throw new NoClassDefFoundError("model");
            }
            return model;
        };
        try (ScoringEngine engine = engine(supplier, EIGHT, ROOMY)) {
            engine.offer(job(1));
            Rejected r = rejection();
            assertThat(r.stage() + " " + r.reason()).isEqualTo("SCORE INTERNAL");
            engine.offer(job(2));
            assertThat(answer().outcome()).isInstanceOf(Scored.class);
            assertThat(engine.counts().inFlight()).isZero();
        }
    }

    @Test
    void anErrorWhilePreparingIsAnOutcomeAndLetsOthersGo() throws Exception {
        TestModel good = new TestModel(grey -> {});
        AtomicBoolean broken = new AtomicBoolean(true);
        ModelRouter supplier = (platform, id) -> {
            if (broken.getAndSet(false)) {
                throw new ExceptionInInitializerError("codec");
            }
            return good;
        };
        try (ScoringEngine engine = engine(supplier, EIGHT, ROOMY)) {
            engine.offer(job(1));
            Rejected r = rejection();
            assertThat(r.stage() + " " + r.reason()).isEqualTo("PREPROCESS INTERNAL");
            // Had the failed one not been retracted, this one would wait 20 s for it.
            engine.offer(job(2));
            assertThat(answer().outcome()).isInstanceOf(Scored.class);
        }
    }

    @Test
    void scoresOfAnotherNumberThanImagesAreAFailure() throws Exception {
        TestModel model = new TestModel(grey -> {});
        BatchScorer generous = new BatchScorer() {
            @Override
            public Prepared prepare(byte[] content) throws ImageRejectedException {
                return model.prepare(content);
            }

            @Override
            public List<Score> score(List<Prepared> images) {
                List<Prepared> twice = new ArrayList<>(images);
                twice.addAll(images);
                return model.score(twice);
            }

            @Override
            public void probe() {
                model.probe();
            }

            @Override
            public Identity identity() {
                return model.identity();
            }
        };
        try (ScoringEngine engine = engine(generous, EIGHT, ROOMY)) {
            engine.offer(job(1));
            assertThat(rejection().message()).contains("scores: 2 (expected: 1)");
        }
    }

    @Test
    void anOutcomeThatIsNotTakenDisturbsNoOtherAndIsNotRepeated() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        TestModel model = new TestModel(grey -> await(go));
        AtomicInteger calls = new AtomicInteger();
        try (ScoringEngine engine = engine(model, EIGHT, ROOMY)) {
            for (int grey = 0; grey < 8; grey++) {
                ImageJob job = job(grey);
                engine.offer(new ImageJob(
                        "image",
                        "tests",
                        job.content(),
                        null,
                        null,
                        Priority.NORMAL,
                        o -> {
                            calls.incrementAndGet();
                            job.done().accept(o);
                            throw new AssertionError("the receiver's own fault");
                        },
                        () -> false));
            }
            go.countDown();
            for (int i = 0; i < 8; i++) {
                assertThat(answer().outcome()).isInstanceOf(Scored.class);
            }
            engine.offer(job(9));
            assertThat(answer().grey()).isEqualTo(9);
            assertThat(calls).hasValue(8);
            assertThat(engine.counts().inFlight()).isZero();
        }
    }

    @Test
    void offersBeyondTheLimitsAreRefusedUntilThereIsRoom() throws Exception {
        Semaphore permits = new Semaphore(0);
        TestModel model = new TestModel(grey -> permits.acquireUninterruptibly());
        int size = TestModel.image(0).length;
        BatchPolicy single = new BatchPolicy(1, 1000, Duration.ZERO);
        try (ScoringEngine engine = engine(model, single, new EngineConfig.Limits(2, 10L * size))) {
            assertThat(engine.offer(job(1))).isEqualTo(TAKEN);
            assertThat(engine.offer(job(2))).isEqualTo(TAKEN);
            assertThat(engine.offer(job(3))).isEqualTo(FULL);
            permits.release();
            answer();
            assertThat(engine.offer(job(4))).isEqualTo(TAKEN);
            assertThat(engine.offer(job(5))).isEqualTo(FULL);
            permits.release(2);
            answer();
            answer();
        }
        try (ScoringEngine engine = engine(model, single, new EngineConfig.Limits(9, size + 1))) {
            assertThat(engine.offer(job(1))).isEqualTo(TAKEN);
            assertThat(engine.offer(job(2))).isEqualTo(FULL);
            permits.release();
            answer();
            assertThat(engine.offer(job(3))).isEqualTo(TAKEN);
            permits.release();
            answer();
        }
    }

    @Test
    void anImageLargerThanTheLimitIsAdmittedAlone() throws Exception {
        TestModel model = new TestModel(grey -> {});
        try (ScoringEngine engine = engine(model, EIGHT, new EngineConfig.Limits(9, 1))) {
            assertThat(engine.offer(job(1))).isEqualTo(TAKEN);
            assertThat(answer().outcome()).isInstanceOf(Scored.class);
        }
    }

    @Test
    void contentByReferenceTakesTheRoomOfTheLargestUntilItIsFetched(@TempDir Path folder) throws Exception {
        Path file = Files.write(folder.resolve("image.bmp"), TestModel.image(7));
        CountDownLatch go = new CountDownLatch(1);
        TestModel model = new TestModel(grey -> await(go));
        ContentPolicy policy =
                ContentPolicy.defaults().withMaxBytes(10_000).withFileRoots(List.of(folder.toAbsolutePath()));
        CountDownLatch fetching = new CountDownLatch(1);
        ImageJob job = new ImageJob(
                "image",
                "tests",
                null,
                file.toUri().toString(),
                null,
                Priority.NORMAL,
                o -> answers.add(new Answer(7, o)),
                () -> {
                    // Asked on the fetching thread first: the largest size counts until then.
                    await(fetching);
                    return false;
                });
        try (ScoringEngine engine =
                engine((platform, id) -> model, policy, config(EIGHT, new EngineConfig.Limits(9, 15_000)))) {
            assertThat(engine.offer(job)).isEqualTo(TAKEN);
            assertThat(engine.offer(job(new byte[6_000], 1))).isEqualTo(FULL);
            fetching.countDown();
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            while (engine.offer(job(new byte[6_000], 1)) != TAKEN) {
                assertThat(System.nanoTime()).isLessThan(deadline);
                Thread.onSpinWait();
            }
            go.countDown();
            List<Outcome> outcomes = List.of(answer().outcome(), answer().outcome());
            assertThat(outcomes).hasAtLeastOneElementOfType(Scored.class).hasAtLeastOneElementOfType(Rejected.class);
            assertThat(engine.counts().inFlight()).isZero();
        }
    }

    @Test
    void badContentIsRejectedWithItsStage() throws Exception {
        TestModel model = new TestModel(grey -> {});
        try (ScoringEngine engine = engine(model, EIGHT, ROOMY)) {
            engine.offer(job(new byte[0], 0));
            assertThat(rejection())
                    .extracting(r -> r.stage() + " " + r.reason())
                    .isEqualTo("DECODE EMPTY");
            engine.offer(new ImageJob(
                    "image",
                    "tests",
                    TestModel.image(1),
                    null,
                    "0".repeat(64),
                    Priority.HIGH,
                    o -> answers.add(new Answer(1, o)),
                    () -> false));
            assertThat(rejection())
                    .extracting(r -> r.stage() + " " + r.reason())
                    .isEqualTo("VALIDATE SHA256_MISMATCH");
            engine.offer(new ImageJob(
                    "image",
                    "tests",
                    null,
                    "file:///etc/hostname",
                    null,
                    Priority.LOW,
                    o -> answers.add(new Answer(1, o)),
                    () -> false));
            assertThat(rejection())
                    .extracting(r -> r.stage() + " " + r.reason())
                    .isEqualTo("FETCH PATH_NOT_ALLOWED");
        }
    }

    @Test
    void everyAcceptedJobHasExactlyOneOutcomeUnderEightThreads() throws Exception {
        int each = 150;
        AtomicIntegerArray outcomes = new AtomicIntegerArray(8 * each);
        CountDownLatch all = new CountDownLatch(8 * each);
        // Every 7th image fails, alone or in company, in one of the three places where it can.
        TestModel model = new TestModel(grey -> {
            if (grey == POISON) {
                throw new StackOverflowError();
            }
        });
        BatchPolicy small = new BatchPolicy(5, 1000, Duration.ofMillis(1));
        try (ScoringEngine engine = engine(model, small, new EngineConfig.Limits(11, 1 << 20))) {
            List<Thread> threads = new ArrayList<>();
            for (int t = 0; t < 8; t++) {
                int first = t * each;
                Thread thread = new Thread(() -> {
                    for (int i = first; i < first + each; i++) {
                        int n = i;
                        byte[] content = i % 21 == 0 ? new byte[3] : TestModel.image(i % 21 == 7 ? POISON : i % 60);
                        ImageJob job = new ImageJob(
                                "image",
                                "tests",
                                i % 21 == 14 ? null : content,
                                "s3://x",
                                null,
                                Priority.values()[i % 3],
                                o -> {
                                    outcomes.incrementAndGet(n);
                                    all.countDown();
                                    if (n % 5 == 0) {
                                        throw new IllegalStateException("receiver");
                                    }
                                },
                                () -> false);
                        while (engine.offer(job) != TAKEN) {
                            Thread.yield();
                        }
                    }
                });
                threads.add(thread);
                thread.start();
            }
            await(all);
            for (Thread thread : threads) {
                thread.join();
            }
            for (int i = 0; i < outcomes.length(); i++) {
                assertThat(outcomes.get(i)).as("job %d", i).isEqualTo(1);
            }
            ScoringEngine.Counts counts = engine.counts();
            assertThat(counts.inFlight()).isZero();
            assertThat(counts.scored() + counts.rejected()).isEqualTo(8 * each);
        }
    }

    @Test
    void aCancelledJobGivesItsRoomBackAndHasNoOutcome() throws Exception {
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        TestModel model = new TestModel(grey -> {
            started.countDown();
            await(go);
        });
        BatchPolicy single = new BatchPolicy(1, 1000, Duration.ZERO);
        AtomicBoolean cancelled = new AtomicBoolean();
        try (ScoringEngine engine = engine(model, single, new EngineConfig.Limits(3, 1 << 20))) {
            engine.offer(job(1));
            await(started);
            for (int i = 0; i < 2; i++) {
                ImageJob kept = job(50 + i);
                assertThat(engine.offer(new ImageJob(
                                "image",
                                "tests",
                                kept.content(),
                                null,
                                null,
                                Priority.NORMAL,
                                kept.done(),
                                cancelled::get)))
                        .isEqualTo(TAKEN);
            }
            assertThat(engine.offer(job(2))).isEqualTo(FULL);
            cancelled.set(true);
            go.countDown();
            assertThat(answer().grey()).isEqualTo(1);
            awaitIdle(engine);
            assertThat(answers).isEmpty();
            assertThat(model.seen()).containsExactly(1);
        }
    }

    /** A thread in close(), which waits for the worker by now. */
    private static Thread closing(ScoringEngine engine) {
        Thread thread = new Thread(engine::close);
        thread.start();
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (thread.getState() != Thread.State.TIMED_WAITING) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            Thread.onSpinWait();
        }
        return thread;
    }

    @Test
    void closeWaitsForTheBatchOnTheDeviceAndRefusesWhatComesLater() throws Exception {
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        TestModel model = new TestModel(grey -> {
            started.countDown();
            await(go);
        });
        BatchPolicy single = new BatchPolicy(1, 1000, Duration.ZERO);
        ScoringEngine engine = engine(model, single, ROOMY);
        engine.offer(job(1));
        engine.offer(job(2));
        await(started);
        Thread closing = closing(engine);
        assertThat(engine.offer(job(3))).isEqualTo(FULL);

        go.countDown();

        closing.join(10_000);
        assertThat(closing.isAlive()).isFalse();
        assertThat(engine.offer(job(4))).isEqualTo(FULL);
        assertThat(model.seen()).hasSize(1);
    }

    @Test
    void whatFailsBecauseOfTheEndIsLeftWithoutAnOutcome() throws Exception {
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        TestModel model = new TestModel(grey -> {
            started.countDown();
            await(go);
            throw new IllegalStateException("the model is closed");
        });
        ScoringEngine engine = engine(model, EIGHT, ROOMY);
        engine.offer(job(1));
        await(started);
        Thread closing = closing(engine);
        go.countDown();
        closing.join(10_000);
        assertThat(closing.isAlive()).isFalse();
        assertThat(answers).isEmpty();
    }
}
