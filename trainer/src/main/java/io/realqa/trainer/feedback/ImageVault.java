package io.realqa.trainer.feedback;

import io.realqa.scorer.Digests;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.UUID;

/**
 * Labelled images by the digest of their bytes, in a folder: {@code ab/abcdef…}. A file appears whole or not at all. What
 * is kept for a label that then is not committed does no harm.
 */
public final class ImageVault {
    private final Path folder;

    public ImageVault(Path folder) {
        this.folder = folder;
    }

    /** The folder that {@link #name} starts at. */
    public Path folder() {
        return folder;
    }

    /** An image's path below the folder. */
    public static String name(String sha256) {
        return sha256.substring(0, 2) + "/" + sha256;
    }

    /** Where an image lies, if it is kept. */
    public Path file(String sha256) {
        return folder.resolve(name(sha256));
    }

    /** An image's bytes; empty: it is not kept, or its file holds something else by now. */
    public Optional<byte[]> read(String sha256) throws IOException {
        Path file = file(sha256);
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        byte[] content = Files.readAllBytes(file);
        return Digests.hex(content).equals(sha256) ? Optional.of(content) : Optional.empty();
    }

    /** Keeps an image, forced to the disk. */
    void keep(String sha256, byte[] content) throws IOException {
        if (read(sha256).isPresent()) {
            return;
        }
        Path file = file(sha256);
        Path parent = folder.resolve(sha256.substring(0, 2));
        Files.createDirectories(parent);
        Path fresh = parent.resolve(".new-" + UUID.randomUUID());
        try (FileChannel channel = FileChannel.open(fresh, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            java.nio.ByteBuffer bytes = java.nio.ByteBuffer.wrap(content);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
