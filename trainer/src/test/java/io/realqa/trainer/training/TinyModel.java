package io.realqa.trainer.training;

import io.realqa.scorer.ScoringProfile;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import javax.imageio.ImageIO;

/** A random checkpoint of a few thousand numbers, and pictures for it. */
public final class TinyModel {
    private static final Path HOME = Path.of(System.getProperty("realqa.home", ".."));
    private static final Path PARITY = HOME.resolve("scorer/src/test/resources/parity");
    public static final ScoringProfile PROFILE =
            ScoringProfile.in(HOME.resolve("models/demo")).orElseThrow();

    private TinyModel() {}

    /** Makes the checkpoint's folder. */
    public static Path checkpoint(Path parent) throws IOException {
        Path folder = Files.createDirectory(parent.resolve("checkpoint"));
        try (Stream<Path> files = Files.list(PARITY.resolve("nested-memory-4x4"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.copy(file, folder.resolve(file.getFileName().toString()));
            }
        }
        Files.copy(PARITY.resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
        Files.copy(HOME.resolve("models/demo/scoring-profile.yaml"), folder.resolve(ScoringProfile.FILE_NAME));
        return folder;
    }

    /** Makes n pictures and their labels: the brighter, the better. */
    public static Path images(Path parent, int n) throws IOException {
        Path folder = Files.createDirectory(parent.resolve("images"));
        StringBuilder labels = new StringBuilder();
        for (int i = 0; i < n; i++) {
            BufferedImage image = new BufferedImage(60 + i % 3 * 10, 50, BufferedImage.TYPE_INT_RGB);
            Graphics2D g = image.createGraphics();
            int level = 20 + 200 * i / n;
            g.setColor(new Color(level, level, 255 - level));
            g.fillRect(0, 0, image.getWidth(), image.getHeight());
            g.setColor(new Color(255 - level, level, level));
            g.fillRect(5 + i, 5, 20, 20);
            g.dispose();
            ImageIO.write(image, "png", folder.resolve(i + ".png").toFile());
            labels.append(
                    "{\"image\": \"%d.png\", \"score\": %.2f, \"deviation\": 0.5, ".formatted(i, 1 + 8.0 * i / n));
            labels.append(
                    "\"attributes\": {\"exposure\": \"%s\"}}\n".formatted(i % 2 == 0 ? "underexposed" : "overexposed"));
        }
        Files.writeString(folder.resolve("labels.jsonl"), labels);
        return folder;
    }
}
