package io.realqa.streams.content;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import java.io.IOException;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Set;

/**
 * Opens a file under a directory by going down to it, each directory from the one above. A directory or file that has
 * become a link since its path was judged is not followed, so nobody who may write there leads the reader elsewhere.
 */
final class Descent {
    static final String NOT_REGULAR = "not a regular file";
    private static final Set<OpenOption> READ = Set.of(StandardOpenOption.READ, NOFOLLOW_LINKS);

    private Descent() {}

    /**
     * Opens a file for reading.
     *
     * @param root where those may not write who may write below it
     * @param real the file's path without links: the root or below it
     * @throws IOException also for what is not a regular file; its reason is then {@link #NOT_REGULAR}
     */
    static SeekableByteChannel open(Path root, Path real) throws IOException {
        if (!real.equals(root)) {
            DirectoryStream<Path> top = Files.newDirectoryStream(root);
            if (top instanceof SecureDirectoryStream<Path> directory) {
                return below(directory, root.relativize(real));
            }
            // A file system whose directories are no handles (Windows): the path as a whole, its last part no link.
            top.close();
        }
        requireRegular(real, Files.readAttributes(real, BasicFileAttributes.class, NOFOLLOW_LINKS));
        return Files.newByteChannel(real, READ);
    }

    private static SeekableByteChannel below(SecureDirectoryStream<Path> top, Path path) throws IOException {
        SecureDirectoryStream<Path> directory = top;
        try {
            for (Path name : path.getParent() == null ? List.<Path>of() : path.getParent()) {
                SecureDirectoryStream<Path> next = directory.newDirectoryStream(name, NOFOLLOW_LINKS);
                directory.close();
                directory = next;
            }
            Path name = path.getFileName();
            requireRegular(
                    name,
                    directory
                            .getFileAttributeView(name, BasicFileAttributeView.class, NOFOLLOW_LINKS)
                            .readAttributes());
            return directory.newByteChannel(name, READ);
        } finally {
            directory.close();
        }
    }

    private static void requireRegular(Path file, BasicFileAttributes attributes) throws IOException {
        if (!attributes.isRegularFile()) {
            throw new FileSystemException(file.toString(), null, NOT_REGULAR);
        }
    }
}
