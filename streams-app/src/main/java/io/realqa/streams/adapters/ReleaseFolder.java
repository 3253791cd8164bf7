package io.realqa.streams.adapters;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.realqa.scorer.Adapter;
import io.realqa.scorer.Digests;
import io.realqa.store.S3Folders;
import io.realqa.store.S3Location;
import io.realqa.store.StoreException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Finds a release's folder, in the file system or in S3, and refuses whatever is not its own: places out of the roots, links,
 * files that changed.
 */
final class ReleaseFolder {
    /** List of a folder's files with their digests, where the folder has one. */
    static final String MANIFEST = "manifest.json";

    private static final long MANIFEST_BYTES = 16L << 20;
    private static final int MOST_FILES = 10_000;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final List<Path> roots;
    private final AdaptersConfig.@Nullable Remote remote;

    /**
     * @param roots folders under which releases may lie
     * @param remote places in S3 where they may lie; null: none
     */
    ReleaseFolder(List<Path> roots, AdaptersConfig.@Nullable Remote remote) {
        this.roots = List.copyOf(roots);
        this.remote = remote;
    }

    /** The folder of a release, checked against its digest and its manifest. */
    Path checked(Release release) throws RefusedException {
        String location = release.location();
        if (location == null) {
            throw new RefusedException("location: missing (expected: the adapter's folder)");
        }
        Path folder = S3Location.isOne(location) ? fetched(location) : find(location);
        try {
            plain(folder);
            String digest = Adapter.digest(folder);
            if (!digest.equals(release.adapter())) {
                throw new RefusedException("content: " + digest + " (expected: " + release.adapter()
                        + ", the release's digest; a corrupt or changed file?)");
            }
            manifest(folder);
            return folder;
        } catch (IOException | UncheckedIOException e) {
            throw new RefusedException("location: " + location + " cannot be read: " + e, e);
        }
    }

    private Path fetched(String location) throws RefusedException {
        S3Location there;
        try {
            there = S3Location.parse(location);
        } catch (IllegalArgumentException e) {
            throw new RefusedException("location: " + e.getMessage(), e);
        }
        if (remote == null || remote.roots().stream().noneMatch(there::isUnder)) {
            throw outside(location);
        }
        try (S3Folders folders = S3Folders.open(remote.s3())) {
            return folders.get(there, remote.cache());
        } catch (StoreException e) {
            throw new RefusedException("location: " + e.getMessage(), e, e.away());
        }
    }

    private Path find(String location) throws RefusedException {
        Path path = path(location);
        Path real;
        try {
            real = path.toRealPath();
        } catch (IOException e) {
            // Whether it exists is told only about what would lie under a root.
            boolean under = roots.stream()
                    .anyMatch(r -> path.startsWith(r.toAbsolutePath().normalize()));
            throw under
                    ? new RefusedException("location: " + location + " is missing (expected: the adapter's folder)", e)
                    : outside(location);
        }
        if (roots.stream().noneMatch(r -> isUnder(r, real))) {
            throw outside(location);
        }
        if (!Files.isDirectory(real, NOFOLLOW_LINKS)) {
            throw new RefusedException("location: " + location + " (expected: a folder)");
        }
        return real;
    }

    private static Path path(String location) throws RefusedException {
        String expected = " (expected: an absolute path, a file: URI or s3://BUCKET/PREFIX)";
        try {
            if (location.matches("[A-Za-z][A-Za-z0-9+.-]+:.*")) {
                URI uri = URI.create(location);
                if (!"file".equalsIgnoreCase(uri.getScheme())) {
                    throw new RefusedException("location: scheme " + uri.getScheme() + expected);
                }
                return Path.of(uri).normalize();
            }
            Path path = Path.of(location);
            if (path.isAbsolute()) {
                return path.normalize();
            }
        } catch (IllegalArgumentException e) {
            throw new RefusedException("location: " + location + ": " + e.getMessage() + expected, e);
        }
        throw new RefusedException("location: " + location + expected);
    }

    private static boolean isUnder(Path root, Path real) {
        try {
            return real.startsWith(root.toRealPath());
        } catch (IOException e) {
            // A root that is not there at the moment allows nothing.
            return false;
        }
    }

    private RefusedException outside(String location) {
        List<Object> all = new ArrayList<>(roots);
        if (remote != null) {
            all.addAll(remote.roots());
        }
        return new RefusedException("location: " + location + " (expected: a folder under adapters.roots " + all + ")");
    }

    /** A link could lead out of the roots, or be moved on after the check. */
    private static void plain(Path folder) throws IOException, RefusedException {
        try (Stream<Path> all = Files.walk(folder).limit(MOST_FILES + 1L)) {
            List<Path> files = all.toList();
            if (files.size() > MOST_FILES) {
                throw new RefusedException(folder + ": over " + MOST_FILES + " files (expected: an adapter's)");
            }
            for (Path file : files) {
                if (!Files.isRegularFile(file, NOFOLLOW_LINKS) && !Files.isDirectory(file, NOFOLLOW_LINKS)) {
                    throw new RefusedException(file + ": a link or a device (expected: plain files and folders)");
                }
            }
        }
    }

    private static void manifest(Path folder) throws IOException, RefusedException {
        Path file = folder.resolve(MANIFEST);
        if (!Files.exists(file)) {
            return;
        }
        for (Map.Entry<String, JsonNode> e : json(file).path("files").properties()) {
            Path listed = inside(folder, e.getKey());
            String digest = Files.isRegularFile(listed) ? Digests.of(listed) : "missing";
            if (!digest.equals(e.getValue().asText())) {
                throw new RefusedException(e.getKey() + ": " + digest + " (expected: "
                        + e.getValue().asText() + " by " + MANIFEST + ")");
            }
        }
    }

    /** A file of the folder by its relative name. */
    static Path inside(Path folder, String name) throws RefusedException {
        Path file = folder.resolve(name).normalize();
        if (name.isEmpty() || file.equals(folder) || !file.startsWith(folder)) {
            throw new RefusedException("file: " + name + " (expected: a file inside the adapter's folder)");
        }
        return file;
    }

    static JsonNode json(Path file) throws IOException, RefusedException {
        long size = Files.size(file);
        if (size > MANIFEST_BYTES) {
            throw new RefusedException(file + ": " + size + " bytes (expected: at most " + MANIFEST_BYTES + ")");
        }
        @Nullable JsonNode json = JSON.readTree(Files.readAllBytes(file));
        if (json == null || !json.isObject()) {
            throw new RefusedException(file + ": no JSON object (expected: one)");
        }
        return json;
    }
}
