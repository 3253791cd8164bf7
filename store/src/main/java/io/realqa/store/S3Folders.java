package io.realqa.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;

/**
 * {@linkplain ContentFolder Folders named by their content} in S3. The manifest is written last: where it is, everything is,
 * and a reader takes nothing but what it lists.
 *
 * <p>A reader keeps folders in a cache under the same names. Objects have at most 5 GiB, S3's limit for one request.
 * Owned by one thread. Every request is bounded in time and tried again when the service is busy or away.
 */
public final class S3Folders implements AutoCloseable {
    private static final String MANIFEST = ContentFolder.MANIFEST;
    private static final Logger LOG = LoggerFactory.getLogger(S3Folders.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration CONNECTING = Duration.ofSeconds(5);
    private static final Duration SILENCE = Duration.ofSeconds(20);
    private static final Duration ATTEMPT = Duration.ofMinutes(10);
    private static final Duration CALL = Duration.ofMinutes(20);
    private static final int MANIFEST_BYTES = 16 << 20;
    private static final int MOST_FILES = 10_000;
    /** An adapter of all modules of the largest Qwen2-VL at rank 256 has a tenth of it. */
    private static final long FOLDER_BYTES = 64L << 30;

    /** Folders that stay in a cache, the newest ones: what served before is loaded again without a transfer. */
    private static final int KEPT = 16;

    private final S3Client client;

    private S3Folders(S3Client client) {
        this.client = client;
    }

    /** Opens nothing yet: the first request connects. */
    public static S3Folders open(S3Settings settings) {
        String endpoint = settings.endpoint();
        S3ClientBuilder builder = S3Client.builder()
                .httpClientBuilder(UrlConnectionHttpClient.builder()
                        .connectionTimeout(CONNECTING)
                        .socketTimeout(SILENCE))
                .overrideConfiguration(c -> c.apiCallAttemptTimeout(ATTEMPT).apiCallTimeout(CALL))
                .forcePathStyle(settings.pathStyle() == null ? endpoint != null : settings.pathStyle())
                // Not all services that speak the protocol know the newer checksums; digests are checked here anyway.
                .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
                .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED);
        if (endpoint != null) {
            builder.endpointOverride(URI.create(endpoint));
        }
        String region = settings.region();
        if (region != null || endpoint != null) {
            builder.region(region == null ? Region.US_EAST_1 : Region.of(region));
        }
        return new S3Folders(builder.build());
    }

    /**
     * Writes a folder, its manifest last; what is there already is left alone.
     *
     * @param folder named by its content, with a manifest
     * @return where it is: the root with the folder's name
     */
    public S3Location put(Path folder, S3Location root) throws StoreException {
        String name = String.valueOf(folder.toAbsolutePath().normalize().getFileName());
        S3Location there = root.resolve(name);
        try {
            byte[] manifest = Files.readAllBytes(folder.resolve(MANIFEST));
            String digest = ContentFolder.name(manifest);
            if (!digest.equals(name)) {
                throw new StoreException(
                        folder + ": " + MANIFEST + " is " + digest + " (expected: the folder's name)", null);
            }
            Optional<byte[]> present = manifest(there);
            if (present.isPresent() && Arrays.equals(present.get(), manifest)) {
                return there;
            }
            for (Map.Entry<String, String> file :
                    files(folder.toString(), manifest).entrySet()) {
                Path from = inside(folder, file.getKey());
                String found = ContentFolder.digest(from);
                if (!found.equals(file.getValue())) {
                    throw new StoreException(
                            from + ": " + found + " (expected: " + file.getValue() + ", as in " + MANIFEST + ")", null);
                }
                S3Location to = there.resolve(file.getKey());
                client.putObject(r -> r.bucket(to.bucket()).key(to.prefix()), from);
            }
            S3Location to = there.resolve(MANIFEST);
            client.putObject(
                    r -> r.bucket(to.bucket()).key(to.prefix()).contentType("application/json"),
                    RequestBody.fromBytes(manifest));
            return there;
        } catch (IOException e) {
            throw new StoreException(folder + " cannot be read: " + e, e);
        } catch (SdkException e) {
            throw new StoreException(there + " cannot be written: " + said(e), e, away(e));
        }
    }

    /**
     * Brings a folder here, or finds it in the cache.
     *
     * @param cache folder of folders; made where it is missing
     * @return the folder in the cache, whole, each file as its manifest says
     * @throws StoreException if it has no manifest, or holds something else than that says, or cannot be read
     */
    public Path get(S3Location there, Path cache) throws StoreException {
        try {
            byte[] manifest = manifest(there)
                    .orElseThrow(() -> new StoreException(
                            there + ": no " + MANIFEST + " (expected: a folder with the list of its files, which is"
                                    + " written last)",
                            null));
            Path here = cache.resolve(ContentFolder.name(manifest));
            if (!Files.isDirectory(here)) {
                Files.createDirectories(cache);
                Path fresh = Files.createDirectory(cache.resolve(".new-" + UUID.randomUUID()));
                try {
                    fill(there, manifest, fresh);
                    // another process that shares the cache may have been faster
                    ContentFolder.appear(fresh, here);
                } finally {
                    ContentFolder.delete(fresh);
                }
            }
            Files.setLastModifiedTime(here, FileTime.from(Instant.now()));
            prune(cache, here);
            return here;
        } catch (IOException e) {
            throw new StoreException(there + " cannot be kept in " + cache + ": " + e, e, true);
        } catch (SdkException e) {
            throw new StoreException(there + " cannot be read: " + said(e), e, away(e));
        }
    }

    @Override
    public void close() {
        client.close();
    }

    private void fill(S3Location there, byte[] manifest, Path fresh) throws StoreException, IOException {
        long left = FOLDER_BYTES;
        for (Map.Entry<String, String> file : files(there.toString(), manifest).entrySet()) {
            Path to = inside(fresh, file.getKey());
            Files.createDirectories(to.getParent());
            S3Location from = there.resolve(file.getKey());
            String found;
            try (ResponseInputStream<GetObjectResponse> in =
                    client.getObject(r -> r.bucket(from.bucket()).key(from.prefix()))) {
                long size = in.response().contentLength();
                left -= size;
                if (left < 0) {
                    in.abort();
                    throw new StoreException(there + ": over " + FOLDER_BYTES + " bytes (expected: an adapter)", null);
                }
                try (OutputStream out = Files.newOutputStream(to)) {
                    found = ContentFolder.digest(in, out);
                }
                ContentFolder.forceFile(to);
            } catch (NoSuchKeyException e) {
                throw new StoreException(from + ": missing (expected: " + file.getValue() + ")", e);
            }
            if (!found.equals(file.getValue())) {
                throw new StoreException(
                        from + ": " + found + " (expected: " + file.getValue() + " by " + MANIFEST + ")", null);
            }
        }
        Files.write(fresh.resolve(MANIFEST), manifest);
    }

    private Optional<byte[]> manifest(S3Location there) throws StoreException, IOException {
        S3Location from = there.resolve(MANIFEST);
        try (ResponseInputStream<GetObjectResponse> in =
                client.getObject(r -> r.bucket(from.bucket()).key(from.prefix()))) {
            byte[] bytes = in.readNBytes(MANIFEST_BYTES + 1);
            if (bytes.length > MANIFEST_BYTES) {
                in.abort();
                throw new StoreException(
                        from + ": over " + MANIFEST_BYTES + " bytes (expected: a list of files)", null);
            }
            return Optional.of(bytes);
        } catch (NoSuchKeyException e) {
            return Optional.empty();
        }
    }

    private static Map<String, String> files(String folder, byte[] manifest) throws StoreException, IOException {
        @Nullable JsonNode json;
        try {
            json = JSON.readTree(manifest);
        } catch (JsonProcessingException e) {
            throw new StoreException(folder + ": " + MANIFEST + " is no JSON: " + e.getOriginalMessage(), e);
        }
        Map<String, String> files = new TreeMap<>();
        if (json != null) {
            json.path("files")
                    .properties()
                    .forEach(f -> files.put(f.getKey(), f.getValue().asText()));
        }
        if (files.isEmpty() || files.size() > MOST_FILES || files.containsKey(MANIFEST)) {
            throw new StoreException(
                    folder + ": " + files.size() + " files in " + MANIFEST + " (expected: 1 to " + MOST_FILES
                            + ", without itself)",
                    null);
        }
        return files;
    }

    /** A file of a folder by its relative name. */
    private static Path inside(Path folder, String name) throws StoreException {
        Path file = folder.resolve(name).normalize();
        boolean plain = !name.isEmpty() && Path.of(name).normalize().toString().equals(name);
        if (!plain || file.equals(folder) || !file.startsWith(folder)) {
            throw new StoreException("file: " + name + " (expected: the name of a file inside its folder)", null);
        }
        return file;
    }

    private static void prune(Path cache, Path used) throws IOException {
        List<Path> old;
        try (Stream<Path> all = Files.list(cache)) {
            old = all.filter(p -> String.valueOf(p.getFileName()).startsWith("sha256-") && !p.equals(used))
                    .sorted(Comparator.comparing(S3Folders::lastUse).reversed())
                    .skip(KEPT - 1L)
                    .toList();
        }
        // What is mapped stays readable: the files go with the last that uses them.
        for (Path folder : old) {
            LOG.info("{} leaves the cache", folder);
            ContentFolder.delete(folder);
        }
    }

    private static FileTime lastUse(Path folder) {
        try {
            return Files.getLastModifiedTime(folder);
        } catch (IOException e) {
            return FileTime.fromMillis(0);
        }
    }

    /** No answer, too many requests, or the service's own failure; no access and no bucket are answers. */
    private static boolean away(SdkException e) {
        return !(e instanceof AwsServiceException answered)
                || answered.isThrottlingException()
                || answered.statusCode() >= 500;
    }

    private static String said(SdkException e) {
        if (e instanceof AwsServiceException answered && answered.awsErrorDetails() != null) {
            return answered.statusCode() + " " + answered.awsErrorDetails().errorCode() + ": "
                    + answered.awsErrorDetails().errorMessage();
        }
        return String.valueOf(e.getMessage());
    }
}
