package io.realqa.streams.topology;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class CommitPaceTest {
    private static final long FAST_DEVICE = TimeUnit.MILLISECONDS.toNanos(10);

    private long millis = 1_000;
    private final CommitPace pace = new CommitPace(Duration.ofMillis(40), () -> TimeUnit.MILLISECONDS.toNanos(millis));

    /** The thread was away for so long, between two tasks. */
    private void away(long time) {
        pace.leave();
        millis += time;
        pace.enter();
    }

    /** The thread works in a task for so long. */
    private void works(long time) {
        millis += time;
    }

    @Test
    void cheapCommitsComeAtTheShortestPause() {
        works(39);
        assertThat(pace.turn(FAST_DEVICE)).isFalse();
        works(1);
        assertThat(pace.turn(FAST_DEVICE)).isTrue();
        away(5);
        works(34);
        assertThat(pace.turn(FAST_DEVICE)).isFalse();
        works(1);
        assertThat(pace.turn(FAST_DEVICE)).isTrue();
    }

    @Test
    void aDearCommitIsFollowedByTwiceItsTimeWithoutOne() {
        works(40);
        assertThat(pace.turn(FAST_DEVICE)).isTrue();
        away(150);
        away(3);
        works(146);
        assertThat(pace.turn(FAST_DEVICE)).isFalse();
        works(1);
        assertThat(pace.turn(FAST_DEVICE)).isTrue();
    }

    @Test
    void whatACommitOnceCostIsForgottenWithTheNextOne() {
        works(40);
        pace.turn(FAST_DEVICE);
        away(150);
        works(150);
        assertThat(pace.turn(FAST_DEVICE)).isTrue();
        away(4);
        works(36);
        assertThat(pace.turn(FAST_DEVICE)).isTrue();
    }

    @Test
    void noCommitWaitsLongerThanHalfASecond() {
        works(40);
        pace.turn(FAST_DEVICE);
        away(10_000);
        assertThat(pace.turn(FAST_DEVICE)).isTrue();
        away(400);
        works(99);
        assertThat(pace.turn(FAST_DEVICE)).isFalse();
        works(1);
        assertThat(pace.turn(FAST_DEVICE)).isTrue();
    }

    @Test
    void aSlowDeviceAllowsAQuarterOfItsBatchButNoMoreThan200Milliseconds() {
        works(99);
        assertThat(pace.turn(TimeUnit.MILLISECONDS.toNanos(400))).isFalse();
        works(1);
        assertThat(pace.turn(TimeUnit.MILLISECONDS.toNanos(400))).isTrue();
        works(199);
        assertThat(pace.turn(TimeUnit.SECONDS.toNanos(9))).isFalse();
        works(1);
        assertThat(pace.turn(TimeUnit.SECONDS.toNanos(9))).isTrue();
    }
}
