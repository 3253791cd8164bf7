package io.realqa.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** What nobody gets is not taken for printed. */
class OutputTest {
    private static final Path PHOTOS = ModelOptions.home().resolve("models/demo/photos");

    private final StringWriter err = new StringWriter();

    private int run(PrintWriter out, Object... args) {
        CommandLine command = Main.commandLine();
        command.setOut(out).setErr(new PrintWriter(err));
        return command.execute(Stream.of(args).map(Object::toString).toArray(String[]::new));
    }

    private static Output failing(String message) {
        return Output.to(new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException(message);
            }
        });
    }

    @Test
    void outputThatCannotBeWrittenIsToldAndIsNoSuccess() {
        for (String[] args : new String[][] {
            {"score", "--format", "jsonl", PHOTOS.resolve("coffee.jpg").toString()}, {"--help"}
        }) {
            err.getBuffer().setLength(0);
            assertThat(run(failing("No space left on device"), (Object[]) args)).isEqualTo(2);
            assertThat(err.toString())
                    .contains("realqa: standard output: No space left on device (expected: all of it written)")
                    .hasLineCount(1);
        }
    }

    @Test
    void aReaderThatHasGoneEndsScoringQuietlyAfterTheNextLine() {
        int[] lines = new int[1];
        PrintWriter out = new PrintWriter(failing("Broken pipe"), true) {
            @Override
            public void println(String line) {
                lines[0]++;
                super.println(line);
            }
        };
        assertThat(run(out, "score", "--format", "jsonl", "--batch", "1", PHOTOS))
                .isEqualTo(2);
        assertThat(lines[0]).isEqualTo(1);
        err.getBuffer().setLength(0);
        assertThat(run(failing("Broken pipe"), "score", "--format", "csv", PHOTOS))
                .isEqualTo(2);
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void outputIsUtf8WhateverTheLocale() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Output out = Output.to(bytes);
        out.println("ä▏日");
        assertThat(bytes.toString(StandardCharsets.UTF_8)).isEqualTo("ä▏日" + System.lineSeparator());
    }
}
