package io.realqa.streams.scoring;

import static org.assertj.core.api.Assertions.assertThat;

import io.realqa.scorer.ModelHandle;
import io.realqa.scorer.Score;
import io.realqa.scorer.image.ImageLimits;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Images need nothing of FFmpeg: a process whose class path has none of it scores one. */
class ImagesWithoutFfmpegTest {
    private static final Path HOME = Path.of(System.getProperty("realqa.home"));

    @TempDir
    Path folder;

    /** The other process: scores a photograph, and then says what a clip ends in. */
    static final class Process {
        private Process() {}

        public static void main(String[] args) throws Exception {
            Path home = Path.of(args[0]);
            try (ModelHandle model = ModelHandle.load(home.resolve("models/demo"), null, null)) {
                BatchScorer scorer = BatchScorer.of(model.scorer(), ImageLimits.DEFAULTS);
                byte[] photo = Files.readAllBytes(home.resolve("models/demo/photos/coffee.jpg"));
                List<Score> scores = scorer.score(List.of(scorer.prepare(photo)));
                System.out.println("score " + scores.get(0).expectation());
                try {
                    scorer.prepareClip(new byte[] {1}, ClipConfig.DEFAULTS, () -> false);
                } catch (NoClassDefFoundError e) {
                    System.out.println("no clips");
                }
            }
        }
    }

    @Test
    void aProcessWithoutFfmpegScoresImages() throws Exception {
        String classPath = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(p -> !p.contains("bytedeco") && !p.contains("javacpp") && !p.contains("ffmpeg"))
                .collect(Collectors.joining(File.pathSeparator));
        Path out = folder.resolve("out");
        java.lang.Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        classPath,
                        Process.class.getName(),
                        HOME.toString())
                .redirectErrorStream(true)
                .redirectOutput(out.toFile())
                .start();
        try {
            assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
        } finally {
            process.destroyForcibly();
        }
        String printed = Files.readString(out, StandardCharsets.UTF_8);
        assertThat(process.exitValue()).as(printed).isZero();
        assertThat(printed).contains("score 7.9", "no clips");
    }
}
