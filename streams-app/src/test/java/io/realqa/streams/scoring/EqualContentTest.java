package io.realqa.streams.scoring;

import static io.realqa.streams.scoring.ScoringEngine.Offer.TAKEN;
import static org.assertj.core.api.Assertions.assertThat;

import io.realqa.streams.content.ContentPolicy;
import io.realqa.streams.metrics.ServiceMetrics;
import io.realqa.streams.scoring.Outcome.Rejected;
import io.realqa.streams.scoring.Outcome.Scored;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Equal bytes are scored once. */
@Timeout(60)
class EqualContentTest {
    private static final int POISON = 66;

    private final BlockingQueue<Outcome> outcomes = new LinkedBlockingQueue<>();
    private final CountDownLatch started = new CountDownLatch(1);
    private final CountDownLatch go = new CountDownLatch(1);
    private final TestModel model = new TestModel(grey -> {
        started.countDown();
        try {
            assertThat(go.await(20, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        if (grey == POISON) {
            throw new IllegalStateException("poison");
        }
    });
    private final AtomicReference<BatchScorer> serving = new AtomicReference<>(model);
    private ScoringEngine engine;

    @BeforeEach
    void start() {
        engine = new ScoringEngine(
                (platform, id) -> Objects.requireNonNull(serving.get()),
                ContentPolicy.defaults(),
                EngineConfig.DEFAULTS
                        .withBatches(new BatchPolicy(1, 1000, Duration.ZERO))
                        .withDevice(new EngineConfig.Device(1, Duration.ofSeconds(30), 2, Duration.ZERO)),
                ServiceMetrics.unseen(),
                fault -> {});
    }

    @AfterEach
    void stop() {
        go.countDown();
        engine.close();
    }

    private void offer(int grey, AtomicBoolean cancelled) {
        assertThat(engine.offer(new ImageJob(
                        "same",
                        "tests",
                        TestModel.image(grey),
                        null,
                        null,
                        Priority.NORMAL,
                        outcomes::add,
                        cancelled::get)))
                .isEqualTo(TAKEN);
    }

    private void offer(int grey) {
        offer(grey, new AtomicBoolean());
    }

    private List<Outcome> outcomes(int count) throws InterruptedException {
        List<Outcome> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Outcome o = outcomes.poll(20, TimeUnit.SECONDS);
            assertThat(o).as("outcome %d within 20 s", i).isNotNull();
            all.add(o);
        }
        return all;
    }

    @Test
    void duplicatesThatComeWhileTheFirstIsOnTheDeviceShareItsScore() throws Exception {
        offer(7);
        assertThat(started.await(20, TimeUnit.SECONDS)).isTrue();
        offer(7);
        offer(7);
        go.countDown();

        List<Outcome> all = outcomes(3);
        assertThat(all).allSatisfy(o -> {
            assertThat(((Scored) o).score().expectation()).isEqualTo(7);
            assertThat(((Scored) o).by()).isEqualTo(model.identity());
        });
        assertThat(all).filteredOn(o -> ((Scored) o).timings().known()).hasSize(2);
        assertThat(model.seen()).containsExactly(7);
    }

    @Test
    void aScoreIsKnownAfterwards() throws Exception {
        go.countDown();
        offer(7);
        outcomes(1);
        offer(7);

        Scored known = (Scored) outcomes(1).get(0);
        assertThat(known.score().expectation()).isEqualTo(7);
        assertThat(known.timings().known()).isTrue();
        assertThat(known.timings().device()).isZero();
        assertThat(model.seen()).containsExactly(7);
        offer(8);
        outcomes(1);
        assertThat(model.seen()).containsExactly(7, 8);
    }

    @Test
    void anotherVersionScoresItAgain() throws Exception {
        go.countDown();
        offer(7);
        outcomes(1);
        BatchScorer.Identity next = new BatchScorer.Identity("c", "sha256:new", "p", "q", 2);
        TestModel other = new TestModel(grey -> {}, next);
        serving.set(other);
        offer(7);

        assertThat(((Scored) outcomes(1).get(0)).by()).isEqualTo(next);
        assertThat(other.seen()).containsExactly(7);
    }

    @Test
    void duplicatesOfAnImageThatCannotBeScoredAreRejectedWithIt() throws Exception {
        offer(POISON);
        assertThat(started.await(20, TimeUnit.SECONDS)).isTrue();
        offer(POISON);
        go.countDown();

        assertThat(outcomes(2))
                .allSatisfy(o -> assertThat(((Rejected) o).reason()).isEqualTo(Reason.SCORING_FAILED));
        // A rejection is not kept: the device may be another by then.
        offer(POISON);
        assertThat(outcomes(1).get(0)).isInstanceOf(Rejected.class);
    }

    @Test
    void ifTheFirstIsGivenUpTheNextTakesItsPlace() throws Exception {
        offer(1);
        assertThat(started.await(20, TimeUnit.SECONDS)).isTrue();
        AtomicBoolean cancelled = new AtomicBoolean();
        offer(7, cancelled);
        offer(7);
        offer(7);
        cancelled.set(true);
        go.countDown();

        assertThat(outcomes(3))
                .extracting(o -> ((Scored) o).score().expectation())
                .containsExactlyInAnyOrder(1.0, 7.0, 7.0);
        assertThat(model.seen()).containsExactlyInAnyOrder(1, 7);
        // The one that was given up has no outcome to wait for: it may leave the engine last.
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (engine.counts().inFlight() > 0 && System.nanoTime() < deadline) {
            Thread.onSpinWait();
        }
        assertThat(engine.counts().inFlight()).isZero();
    }
}
