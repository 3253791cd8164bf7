package io.realqa.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class FailuresTest {
    @TempDir
    Path folder;

    /** What a command prints on standard error before it ends with code 2. */
    private String refusal(Object... args) {
        StringWriter err = new StringWriter();
        CommandLine command = Main.commandLine();
        command.setOut(new PrintWriter(new StringWriter())).setErr(new PrintWriter(err));
        assertThat(command.execute(Stream.of(args).map(Object::toString).toArray(String[]::new)))
                .isEqualTo(2);
        return err.toString();
    }

    @Test
    void whatCannotBeWrittenIsNamedInOneLine() throws IOException {
        Path rows = Files.write(
                folder.resolve("rows.jsonl"),
                List.of(
                        "{\"label\": \"5.00\", \"predict\": \"5.00\"}",
                        "{\"label\": \"6.00\", \"predict\": \"5.50\"}"));
        Path report = folder.resolve("none/report.html");
        assertThat(refusal("evaluate", rows, "--html", report))
                .isEqualToIgnoringNewLines("realqa: " + report + ": no such file or folder");
        assertThat(refusal("evaluate", rows, "--html", folder))
                .isEqualToIgnoringNewLines("realqa: " + folder + ": Is a directory");
        assertThat(refusal("calibrate", "fit", rows, "--platform", "p", "--out", rows))
                .isEqualToIgnoringNewLines("realqa: " + rows + ": exists already");
        assertThat(refusal("calibrate", "fit", rows, "--platform", "p", "--out", rows.resolve("x")))
                .startsWith("realqa: " + rows)
                .hasLineCount(1);
    }

    @Test
    void aMessageIsCompletedByThoseOfItsCauses() {
        Exception cause = new IllegalStateException("no client", new IllegalArgumentException("Invalid url: foo bar"));
        assertThat(Failures.withCauses(new IllegalStateException("no client, nothing replayed", cause)))
                .isEqualTo("no client, nothing replayed: Invalid url: foo bar");
        assertThat(refusal("evaluate", "a\033[2J.jsonl")).startsWith("realqa: a?[2J.jsonl: no such file");
    }

    @Test
    void anErrorIsSaidWithoutTheNamesOfClassesAndItsFileOnce() {
        assertThat(Failures.of(new NoSuchFileException("a"))).isEqualTo("a: no such file or folder");
        assertThat(Failures.of(Path.of("a"), new AccessDeniedException("a"))).isEqualTo("a: permission denied");
        assertThat(Failures.of(new FileSystemException("a", "b", "Invalid cross-device link")))
                .isEqualTo("a -> b: Invalid cross-device link");
        IOException full = new IOException("No space left on device");
        assertThat(Failures.of(new UncheckedIOException("a: " + full, full))).isEqualTo("a: No space left on device");
        assertThat(Failures.of(new UncheckedIOException(full))).isEqualTo("No space left on device");
        NoSuchFileException gone = new NoSuchFileException("a");
        assertThat(Failures.of(new UncheckedIOException("a: " + gone, gone))).isEqualTo("a: no such file or folder");
    }
}
