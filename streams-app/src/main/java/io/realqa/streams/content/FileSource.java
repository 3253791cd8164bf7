package io.realqa.streams.content;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import io.realqa.streams.content.ContentRejectedException.Reason;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Content from files under the roots that a policy allows. Thread-safe. */
final class FileSource {
    private static final int CHUNK = 64 << 10;

    private final ContentPolicy policy;

    FileSource(ContentPolicy policy) {
        this.policy = policy;
    }

    /**
     * The path that a file URI names, without a look at the disk.
     *
     * @throws Refusal BAD_URI
     */
    static Path path(URI uri) throws Refusal {
        String authority = uri.getRawAuthority();
        if (authority != null && authority.indexOf('@') >= 0) {
            throw badUri("user info: present");
        }
        if (authority != null && !authority.equalsIgnoreCase("localhost")) {
            throw badUri("host: " + ShownUri.of(authority));
        }
        String rawPath = uri.getRawPath();
        if (rawPath == null || !rawPath.startsWith("/") || rawPath.startsWith("//")) {
            throw badUri("path: " + (rawPath == null ? "relative" : rawPath));
        }
        if (uri.getRawQuery() != null || uri.getRawFragment() != null) {
            throw badUri("query or fragment: present");
        }
        try {
            // From the URI, so that escaped bytes reach the file system as they are, whatever the JVM's locale.
            // Normalised after unescaping: "..", escaped or not, means the parent in the address, never that of a link.
            return Path.of(URI.create("file://" + AsciiUri.of(rawPath))).normalize();
        } catch (IllegalArgumentException e) {
            throw badUri("path: " + rawPath);
        }
    }

    /** @throws Refusal PATH_NOT_ALLOWED, NOT_FOUND, FORBIDDEN, TOO_MANY_BYTES, TIMEOUT or READ_FAILED */
    byte[] read(Path path) throws Refusal, InterruptedException {
        Path real;
        try {
            real = path.toRealPath();
        } catch (IOException e) {
            // The failure tells whether something exists, so it is told only about what lies under a root.
            Path nearest = nearest(path);
            throw nearest != null && root(nearest) != null ? failed(path, e) : outside(path);
        }
        Path root = root(real);
        if (root == null) {
            throw outside(path);
        }
        try (SeekableByteChannel channel = Descent.open(root, real)) {
            return read(channel);
        } catch (ClosedByInterruptException e) {
            throw interrupted(e);
        } catch (IOException e) {
            throw failed(path, e);
        }
    }

    private byte[] read(SeekableByteChannel channel) throws IOException, Refusal {
        long deadline = System.nanoTime() + policy.readTimeout().toNanos();
        long declared = channel.size();
        if (declared > policy.maxBytes()) {
            throw tooManyBytes(declared);
        }
        BoundedBytes bytes = new BoundedBytes(policy.maxBytes(), declared);
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK);
        while (channel.read(chunk) >= 0) {
            // The file may grow while it is read, and some files do not tell their size.
            if (!bytes.add(chunk.flip())) {
                throw tooManyBytes("over " + policy.maxBytes());
            }
            if (System.nanoTime() - deadline > 0) {
                throw Refusal.lasting(
                        Reason.TIMEOUT,
                        "read: unfinished after " + policy.readTimeout() + " (expected: complete by then)");
            }
            chunk.clear();
        }
        return bytes.toArray();
    }

    /** The real path of the nearest ancestor that exists, or null if that is a link to nowhere. */
    private static @Nullable Path nearest(Path path) {
        Path existing = path;
        while (existing != null && !Files.exists(existing, NOFOLLOW_LINKS)) {
            existing = existing.getParent();
        }
        try {
            return existing == null ? null : existing.toRealPath();
        } catch (IOException e) {
            return null;
        }
    }

    /** The real path of the root that a real path is under, or null if it is under none. */
    private @Nullable Path root(Path real) {
        for (Path root : policy.fileRoots()) {
            try {
                // Resolved each time: a root may be a link that is moved on with every new version of a volume.
                Path top = root.toRealPath();
                if (real.startsWith(top)) {
                    return top;
                }
            } catch (IOException e) {
                // A root that is not there at the moment allows nothing.
                continue;
            }
        }
        return null;
    }

    private static Refusal failed(Path path, IOException failure) {
        if (failure instanceof NoSuchFileException) {
            return Refusal.lasting(Reason.NOT_FOUND, "file: " + path + " is missing (expected: a file)");
        }
        if (failure instanceof AccessDeniedException) {
            return Refusal.lasting(
                    Reason.FORBIDDEN,
                    "file: " + path + " may not be read (expected: a readable file in directories that may be listed)",
                    failure);
        }
        if (failure instanceof FileSystemException e && Descent.NOT_REGULAR.equals(e.getReason())) {
            return Refusal.lasting(Reason.READ_FAILED, "file: " + path + " (expected: a regular file)");
        }
        return Refusal.lasting(
                Reason.READ_FAILED, "file: " + path + ": " + failure + " (expected: a readable file)", failure);
    }

    private static Refusal badUri(String problem) {
        return Refusal.lasting(Reason.BAD_URI, problem + " (expected: file:/path or file:///path)");
    }

    private static Refusal outside(Path path) {
        return Refusal.lasting(
                Reason.PATH_NOT_ALLOWED, "path: " + path + " (expected: a file under one of the allowed roots)");
    }

    private Refusal tooManyBytes(Object size) {
        return Refusal.lasting(
                Reason.TOO_MANY_BYTES, "size: " + size + " bytes (expected: at most " + policy.maxBytes() + ")");
    }

    private static InterruptedException interrupted(Exception cause) {
        InterruptedException interrupted = new InterruptedException("interrupted while reading a file");
        interrupted.initCause(cause);
        return interrupted;
    }
}
