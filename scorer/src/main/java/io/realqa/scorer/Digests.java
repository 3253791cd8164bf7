package io.realqa.scorer;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.function.LongConsumer;

/** SHA-256 digests, written as {@code sha256:<64 hex digits>} where nothing else is said. */
public final class Digests {
    private static final int BUFFER_BYTES = 1 << 20;

    private Digests() {}

    /** The 64 hex digits alone. */
    public static String hex(byte[] content) {
        return HexFormat.of().formatHex(sha256().digest(content));
    }

    /** Of bytes. */
    public static String of(byte[] content) {
        return "sha256:" + hex(content);
    }

    /** Of a text's UTF-8 bytes. */
    public static String of(String text) {
        return of(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Of a file's content. */
    public static String of(Path file) throws IOException {
        return "sha256:" + hex(file);
    }

    /** The 64 hex digits of a file's content. */
    public static String hex(Path file) throws IOException {
        return hex(file, bytes -> {});
    }

    private static String hex(Path file, LongConsumer read) throws IOException {
        MessageDigest digest = sha256();
        byte[] buffer = new byte[BUFFER_BYTES];
        try (InputStream in = Files.newInputStream(file)) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                digest.update(buffer, 0, n);
                read.accept(n);
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /** Digest over the files' names and contents, in the given order. */
    static String of(List<Path> files) {
        return of(files, bytes -> {});
    }

    /**
     * As above.
     *
     * @param read told the bytes of each piece that was read
     */
    static String of(List<Path> files, LongConsumer read) {
        StringBuilder all = new StringBuilder();
        for (Path file : files) {
            try {
                all.append(file.getFileName())
                        .append(" sha256:")
                        .append(hex(file, read))
                        .append('\n');
            } catch (IOException e) {
                throw new UncheckedIOException(file + ": " + e, e);
            }
        }
        return of(all.toString());
    }

    /** A digest to be fed piece by piece. */
    public static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
