package io.realqa.cli;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a person's paths stand for: files as they are, and of folders and what is below them all that looks like an image
 * or a clip, in order. Links to folders are followed where a person names them, else not: they may lead in a circle.
 */
final class FilesToScore {
    private static final Set<String> IMAGE_ENDINGS =
            Set.of("jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "heic", "heif", "avif");

    private final List<Path> files = new ArrayList<>();
    private final List<Scoring.Refused> unreadable = new ArrayList<>();
    private final List<String> passedOver = new ArrayList<>();

    private FilesToScore() {}

    /** @throws IllegalArgumentException if a path is empty, which would mean the current folder */
    static FilesToScore of(List<Path> paths) throws IOException {
        FilesToScore found = new FilesToScore();
        for (Path path : paths) {
            if (path.toString().isEmpty()) {
                throw new IllegalArgumentException(
                        "PATH: empty (expected: a file or folder; . for the current folder)");
            }
            if (Files.isDirectory(path)) {
                found.search(path);
            } else {
                found.files.add(path);
            }
        }
        return found;
    }

    List<Path> files() {
        return files;
    }

    /** Folders that could not be searched. */
    List<Scoring.Refused> unreadable() {
        return unreadable;
    }

    /** What is not scored though somebody may expect it, for people. */
    List<String> passedOver() {
        return passedOver;
    }

    static String expected() {
        return "(expected: files that end in one of "
                + IMAGE_ENDINGS.stream().sorted().toList() + ")";
    }

    private void search(Path folder) throws IOException {
        Path real = folder.toRealPath();
        List<Path> found = new ArrayList<>();
        int unreadableBefore = unreadable.size();
        Files.walkFileTree(real, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                Path named = named(file);
                if (Files.isDirectory(file)) {
                    passedOver.add(named + ": link to a folder, not searched (expected: named itself)");
                } else if (looksLikeAnImage(file) || ClipScoring.looksLikeAClip(file)) {
                    found.add(named);
                }
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) {
                unreadable.add(new Scoring.Refused(
                        named(file),
                        "FETCH",
                        "READ_FAILED",
                        Failures.of(named(file), e) + " (expected: a readable folder)"));
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path below, @Nullable IOException e) {
                return e == null ? FileVisitResult.CONTINUE : visitFileFailed(below, e);
            }

            /** As the person who gave the folder knows it. */
            private Path named(Path file) {
                return folder.resolve(real.relativize(file));
            }
        });
        if (found.isEmpty() && unreadable.size() == unreadableBefore) {
            passedOver.add(folder + ": no image files " + expected());
        }
        found.stream().sorted().forEach(files::add);
    }

    private static boolean looksLikeAnImage(Path file) {
        String name = file.getFileName().toString();
        return IMAGE_ENDINGS.contains(name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT));
    }
}
