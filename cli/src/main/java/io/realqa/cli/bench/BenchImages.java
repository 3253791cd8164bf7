package io.realqa.cli.bench;

import io.realqa.scorer.Scorer;
import io.realqa.scorer.image.ImageDecoder;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.scorer.image.ImageRejectedException;
import io.realqa.scorer.image.VisualInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The files that are measured with, and the same prepared for the device. */
public record BenchImages(List<byte[]> files, List<VisualInput> inputs) {

    /** Reads every image of a folder; other files are left out. */
    public static BenchImages of(Path folder, Scorer scorer) throws IOException {
        List<byte[]> files = new ArrayList<>();
        List<VisualInput> inputs = new ArrayList<>();
        ImageDecoder decoder = new ImageDecoder(ImageLimits.DEFAULTS);
        try (Stream<Path> paths = Files.list(folder)) {
            for (Path path : paths.filter(Files::isRegularFile).sorted().toList()) {
                byte[] file = Files.readAllBytes(path);
                try {
                    inputs.add(scorer.checkpoint().preprocessing().apply(decoder.decode(file)));
                    files.add(file);
                } catch (ImageRejectedException e) {
                    continue;
                }
            }
        }
        if (files.isEmpty()) {
            throw new IllegalArgumentException(folder + ": no images (expected: a folder of photographs)");
        }
        return new BenchImages(List.copyOf(files), List.copyOf(inputs));
    }

    public double meanVisualTokens() {
        return inputs.stream().mapToInt(VisualInput::visualTokens).average().orElseThrow();
    }

    byte[] file(int i) {
        return files.get(i % files.size());
    }

    /** A batch that goes round the images. */
    List<VisualInput> batch(int from, int size) {
        List<VisualInput> batch = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            batch.add(inputs.get((from + i) % inputs.size()));
        }
        return batch;
    }
}
