package io.realqa.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Files of lines that other programs wrote: in UTF-8, with a byte order mark or without. */
public final class Utf8Lines {
    private static final int BYTE_ORDER_MARK = 0xFEFF;

    private Utf8Lines() {}

    /** Takes a line. */
    public interface Sink {
        /** @param number from 1 */
        void accept(long number, String line) throws IOException;
    }

    /**
     * Reads a file, one line at a time.
     *
     * @param expected what the file should be, for messages
     * @throws IllegalArgumentException if the file is missing or not UTF-8
     */
    public static void read(Path file, String expected, Sink sink) {
        if (!Files.isRegularFile(file)) {
            throw new IllegalArgumentException(file + ": no such file (expected: " + expected + ")");
        }
        try (BufferedReader reader = Files.newBufferedReader(file)) {
            reader.mark(1);
            if (reader.read() != BYTE_ORDER_MARK) {
                reader.reset();
            }
            String line;
            for (long number = 1; (line = reader.readLine()) != null; number++) {
                sink.accept(number, line);
            }
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException(file + ": not UTF-8 (expected: " + expected + ")", e);
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": " + e, e);
        }
    }
}
