package io.realqa.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.realqa.cli.ProgressLine.Task;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ProgressLineTest {
    private final StringWriter written = new StringWriter();
    private long now;

    private ProgressLine line(Task task) {
        return new ProgressLine(new PrintWriter(written), task, false, () -> now);
    }

    private void at(ProgressLine line, long seconds, long done) {
        now = TimeUnit.SECONDS.toNanos(seconds);
        line.to(done);
    }

    @Test
    void aLineEveryFiveSecondsSaysHowFarItIsAndAnotherThatItIsDone() {
        try (ProgressLine line = line(new Task("scoring", 400, "images"))) {
            at(line, 3, 40);
            at(line, 6, 100);
            at(line, 9, 160);
            line.note("fast");
            at(line, 12, 240);
            line.by(160);
        }
        assertThat(written.toString().lines())
                .containsExactly(
                        "scoring: 100 of 400 images",
                        "scoring: 240 of 400 images; fast",
                        "scoring: 400 of 400 images; fast");
    }

    @Test
    void whatEndsWithinFiveSecondsSaysNothing() {
        try (ProgressLine line = line(new Task("scoring", 400, "images"))) {
            at(line, 5, 400);
        }
        assertThat(written.toString()).isEmpty();
    }

    @Test
    void aTotalMayBeUnknownAtFirstAndUnitsMayBeLarge() {
        try (ProgressLine line = line(new Task("loading qwen", -1, 0, "MB", 1_000_000, Duration.ofSeconds(1)))) {
            at(line, 6, 2_500_000);
            now = TimeUnit.SECONDS.toNanos(12);
            line.to(5_000_000, 8_000_000);
        }
        assertThat(written.toString().lines()).containsExactly("loading qwen: 2 MB", "loading qwen: 5 of 8 MB");
    }

    @Test
    void afterItsEndNothingIsSaid() {
        ProgressLine line = line(new Task("scoring", 400, "images"));
        line.close();
        at(line, 60, 200);
        assertThat(written.toString()).isEmpty();
    }
}
