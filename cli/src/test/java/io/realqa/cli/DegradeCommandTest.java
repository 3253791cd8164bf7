package io.realqa.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Photographs become a labelled set that all weights are trained on. */
class DegradeCommandTest {
    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(Object... args) {
        CommandLine command = Main.commandLine();
        command.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        return command.execute(Stream.of(args).map(Object::toString).toArray(String[]::new));
    }

    private Path photographs(int n) throws IOException {
        Path photos = Files.createDirectory(folder.resolve("photos"));
        for (int i = 0; i < n; i++) {
            BufferedImage image = new BufferedImage(120, 90, BufferedImage.TYPE_INT_RGB);
            Graphics2D g = image.createGraphics();
            g.setColor(new Color(40 * i + 30, 120, 200 - 30 * i));
            g.fillRect(0, 0, 120, 90);
            g.setColor(Color.WHITE);
            g.fillOval(10 * i, 20, 40, 40);
            g.dispose();
            ImageIO.write(image, "png", photos.resolve(i + ".png").toFile());
        }
        return photos;
    }

    @Test
    void theSetTrainsACheckpointThatScores() throws Exception {
        Path photos = photographs(5);
        Path set = folder.resolve("set");
        assertThat(run("degrade", photos, "--out", set, "--views", 6, "--held-out-views", 4))
                .isZero();
        List<String> training = Files.readAllLines(set.resolve("training.jsonl"));
        assertThat(training).hasSize(6);
        assertThat(Files.readAllLines(set.resolve("held-out.jsonl"))).hasSize(4);
        assertThat(set.resolve("training/000005.jpg")).isNotEmptyFile();
        assertThat(set.resolve("photographs/4.png")).hasSameBinaryContentAs(photos.resolve("4.png"));
        Path again = folder.resolve("again");
        assertThat(run("degrade", photos, "--out", again, "--views", 6, "--held-out-views", 4))
                .isZero();
        assertThat(Files.readAllLines(again.resolve("training.jsonl"))).isEqualTo(training);

        out.getBuffer().setLength(0);
        assertThat(run(
                        "train",
                        "--full",
                        "--data",
                        set.resolve("training.jsonl"),
                        "--judge",
                        set.resolve("held-out.jsonl"),
                        "--images",
                        set,
                        "--out",
                        folder.resolve("models"),
                        "--epochs",
                        1,
                        "--batch",
                        3,
                        "--form-share",
                        1))
                .as("%s", err)
                .isZero();
        Path made = Path.of(out.toString().strip());
        assertThat(Files.readString(made.resolve("metrics.json"))).contains("\"model\"", "\"srcc\"");
        assertThat(run("score", "--checkpoint", made, photos.resolve("0.png")))
                .as("%s", err)
                .isZero();
    }

    @Test
    void whatCannotBeDoneIsNamed() throws Exception {
        Path photos = photographs(4);
        Path set = folder.resolve("set");
        assertThat(run("degrade", photos, "--out", set)).isEqualTo(2);
        assertThat(err.toString()).contains("4 photographs", "(expected: at least 5)");
        assertThat(run("degrade", folder.resolve("none"), "--out", set)).isEqualTo(2);
        assertThat(err.toString()).contains("(expected: a folder)");
        assertThat(run("degrade", photos, "--out", set, "--views", 0)).isEqualTo(2);
        assertThat(err.toString()).contains("--views, --held-out-views: 0, 600 (expected: at least 1 of each)");
        assertThat(set).doesNotExist();
        assertThat(run("train", "--full", "--rank", 4, "--data", "a", "--images", "b", "--out", "c"))
                .isEqualTo(2);
        assertThat(err.toString()).contains("--rank: with --full (expected: no setting of LoRA)");
    }
}
