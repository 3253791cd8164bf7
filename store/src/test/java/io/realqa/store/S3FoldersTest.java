package io.realqa.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jclouds.blobstore.BlobStore;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against S3Proxy, which checks signatures as S3 does. */
class S3FoldersTest {
    private static final Map<String, String> FILES =
            Map.of("adapter_config.json", "{}", "adapter_model.safetensors", "weights", "golden/0.jpg", "an image");

    @TempDir
    private static Path served;

    private static ObjectStore store;
    private static BlobStore blobs;

    @TempDir
    private Path temporary;

    private String bucket;
    private S3Location root;
    private S3Folders folders;

    @BeforeAll
    static void serve() throws Exception {
        store = new ObjectStore(served);
        blobs = store.blobs();
    }

    @AfterAll
    static void stop() throws Exception {
        store.close();
    }

    @BeforeEach
    void bucket() {
        bucket = "bucket-" + Long.toHexString(System.nanoTime());
        store.bucket(bucket);
        root = S3Location.parse("s3://" + bucket + "/models/realqa");
        folders = S3Folders.open(store.settings());
    }

    @AfterEach
    void close() {
        folders.close();
    }

    /** A folder named by its content, as training leaves it. */
    private Path folder(Map<String, String> files) throws Exception {
        return ContentFolder.make(temporary.resolve("made"), fresh -> {
            for (Map.Entry<String, String> e : files.entrySet()) {
                Path file = fresh.resolve(e.getKey());
                Files.createDirectories(file.getParent());
                Files.writeString(file, e.getValue());
            }
            return Map.of();
        });
    }

    private void object(S3Location at, String content) {
        byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
        blobs.putBlob(
                bucket,
                blobs.blobBuilder(at.prefix())
                        .payload(bytes)
                        .contentLength(bytes.length)
                        .build());
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(Files::isRegularFile)
                    .map(f -> folder.relativize(f).toString())
                    .sorted()
                    .toList();
        }
    }

    private List<String> cached(Path cache) throws IOException {
        try (Stream<Path> all = Files.list(cache)) {
            return all.map(f -> String.valueOf(f.getFileName())).sorted().toList();
        }
    }

    @Test
    void aFolderComesBackAsItWas() throws Exception {
        Path folder = folder(FILES);
        Path cache = temporary.resolve("cache");
        S3Location there = folders.put(folder, root);
        assertThat(there).hasToString(root + "/" + folder.getFileName());
        Path here = folders.get(there, cache);
        assertThat(here).isEqualTo(cache.resolve(folder.getFileName()));
        assertThat(names(here))
                .containsExactly("adapter_config.json", "adapter_model.safetensors", "golden/0.jpg", "manifest.json");
        assertThat(here.resolve("golden/0.jpg")).hasContent("an image");
        assertThat(cached(cache)).containsExactly(String.valueOf(folder.getFileName()));
    }

    @Test
    void whatIsThereIsNeitherWrittenNorBroughtAgain() throws Exception {
        Path folder = folder(FILES);
        Path cache = temporary.resolve("cache");
        S3Location there = folders.put(folder, root);
        folders.get(there, cache);
        // gone behind the manifest's back: a second transfer would show it
        blobs.removeBlob(bucket, there.resolve("adapter_config.json").prefix());
        assertThat(folders.put(folder, root)).isEqualTo(there);
        assertThat(blobs.blobExists(bucket, there.resolve("adapter_config.json").prefix()))
                .isFalse();
        assertThat(folders.get(there, cache).resolve("adapter_config.json")).hasContent("{}");
    }

    @Test
    void aFolderWithoutItsManifestIsNotReadSoHalfAFolderIsNever() throws Exception {
        S3Location half = root.resolve("half");
        object(half.resolve("adapter_config.json"), "{}");
        assertThatThrownBy(() -> folders.get(half, temporary.resolve("cache")))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining(half + ": no manifest.json");
    }

    @Test
    void theManifestIsWrittenLast() throws Exception {
        // a file that is not as its manifest says stops the writing before that
        Path folder = folder(FILES);
        Files.writeString(folder.resolve("golden/0.jpg"), "another image");
        S3Location there = root.resolve(String.valueOf(folder.getFileName()));
        assertThatThrownBy(() -> folders.put(folder, root))
                .isInstanceOf(StoreException.class)
                .hasMessageContainingAll("golden/0.jpg", "as in manifest.json");
        assertThat(blobs.blobExists(bucket, there.resolve("adapter_config.json").prefix()))
                .isTrue();
        assertThat(blobs.blobExists(bucket, there.resolve("manifest.json").prefix()))
                .isFalse();
    }

    @Test
    void aChangedOrMissingFileIsNamedAndNothingStaysBehind() throws Exception {
        Path folder = folder(FILES);
        Path cache = temporary.resolve("cache");
        S3Location there = folders.put(folder, root);
        object(there.resolve("adapter_model.safetensors"), "weighty");
        assertThatThrownBy(() -> folders.get(there, cache))
                .isInstanceOf(StoreException.class)
                .hasMessageContainingAll("adapter_model.safetensors: sha256:", "expected: sha256:");
        blobs.removeBlob(bucket, there.resolve("adapter_model.safetensors").prefix());
        assertThatThrownBy(() -> folders.get(there, cache))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("adapter_model.safetensors: missing");
        assertThat(cached(cache)).isEmpty();
    }

    @Test
    void aNameThatLeavesTheFolderIsRefused() throws Exception {
        for (String name : List.of("../evil", "/etc/evil", "a/../../evil", "a//b", "manifest.json/../x")) {
            S3Location there = root.resolve("evil-" + Integer.toHexString(name.hashCode()));
            object(there.resolve("manifest.json"), "{\"files\":{\"" + name + "\":\"sha256:00\"}}");
            assertThatThrownBy(() -> folders.get(there, temporary.resolve("cache")))
                    .as(name)
                    .isInstanceOf(StoreException.class)
                    .hasMessageContaining("file: " + name);
        }
        assertThat(temporary.resolve("evil")).doesNotExist();
    }

    @Test
    void aManifestThatIsNoneIsRefused() throws Exception {
        for (String text : List.of("", "{", "[]", "{\"files\":{}}", "{\"files\":{\"manifest.json\":\"sha256:00\"}}")) {
            S3Location there = root.resolve("none-" + Integer.toHexString(text.hashCode()));
            object(there.resolve("manifest.json"), text);
            assertThatThrownBy(() -> folders.get(there, temporary.resolve("cache")))
                    .as(text)
                    .isInstanceOf(StoreException.class)
                    .hasMessageContaining("manifest.json");
        }
    }

    @Test
    void anUnnamedFolderIsNotWritten() throws Exception {
        Path folder = Files.move(folder(FILES), temporary.resolve("adapter"));
        assertThatThrownBy(() -> folders.put(folder, root))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("expected: the folder's name");
    }

    @Test
    void aBucketThatIsNotThereAndAServiceThatIsAwayAreSaid() throws Exception {
        S3Location nowhere = S3Location.parse("s3://no-such-bucket/models");
        Path folder = folder(FILES);
        assertThatThrownBy(() -> folders.put(folder, nowhere))
                .isInstanceOf(StoreException.class)
                .hasMessageContainingAll(nowhere.toString(), "NoSuchBucket")
                .extracting(e -> ((StoreException) e).away())
                .isEqualTo(false);
        try (S3Folders away = S3Folders.open(new S3Settings("http://127.0.0.1:1", null, null))) {
            assertThatThrownBy(() -> away.get(root, temporary.resolve("cache")))
                    .isInstanceOf(StoreException.class)
                    .hasMessageContaining(root + " cannot be read")
                    .extracting(e -> ((StoreException) e).away())
                    .isEqualTo(true);
        }
    }

    @Test
    void theCacheKeepsTheNewestFolders() throws Exception {
        Path cache = temporary.resolve("cache");
        for (int i = 0; i < 18; i++) {
            Path here = folders.get(folders.put(folder(Map.of("a", "content " + i)), root), cache);
            Files.setLastModifiedTime(here, FileTime.from(Instant.EPOCH.plusSeconds(i)));
            if (i == 0) {
                Files.createDirectory(cache.resolve("not-ours"));
            }
        }
        List<String> contents = new ArrayList<>();
        for (String name : cached(cache)) {
            if (name.startsWith("sha256-")) {
                contents.add(Files.readString(cache.resolve(name).resolve("a")));
            }
        }
        assertThat(contents).hasSize(16).contains("content 17", "content 2").doesNotContain("content 0");
        assertThat(cache.resolve("not-ours")).exists();
    }
}
