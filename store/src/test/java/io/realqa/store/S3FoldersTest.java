package io.realqa.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Stream;
import org.gaul.s3proxy.AuthenticationType;
import org.gaul.s3proxy.S3Proxy;
import org.jclouds.ContextBuilder;
import org.jclouds.blobstore.BlobStore;
import org.jclouds.blobstore.BlobStoreContext;
import org.junit.jupiter.api.AfterAll;
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

    private static S3Proxy proxy;
    private static BlobStoreContext context;
    private static BlobStore blobs;
    private static S3Settings settings;

    @TempDir
    private Path temporary;

    private String bucket;
    private S3Location root;

    @BeforeAll
    static void serve() throws Exception {
        System.setProperty("aws.accessKeyId", "access");
        System.setProperty("aws.secretAccessKey", "secret");
        Properties properties = new Properties();
        properties.setProperty("jclouds.filesystem.basedir", served.toString());
        context = ContextBuilder.newBuilder("filesystem").overrides(properties).build(BlobStoreContext.class);
        blobs = context.getBlobStore();
        proxy = S3Proxy.builder()
                .blobStore(blobs)
                .endpoint(URI.create("http://127.0.0.1:0"))
                .awsAuthentication(AuthenticationType.AWS_V2_OR_V4, "access", "secret")
                .build();
        proxy.start();
        settings = new S3Settings("http://127.0.0.1:" + proxy.getPort(), null, null);
    }

    @AfterAll
    static void stop() throws Exception {
        proxy.stop();
        context.close();
        System.clearProperty("aws.accessKeyId");
        System.clearProperty("aws.secretAccessKey");
    }

    @BeforeEach
    void bucket() {
        bucket = "bucket-" + Long.toHexString(System.nanoTime());
        blobs.createContainerInLocation(null, bucket);
        root = S3Location.parse("s3://" + bucket + "/models/realqa");
    }

    private static String digest(byte[] bytes) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    }

    private Path folder(Map<String, String> files) throws Exception {
        return folder(files, Map.of());
    }

    /** A folder named by its content, as training leaves it. */
    private Path folder(Map<String, String> files, Map<String, String> listed) throws Exception {
        Path fresh = Files.createTempDirectory(temporary, "fresh");
        ObjectNode manifest = new ObjectMapper().createObjectNode();
        ObjectNode list = manifest.putObject("files");
        for (Map.Entry<String, String> e : files.entrySet()) {
            byte[] bytes = e.getValue().getBytes(StandardCharsets.UTF_8);
            Path file = fresh.resolve(e.getKey());
            Files.createDirectories(file.getParent());
            Files.write(file, bytes);
            list.put(e.getKey(), "sha256:" + digest(bytes));
        }
        listed.forEach(list::put);
        byte[] bytes = new ObjectMapper().writeValueAsBytes(manifest);
        Files.write(fresh.resolve(S3Folders.MANIFEST), bytes);
        return Files.move(fresh, temporary.resolve("sha256-" + digest(bytes)));
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
        try (S3Folders folders = S3Folders.open(settings)) {
            S3Location there = folders.put(folder, root);
            assertThat(there).hasToString(root + "/" + folder.getFileName());
            Path here = folders.get(there, cache);
            assertThat(here).isEqualTo(cache.resolve(folder.getFileName()));
            assertThat(names(here))
                    .containsExactly(
                            "adapter_config.json", "adapter_model.safetensors", "golden/0.jpg", "manifest.json");
            assertThat(here.resolve("golden/0.jpg")).hasContent("an image");
            assertThat(cached(cache)).containsExactly(String.valueOf(folder.getFileName()));
        }
    }

    @Test
    void whatIsThereIsNeitherWrittenNorBroughtAgain() throws Exception {
        Path folder = folder(FILES);
        Path cache = temporary.resolve("cache");
        try (S3Folders folders = S3Folders.open(settings)) {
            S3Location there = folders.put(folder, root);
            folders.get(there, cache);
            // gone behind the manifest's back: a second transfer would show it
            blobs.removeBlob(bucket, there.resolve("adapter_config.json").prefix());
            assertThat(folders.put(folder, root)).isEqualTo(there);
            assertThat(blobs.blobExists(
                            bucket, there.resolve("adapter_config.json").prefix()))
                    .isFalse();
            assertThat(folders.get(there, cache).resolve("adapter_config.json")).hasContent("{}");
        }
    }

    @Test
    void aFolderWithoutItsManifestIsNotReadSoHalfAFolderIsNever() throws Exception {
        S3Location half = root.resolve("half");
        object(half.resolve("adapter_config.json"), "{}");
        try (S3Folders folders = S3Folders.open(settings)) {
            assertThatThrownBy(() -> folders.get(half, temporary.resolve("cache")))
                    .isInstanceOf(StoreException.class)
                    .hasMessageContaining(half + ": no manifest.json");
        }
    }

    @Test
    void theManifestIsWrittenLast() throws Exception {
        // a file that is not as its manifest says stops the writing before that
        Path folder = folder(FILES);
        Files.writeString(folder.resolve("golden/0.jpg"), "another image");
        S3Location there = root.resolve(String.valueOf(folder.getFileName()));
        try (S3Folders folders = S3Folders.open(settings)) {
            assertThatThrownBy(() -> folders.put(folder, root))
                    .isInstanceOf(StoreException.class)
                    .hasMessageContainingAll("golden/0.jpg", "as in manifest.json");
        }
        assertThat(blobs.blobExists(bucket, there.resolve("adapter_config.json").prefix()))
                .isTrue();
        assertThat(blobs.blobExists(bucket, there.resolve("manifest.json").prefix()))
                .isFalse();
    }

    @Test
    void aChangedOrMissingFileIsNamedAndNothingStaysBehind() throws Exception {
        Path folder = folder(FILES);
        Path cache = temporary.resolve("cache");
        try (S3Folders folders = S3Folders.open(settings)) {
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
    }

    @Test
    void aNameThatLeavesTheFolderIsRefused() throws Exception {
        for (String name : List.of("../evil", "/etc/evil", "a/../../evil", "a//b", "manifest.json/../x")) {
            S3Location there = root.resolve("evil-" + Integer.toHexString(name.hashCode()));
            object(there.resolve("manifest.json"), "{\"files\":{\"" + name + "\":\"sha256:00\"}}");
            try (S3Folders folders = S3Folders.open(settings)) {
                assertThatThrownBy(() -> folders.get(there, temporary.resolve("cache")))
                        .as(name)
                        .isInstanceOf(StoreException.class)
                        .hasMessageContaining("file: " + name);
            }
        }
        assertThat(temporary.resolve("evil")).doesNotExist();
    }

    @Test
    void aManifestThatIsNoneIsRefused() throws Exception {
        for (String text : List.of("", "{", "[]", "{\"files\":{}}", "{\"files\":{\"manifest.json\":\"sha256:00\"}}")) {
            S3Location there = root.resolve("none-" + Integer.toHexString(text.hashCode()));
            object(there.resolve("manifest.json"), text);
            try (S3Folders folders = S3Folders.open(settings)) {
                assertThatThrownBy(() -> folders.get(there, temporary.resolve("cache")))
                        .as(text)
                        .isInstanceOf(StoreException.class)
                        .hasMessageContaining("manifest.json");
            }
        }
    }

    @Test
    void anUnnamedFolderIsNotWritten() throws Exception {
        Path folder = Files.move(folder(FILES), temporary.resolve("adapter"));
        try (S3Folders folders = S3Folders.open(settings)) {
            assertThatThrownBy(() -> folders.put(folder, root))
                    .isInstanceOf(StoreException.class)
                    .hasMessageContaining("expected: the folder's name");
        }
    }

    @Test
    void aBucketThatIsNotThereAndAServiceThatIsAwayAreSaid() throws Exception {
        S3Location nowhere = S3Location.parse("s3://no-such-bucket/models");
        Path folder = folder(FILES);
        try (S3Folders folders = S3Folders.open(settings)) {
            assertThatThrownBy(() -> folders.put(folder, nowhere))
                    .isInstanceOf(StoreException.class)
                    .hasMessageContainingAll(nowhere.toString(), "NoSuchBucket");
        }
        try (S3Folders folders = S3Folders.open(new S3Settings("http://127.0.0.1:1", null, null))) {
            assertThatThrownBy(() -> folders.get(root, temporary.resolve("cache")))
                    .isInstanceOf(StoreException.class)
                    .hasMessageContaining(root + " cannot be read");
        }
    }

    @Test
    void theCacheKeepsTheNewestFolders() throws Exception {
        Path cache = temporary.resolve("cache");
        try (S3Folders folders = S3Folders.open(settings)) {
            for (int i = 0; i < 18; i++) {
                Path here = folders.get(folders.put(folder(Map.of("a", "content " + i)), root), cache);
                Files.setLastModifiedTime(here, FileTime.from(Instant.EPOCH.plusSeconds(i)));
                if (i == 0) {
                    Files.createDirectory(cache.resolve("not-ours"));
                }
            }
            List<String> contents = new java.util.ArrayList<>();
            for (String name : cached(cache)) {
                if (name.startsWith("sha256-")) {
                    contents.add(Files.readString(cache.resolve(name).resolve("a")));
                }
            }
            assertThat(contents).hasSize(16).contains("content 17", "content 2").doesNotContain("content 0");
            assertThat(cache.resolve("not-ours")).exists();
        }
    }
}
