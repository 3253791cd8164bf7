package io.realqa.cli;

import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Set;

/** Who may read what is published. */
public final class Permissions {
    private Permissions() {}

    /** Opens a file that was written as a temporary one, for its owner alone, to whom a new file here is open. */
    public static void asNew(Path file) throws IOException {
        if (!FileSystems.getDefault().supportedFileAttributeViews().contains("posix")) {
            return;
        }
        // What the process leaves to others (umask) can be seen at a new file only.
        Path probe = Files.createFile(
                file.resolveSibling(file.getFileName().toString().hashCode() + "."
                        + ProcessHandle.current().pid() + ".new"));
        Set<PosixFilePermission> permissions;
        try {
            permissions = Files.getPosixFilePermissions(probe);
        } finally {
            Files.delete(probe);
        }
        Files.setPosixFilePermissions(file, permissions);
    }
}
