package io.realqa.store;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * Folders named by the digest of what they hold: {@code sha256-<64 hex digits>}, the digest of their {@value #MANIFEST},
 * which has the digest of every other file. A folder appears whole or not at all: it is filled under another name, forced
 * to the disk, and renamed.
 */
public final class ContentFolder {
    /** The list of the folder's files. */
    public static final String MANIFEST = "manifest.json";

    private static final ObjectMapper JSON = new ObjectMapper()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS);

    private ContentFolder() {}

    /** Fills a folder. */
    public interface Filler {
        /** Returns what else the manifest says. */
        Map<String, Object> fill(Path folder) throws IOException, InterruptedException;
    }

    /**
     * Makes a folder below another.
     *
     * @return the folder; where the same content is there already, that one
     */
    public static Path make(Path parent, Filler filler) throws IOException, InterruptedException {
        Files.createDirectories(parent);
        Path fresh = Files.createDirectory(parent.resolve(".new-" + UUID.randomUUID()));
        try {
            Map<String, Object> manifest = new TreeMap<>(filler.fill(fresh));
            manifest.put("files", digests(fresh));
            Path file = fresh.resolve(MANIFEST);
            JSON.writeValue(file.toFile(), manifest);
            force(fresh);
            Path made = parent.resolve(name(Files.readAllBytes(file)));
            appear(fresh, made);
            forceFolder(parent);
            return made;
        } catch (IOException | InterruptedException | RuntimeException e) {
            delete(fresh);
            throw e;
        }
    }

    /** Makes one with the files of another folder. Of that folder's own manifest all is kept but the list. */
    public static Path copy(Path folder, Path parent) throws IOException, InterruptedException {
        Path manifest = folder.resolve(MANIFEST);
        return make(parent, fresh -> {
            for (Path file : files(folder)) {
                if (!file.equals(manifest)) {
                    Path to = fresh.resolve(folder.relativize(file).toString());
                    Files.createDirectories(to.getParent());
                    Files.copy(file, to);
                }
            }
            return Files.exists(manifest) ? JSON.readValue(manifest.toFile(), new TypeReference<>() {}) : Map.of();
        });
    }

    /**
     * Checks a folder against its name and manifest.
     *
     * @throws IllegalArgumentException naming the first file that differs, is missing or does not belong there
     */
    public static void verify(Path folder) throws IOException {
        Path file = folder.resolve(MANIFEST);
        if (!Files.isRegularFile(file)) {
            throw new IllegalArgumentException(file + ": missing (expected: the list of the folder's files)");
        }
        String name = String.valueOf(folder.toAbsolutePath().normalize().getFileName());
        String digest = name(Files.readAllBytes(file));
        if (!name.equals(digest)) {
            throw new IllegalArgumentException(
                    folder + ": " + MANIFEST + " is " + digest + " (expected: the folder's name)");
        }
        Map<String, String> listed = new TreeMap<>();
        JSON.readTree(file.toFile())
                .path("files")
                .properties()
                .forEach(e -> listed.put(e.getKey(), e.getValue().asText()));
        Map<String, String> found = digests(folder);
        found.remove(MANIFEST);
        for (Map.Entry<String, String> e : listed.entrySet()) {
            if (!e.getValue().equals(found.remove(e.getKey()))) {
                throw new IllegalArgumentException(
                        folder.resolve(e.getKey()) + ": not as in " + MANIFEST + " (expected: " + e.getValue() + ")");
            }
        }
        if (!found.isEmpty()) {
            throw new IllegalArgumentException(
                    folder + ": " + found.keySet() + " (expected: only what " + MANIFEST + " lists)");
        }
    }

    /** The name of a folder by its manifest. */
    static String name(byte[] manifest) {
        return "sha256-" + HexFormat.of().formatHex(sha256().digest(manifest));
    }

    /** Gives a filled folder its name; where the same content is there already, that stays, and the folder goes. */
    static void appear(Path fresh, Path made) throws IOException {
        try {
            Files.move(fresh, made, StandardCopyOption.ATOMIC_MOVE);
        } catch (FileSystemException e) {
            if (!Files.isDirectory(made)) {
                throw e;
            }
            delete(fresh);
        }
    }

    /** A file's digest, as manifests have it: {@code sha256:<64 hex digits>}. */
    static String digest(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return digest(in, OutputStream.nullOutputStream());
        }
    }

    /** The same of what is copied from one stream to the other. */
    static String digest(InputStream in, OutputStream out) throws IOException {
        DigestInputStream counted = new DigestInputStream(in, sha256());
        counted.transferTo(out);
        return "sha256:" + HexFormat.of().formatHex(counted.getMessageDigest().digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private static Map<String, String> digests(Path folder) throws IOException {
        Map<String, String> digests = new TreeMap<>();
        for (Path file : files(folder)) {
            String name = folder.relativize(file).toString().replace('\\', '/');
            digests.put(name, digest(file));
        }
        return digests;
    }

    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(Files::isRegularFile).sorted().toList();
        }
    }

    private static void force(Path folder) throws IOException {
        for (Path file : files(folder)) {
            forceFile(file);
        }
        forceFolder(folder);
    }

    /** Makes what was written to a file last. */
    static void forceFile(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
    }

    /** Makes a rename in the folder last, where the system can. */
    private static void forceFolder(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /** Deletes a folder with all that is in it, if it is there. */
    public static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        List<Path> all;
        try (Stream<Path> walk = Files.walk(folder)) {
            all = walk.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : all) {
            Files.deleteIfExists(path);
        }
    }
}
