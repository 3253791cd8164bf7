package io.realqa.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.awt.image.BufferedImage;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/**
 * Clips as a person scores them. The clip is 20 s of slowly brightening grey, 8 frames a second. FFmpeg made the others of
 * one frame each: {@code ffmpeg -f lavfi -i color=gray:s=160x120:r=10:d=0.1 -c:v mpeg4 -bitexact one-frame.mp4}, and with
 * {@code s=4000x16:r=1:d=1} {@code narrow.mp4}.
 */
class ClipCommandTest {
    private static final Path CLIP = ModelOptions.home().resolve("cli/src/test/resources/clip.mp4");
    private static final Path ONE_FRAME = CLIP.resolveSibling("one-frame.mp4");
    private static final Path NARROW = CLIP.resolveSibling("narrow.mp4");
    private static final Path PHOTOS = ModelOptions.home().resolve("models/demo/photos");

    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(Object... args) {
        CommandLine command = Main.commandLine();
        command.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        return command.execute(Stream.of(args).map(Object::toString).toArray(String[]::new));
    }

    @Test
    void aClipOfTwentySecondsHasAScoreAndATimelineAndShowsItsProgress() throws Exception {
        assertThat(run("score", "--format", "jsonl", CLIP)).as(err.toString()).isZero();
        JsonNode line = new ObjectMapper().readTree(out.toString());
        assertThat(line.path("score").asDouble()).isBetween(0.0, 9.99);
        assertThat(line.path("attributes")).hasSize(9);
        assertThat(line.path("contentSha256").asText()).hasSize(64);
        assertThat(line.path("video").path("seconds").asDouble()).isBetween(19.9, 20.1);
        JsonNode frames = line.path("video").path("frames");
        assertThat(frames).hasSize(20);
        for (int i = 0; i < 20; i++) {
            assertThat(frames.path(i).path("time").asDouble()).isBetween(i - 0.01, i + 0.2);
            assertThat(frames.path(i).path("score").asDouble()).isBetween(0.0, 9.99);
            assertThat(frames.path(i).path("attributes")).hasSize(9);
        }
        assertThat(err.toString()).contains("clip.mp4: 20 of 20 frames").doesNotContain("8 of 8");
    }

    @Test
    void framesAreAsManyAsAskedAndImagesKeepTheirPlace() throws Exception {
        assertThat(run(
                        "score",
                        "--format",
                        "jsonl",
                        "--frames",
                        "3",
                        PHOTOS.resolve("coffee.jpg"),
                        CLIP,
                        PHOTOS.resolve("rocket.jpg")))
                .isZero();
        List<String> lines = out.toString().lines().toList();
        assertThat(lines).hasSize(3);
        assertThat(lines.get(0)).contains("coffee.jpg").doesNotContain("\"video\"");
        assertThat(new ObjectMapper().readTree(lines.get(1)).path("video").path("frames"))
                .hasSize(3);
        assertThat(lines.get(2)).contains("rocket.jpg");
    }

    @Test
    void aDamagedClipIsNamedWhileOthersAreScored() throws Exception {
        byte[] whole = Files.readAllBytes(CLIP);
        Path half = Files.write(folder.resolve("half.mp4"), Arrays.copyOf(whole, whole.length / 2));
        assertThat(run("score", "--format", "jsonl", "--fps", "0.2", half, CLIP))
                .isEqualTo(1);
        List<String> lines = out.toString().lines().toList();
        assertThat(lines.get(0)).contains("half.mp4", "\"reason\":\"CORRUPT\"", "\"stage\":\"DECODE\"");
        assertThat(new ObjectMapper().readTree(lines.get(1)).path("video").path("frames"))
                .hasSize(4);
    }

    @Test
    void aClipOfOneFrameIsScoredByIt() throws Exception {
        assertThat(run("score", "--format", "jsonl", "--frames", "8", ONE_FRAME, CLIP))
                .as(err.toString())
                .isZero();
        List<String> lines = out.toString().lines().toList();
        assertThat(new ObjectMapper().readTree(lines.get(0)).path("video").path("frames"))
                .hasSize(1);
        assertThat(new ObjectMapper().readTree(lines.get(1)).path("video").path("frames"))
                .hasSize(8);
    }

    @Test
    void whatIsTooNarrowHasTheCataloguesStage() throws Exception {
        Path picture = folder.resolve("narrow.png");
        ImageIO.write(new BufferedImage(4000, 16, BufferedImage.TYPE_INT_RGB), "png", picture.toFile());
        assertThat(run("score", "--format", "jsonl", NARROW, picture)).isEqualTo(1);
        assertThat(out.toString().lines())
                .hasSize(2)
                .allSatisfy(line -> assertThat(line).contains("\"reason\":\"TOO_NARROW\"", "\"stage\":\"PREPROCESS\""));
    }

    @Test
    void whatDoesNotGoTogetherIsTold() {
        assertThat(run("score", "--fps", "1", "--frames", "3", CLIP)).isEqualTo(2);
        assertThat(err.toString()).contains("--fps and --frames (expected: one of them)");
        assertThat(run("score", "--mode", "form", CLIP)).isEqualTo(2);
        assertThat(err.toString()).contains("--mode: form (expected: fast for clips)");
        assertThat(run("score", "--fps", "0", CLIP)).isEqualTo(2);
        assertThat(err.toString()).contains("fps: 0.0 (expected: over 0, at most 240)");
    }

    @Test
    void theFormModeFillsInTheForm() throws Exception {
        assertThat(run("score", "--format", "jsonl", "--mode", "form", PHOTOS.resolve("coffee.jpg")))
                .as(err.toString())
                .isZero();
        JsonNode line = new ObjectMapper().readTree(out.toString());
        assertThat(line.path("text").asText())
                .isEqualTo(Golden.of("coffee.jpg").path("greedy").path("form").asText());
        assertThat(line.path("timings").path("deviceSteps").asInt()).isEqualTo(11);
        assertThat(line.path("attributes")).hasSize(9);
    }
}
