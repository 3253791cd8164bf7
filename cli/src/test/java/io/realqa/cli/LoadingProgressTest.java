package io.realqa.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class LoadingProgressTest {
    private final StringWriter written = new StringWriter();
    private long now;

    private LoadingProgress progress() {
        return new LoadingProgress(new PrintWriter(written), Path.of("some/qwen"), false, () -> now);
    }

    private void at(LoadingProgress progress, long seconds, long done) {
        now = TimeUnit.SECONDS.toNanos(seconds);
        progress.read(done, 400);
    }

    @Test
    void aLineEveryFiveSecondsSaysHowFarItIs() {
        try (LoadingProgress progress = progress()) {
            at(progress, 3, 40);
            at(progress, 6, 100);
            at(progress, 9, 160);
            at(progress, 12, 240);
        }
        assertThat(written.toString().lines()).containsExactly("loading some/qwen: 25 %", "loading some/qwen: 60 %");
    }

    @Test
    void whatIsThereInAMomentSaysNothing() {
        try (LoadingProgress progress = progress()) {
            at(progress, 0, 200);
            at(progress, 1, 400);
        }
        assertThat(written.toString()).isEmpty();
    }

    @Test
    void afterItsEndNothingIsSaid() {
        LoadingProgress progress = progress();
        progress.close();
        at(progress, 60, 200);
        assertThat(written.toString()).isEmpty();
    }
}
