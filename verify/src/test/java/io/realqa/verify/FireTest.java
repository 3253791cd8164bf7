package io.realqa.verify;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A short run of the whole: three brokers, a registry and three instances, in processes of their own. */
@Tag("fire")
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class FireTest {
    private static final Path REGISTRY =
            Path.of(System.getProperty("realqa.home")).resolve("local/target/registry");

    private static final long SEED = 1;

    @TempDir
    private Path folder;

    private Checker.Verdict run(
            int uploads, int faults, int swaps, long deviceMillis, @Nullable Duration killEvery, Sabotage sabotage)
            throws InterruptedException {
        FireOptions options = new FireOptions(
                REGISTRY, uploads, faults, SEED, 3, 100, deviceMillis, swaps, killEvery, sabotage, folder, false);
        return new FireRun(options, new PrintWriter(System.out, true, StandardCharsets.UTF_8)).verify();
    }

    @Test
    void everyUploadEndsOnceWhateverFailsWhileAdaptersAreSwapped() throws Exception {
        Checker.Verdict verdict = run(3_000, 6, 5, 10, null, Sabotage.NONE);
        assertThat(verdict.examples()).isEmpty();
        assertThat(verdict.clean()).isTrue();
    }

    @Test
    void aServiceThatCommitsWithoutThePendingEntriesIsFoundOut() throws Exception {
        // A slow device: at each kill the engine holds what a commit interval before was taken from the topic.
        Checker.Verdict verdict = run(1_000, 0, 0, 1_500, Duration.ofSeconds(3), Sabotage.PENDING);
        assertThat(verdict.of(Violation.LOST)).isPositive();
    }
}
