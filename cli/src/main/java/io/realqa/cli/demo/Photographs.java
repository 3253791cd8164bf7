package io.realqa.cli.demo;

import io.realqa.scorer.image.ImageDecoder;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.scorer.image.ImageRejectedException;
import io.realqa.scorer.image.RasterImage;
import io.realqa.trainer.degradation.AreaShrink;
import io.realqa.trainer.degradation.Degradation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** Image files, decoded when asked for; the latest few stay decoded. For one thread. */
final class Photographs {
    /** Images kept decoded, each under 1 MB at the size that degradations work on. */
    static final int KEPT = 16;

    private static final Set<String> EXTENSIONS = Set.of("jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff");

    private final ImageDecoder decoder = new ImageDecoder(ImageLimits.DEFAULTS);
    private final List<Path> files;
    /** Oldest use first. */
    private final Map<Path, RasterImage> kept = new LinkedHashMap<>(32, 0.75f, true);

    Photographs(List<Path> files) {
        if (files.isEmpty()) {
            throw new IllegalArgumentException("photographs: none (expected: at least one)");
        }
        this.files = List.copyOf(files);
    }

    /** The image files that lie in the folder itself, by name; hidden files and others are passed over. */
    static Photographs in(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            throw new IllegalArgumentException("photographs: " + folder + " (expected: a folder)");
        }
        List<Path> files;
        try (Stream<Path> entries = Files.list(folder)) {
            files = entries.filter(Photographs::isImage)
                    .sorted(Comparator.comparing(Photographs::fileName))
                    .toList();
        }
        if (files.isEmpty()) {
            throw new IllegalArgumentException("photographs in " + folder + ": none (expected: at least one file "
                    + EXTENSIONS.stream().sorted().map(e -> "." + e).toList() + ")");
        }
        return new Photographs(files);
    }

    private static boolean isImage(Path file) {
        String name = fileName(file);
        String extension = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
        return EXTENSIONS.contains(extension) && !name.startsWith(".") && Files.isRegularFile(file);
    }

    private static String fileName(Path file) {
        Path name = file.getFileName();
        return name == null ? "" : name.toString();
    }

    int size() {
        return files.size();
    }

    /** The file's name without its extension. */
    String name(int index) {
        String name = fileName(files.get(index));
        int dot = name.lastIndexOf('.');
        return dot > 0 ? name.substring(0, dot) : name;
    }

    /** The file as it is. */
    byte[] file(int index) throws IOException {
        return Files.readAllBytes(files.get(index));
    }

    /**
     * The picture, at most {@link Degradation#LONGER_SIDE} pixels on its longer side.
     *
     * @throws IllegalArgumentException naming the file, where it is no image that can be scored
     */
    RasterImage small(int index) throws IOException {
        Path path = files.get(index);
        RasterImage known = kept.get(path);
        if (known != null) {
            return known;
        }
        RasterImage small;
        try {
            small = AreaShrink.toLongerSide(decoder.decode(Files.readAllBytes(path)), Degradation.LONGER_SIDE);
        } catch (ImageRejectedException e) {
            throw new IllegalArgumentException("photograph " + path + ": " + e.getMessage(), e);
        }
        if (kept.size() == KEPT) {
            kept.remove(kept.keySet().iterator().next());
        }
        kept.put(path, small);
        return small;
    }
}
