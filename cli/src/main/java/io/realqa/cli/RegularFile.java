package io.realqa.cli;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Files that end: a pipe without a writer, or a device, would be read for ever. */
public final class RegularFile {
    private RegularFile() {}

    /** A file's content. */
    public static byte[] read(Path file) throws IOException {
        check(file);
        return Files.readAllBytes(file);
    }

    /** @throws FileSystemException if something is there, but no file and no link to one */
    static void check(Path file) throws FileSystemException {
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw new FileSystemException(file.toString(), null, "not a regular file");
        }
    }
}
