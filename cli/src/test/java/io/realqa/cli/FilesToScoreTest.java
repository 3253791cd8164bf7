package io.realqa.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.realqa.cli.Scoring.Refused;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class FilesToScoreTest {
    private static final Path PHOTOS = ModelOptions.home().resolve("models/demo/photos");

    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int score(Path... paths) {
        CommandLine command = Main.commandLine();
        command.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        return command.execute(Stream.concat(
                        Stream.of("score", "--format", "jsonl"),
                        Stream.of(paths).map(Path::toString))
                .toArray(String[]::new));
    }

    private Path pipe(String name) throws Exception {
        Path pipe = folder.resolve(name);
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        return pipe;
    }

    @Test
    void aNamedLinkToAFolderIsSearchedAndItsFilesKeepTheLinksName() throws Exception {
        Path link = Files.createSymbolicLink(folder.resolve("link"), PHOTOS.toAbsolutePath());
        FilesToScore found = FilesToScore.of(List.of(link));
        assertThat(found.files())
                .hasSize(4)
                .contains(link.resolve("coffee.jpg"))
                .isSorted();
        assertThat(found.passedOver()).isEmpty();
    }

    @Test
    @Timeout(120)
    void whatIsNoFileIsRefusedWhileTheOthersAreScored() throws Exception {
        Path photo = Files.copy(PHOTOS.resolve("coffee.jpg"), folder.resolve("coffee.jpg"));
        Path broken = Files.createSymbolicLink(folder.resolve("broken.jpg"), folder.resolve("gone"));
        assertThat(score(folder, pipe("pipe.jpg"), pipe("pipe.mp4"))).isEqualTo(1);
        String lines = out.toString();
        assertThat(lines.lines()).hasSize(6);
        assertThat(lines)
                .contains(
                        broken + ": no such file or folder (expected: a readable file)",
                        folder.resolve("pipe.jpg") + ": not a regular file (expected: a readable file)",
                        folder.resolve("pipe.mp4") + ": not a regular file (expected: a readable file)",
                        "\"imageId\":\"" + photo + "\",\"contentSha256\"");
    }

    @Test
    void whatIsNotSearchedAndFoldersWithoutImagesAreSaid() throws Exception {
        Path empty = Files.createDirectory(folder.resolve("empty"));
        Path photos = Files.createDirectory(folder.resolve("photos"));
        Files.copy(PHOTOS.resolve("coffee.jpg"), photos.resolve("coffee.jpg"));
        Path link = Files.createSymbolicLink(photos.resolve("more"), PHOTOS.toAbsolutePath());
        assertThat(score(empty, photos)).isZero();
        assertThat(err.toString())
                .contains(
                        empty + ": no image files (expected: files that end in one of [avif",
                        link + ": link to a folder, not searched (expected: named itself)");
        assertThat(out.toString().lines()).hasSize(1);
    }

    @Test
    void aFolderThatCannotBeReadIsRefusedWhileTheOthersAreSearched() throws Exception {
        Path closed = Files.createDirectory(folder.resolve("closed"));
        Path photo = Files.copy(PHOTOS.resolve("coffee.jpg"), folder.resolve("coffee.jpg"));
        Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("---------"));
        assumeThat(Files.isReadable(closed))
                .as("the superuser reads everything")
                .isFalse();
        FilesToScore found = FilesToScore.of(List.of(folder));
        assertThat(found.files()).containsExactly(photo);
        assertThat(found.unreadable()).extracting(Refused::path).containsExactly(closed);
        assertThat(found.unreadable().get(0).message())
                .isEqualTo(closed + ": permission denied (expected: a readable folder)");
    }

    @Test
    void theEmptyPathIsNotTheCurrentFolder() {
        assertThatThrownBy(() -> FilesToScore.of(List.of(Path.of(""))))
                .hasMessage("PATH: empty (expected: a file or folder; . for the current folder)");
    }
}
