package io.realqa.scorer;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/** SHA-256 digests, written as {@code sha256:<64 hex digits>} where nothing else is said. */
public final class Digests {
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
        MessageDigest digest = sha256();
        try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
            in.transferTo(OutputStream.nullOutputStream());
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /** Digest over the files' names and contents, in the given order. */
    static String of(List<Path> files) {
        StringBuilder all = new StringBuilder();
        for (Path file : files) {
            try {
                all.append(file.getFileName()).append(' ').append(of(file)).append('\n');
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
