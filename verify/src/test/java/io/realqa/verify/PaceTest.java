package io.realqa.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class PaceTest {
    private final AtomicLong clock = new AtomicLong();
    private final AtomicInteger finished = new AtomicInteger();

    private Pace pace(int faults) {
        FireOptions options =
                new FireOptions(Path.of("registry"), 1_000, faults, 1, 2, 100, 0, 0, null, Sabotage.NONE, null, false);
        return new Pace(options, faults, finished::get, clock::get);
    }

    private double after(Pace pace, long seconds) {
        double due = 0;
        for (int i = 0; i < seconds * 10; i++) {
            clock.addAndGet(TimeUnit.MILLISECONDS.toNanos(100));
            due = pace.getAsDouble();
        }
        return due;
    }

    @Test
    void withoutFaultsTheLoadComesAtItsRate() {
        assertThat(after(pace(0), 4)).isCloseTo(400, within(11.0));
    }

    @Test
    void aLoadThatIsAheadOfTheFaultsSlowsDownButNeverStops() {
        Pace pace = pace(10);
        double ahead = after(pace, 10);
        assertThat(ahead).isBetween(200.0, 260.0);
        assertThat(after(pace, 1)).isGreaterThan(ahead);
        finished.set(5);
        assertThat(after(pace, 10)).isBetween(690.0, 760.0);
    }

    @Test
    void afterTheLastFaultTheRestIsSentAtTheFullRate() {
        finished.set(10);
        assertThat(after(pace(10), 10)).isCloseTo(1_000, within(11.0));
    }
}
