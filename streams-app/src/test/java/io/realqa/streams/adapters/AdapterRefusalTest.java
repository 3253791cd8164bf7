package io.realqa.streams.adapters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.realqa.events.AdapterRelease;
import io.realqa.events.WorkerState;
import io.realqa.schemas.ReleaseKey;
import io.realqa.scorer.Adapter;
import io.realqa.scorer.ModelHandle;
import io.realqa.scorer.Score;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.store.ObjectStore;
import io.realqa.store.S3Location;
import io.realqa.streams.metrics.ServiceMetrics;
import io.realqa.streams.scoring.BatchScorer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An adapter that is not what its release says is refused with the reason, and the version before serves on. */
class AdapterRefusalTest {
    private static final ReleaseKey KEY = ReleaseKey.parse("shop/active");
    private static ModelHandle model;

    @TempDir
    Path temporary;

    private Path root;
    private AdaptersConfig.@Nullable Remote remote;
    private AdapterHost host;
    private Releases releases = Releases.NONE;
    private long epoch;

    @BeforeAll
    static void load() {
        model = ModelHandle.load(TestAdapters.CHECKPOINT, null, null);
    }

    @AfterAll
    static void close() {
        model.close();
    }

    @BeforeEach
    void serveAGoodOne() throws Exception {
        root = Files.createDirectory(temporary.resolve("root"));
        host = host(false);
        Path good = TestAdapters.make(root.resolve("good"), 8);
        TestAdapters.golden(model.scorer().checkpoint(), good, 0);
        SlotStatus status = release(good, Adapter.digest(good));
        assertThat(status.state()).as(String.valueOf(status.message())).isEqualTo(WorkerState.SERVING);
        assertThat(status.message()).contains("4 golden images as expected");
    }

    @AfterEach
    void free() {
        host.close();
    }

    private AdapterHost host(boolean goldenRequired) {
        AdaptersConfig config = new AdaptersConfig(
                List.of(root),
                remote,
                "worker",
                "r",
                "s",
                Duration.ofSeconds(1),
                Duration.ofSeconds(1),
                0.01,
                goldenRequired,
                true,
                0.99);
        BatchScorer start = BatchScorer.of(model.scorer(), ImageLimits.DEFAULTS);
        return new AdapterHost(
                new CheckpointAdapters(model.scorer(), start, ImageLimits.DEFAULTS, config),
                start,
                config.offGrammarMass(),
                ServiceMetrics.unseen(),
                (key, status) -> {},
                (release, why) -> {});
    }

    private SlotStatus release(AdapterRelease event) {
        releases = releases.with(KEY.toString(), event);
        assertThat(host.follow(releases, () -> false)).isTrue();
        return Objects.requireNonNull(host.statuses().get(KEY));
    }

    private AdapterRelease.Builder event(String location, String digest) {
        return AdapterRelease.newBuilder()
                .setPlatform(KEY.platform())
                .setEpoch(++epoch)
                .setState(KEY.slot().state())
                .setAdapterDigest(digest)
                .setBaseDigest(model.scorer().checkpoint().digest())
                .setProfileDigest(model.scorer().profile().digest())
                .setLocation(location)
                .setReleasedAt(Instant.EPOCH);
    }

    private SlotStatus release(Path folder, String digest) {
        return release(event(folder.toString(), digest).build());
    }

    /** The release is refused with a reason; epoch 1 serves on, and answers. */
    private void refused(SlotStatus status, String... reasons) throws Exception {
        assertThat(status.state()).isEqualTo(WorkerState.REFUSED);
        assertThat(status.message()).contains(reasons);
        BatchScorer serving = host.route("shop", "an-image");
        assertThat(serving.identity().epoch()).isEqualTo(1);
        assertThat(status.adapter()).isEqualTo(serving.identity().adapter());
        assertThat(serving.enter()).isTrue();
        Score score = serving.score(List.of(
                        serving.prepare(Files.readAllBytes(TestAdapters.CHECKPOINT.resolve("photos/coffee.jpg")))))
                .get(0);
        serving.leave();
        try (Adapter good = Adapter.load(model.scorer().checkpoint(), root.resolve("good"))) {
            assertThat(score.expectation())
                    .isCloseTo(
                            Objects.requireNonNull(
                                            TestAdapters.scores(model.scorer().checkpoint(), good)
                                                    .get("coffee.jpg"))
                                    .expectation(),
                            within(1e-3));
        }
    }

    private Path another() throws Exception {
        return TestAdapters.make(root.resolve("another"), 4);
    }

    @Test
    void corruptContentIsRefused() throws Exception {
        Path folder = another();
        String digest = Adapter.digest(folder);
        TestAdapters.setFirst(folder, 0.5f);
        refused(release(folder, digest), "content: sha256:", "expected: " + digest);
    }

    @Test
    void aTruncatedFileIsRefusedEvenIfItsDigestWasReleased() throws Exception {
        Path folder = another();
        byte[] whole = Files.readAllBytes(TestAdapters.tensors(folder));
        Files.write(TestAdapters.tensors(folder), java.util.Arrays.copyOf(whole, whole.length - 1000));
        refused(release(folder, Adapter.digest(folder)), "adapter_model.safetensors", "expected");
    }

    @Test
    void anotherBaseIsRefused() throws Exception {
        Path folder = another();
        refused(
                release(event(folder.toString(), Adapter.digest(folder))
                        .setBaseDigest("sha256:other")
                        .build()),
                "base: sha256:other",
                model.scorer().checkpoint().digest());
    }

    @Test
    void anotherProfileIsRefused() throws Exception {
        Path folder = another();
        refused(
                release(event(folder.toString(), Adapter.digest(folder))
                        .setProfileDigest("sha256:other")
                        .build()),
                "profile: " + model.scorer().profile().digest(),
                "sha256:other");
    }

    @Test
    void numbersThatAreNoneAreRefused() throws Exception {
        Path folder = another();
        TestAdapters.setFirst(folder, Float.NaN);
        refused(release(folder, Adapter.digest(folder)), "NaN", "finite");
    }

    @Test
    void anAdapterThatAppliesInPartIsRefused() throws Exception {
        Path folder = another();
        TestAdapters.editHeader(folder, "layers.0.self_attn.q_proj", "layers.9.self_attn.q_proj");
        refused(release(folder, Adapter.digest(folder)), "no tensors for", "layers.0.self_attn.q_proj");
    }

    @Test
    void aTensorThatCannotBeAppliedIsRefused() throws Exception {
        Path folder = another();
        TestAdapters.editHeader(folder, "q_proj.lora_A.weight", "q_proj.lora_X.weight");
        refused(release(folder, Adapter.digest(folder)), "lora_X", "cannot be applied");
    }

    @Test
    void aWrongShapeIsRefused() throws Exception {
        Path folder = another();
        TestAdapters.editConfig(folder, c -> c.put("r", 4));
        refused(release(folder, Adapter.digest(folder)), "shape", "expected: [4, ");
    }

    @Test
    void goldenImagesThatScoreOtherwiseAreRefused() throws Exception {
        Path folder = another();
        TestAdapters.golden(model.scorer().checkpoint(), folder, 0.3);
        refused(release(folder, Adapter.digest(folder)), "golden image astronaut.jpg", "expected");
    }

    @Test
    void anAdapterThatAnswersOffTheGrammarIsRefused() throws Exception {
        Path folder = TestAdapters.make(root.resolve("another"), 400);
        TestAdapters.golden(model.scorer().checkpoint(), folder, 0);
        refused(release(folder, Adapter.digest(folder)), "golden image", "off-grammar mass");
    }

    @Test
    void aGoldenImageThatIsNotTheReleasesIsRefused() throws Exception {
        Path folder = another();
        TestAdapters.golden(model.scorer().checkpoint(), folder, 0);
        Files.copy(
                TestAdapters.CHECKPOINT.resolve("photos/chelsea.jpg"),
                folder.resolve("golden/coffee.jpg"),
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        refused(release(folder, Adapter.digest(folder)), "golden image coffee.jpg", "expected: sha256:");
    }

    @Test
    void goldenImagesOutsideTheFolderAreRefused() throws Exception {
        Path folder = another();
        Files.createDirectories(folder.resolve("golden"));
        Files.writeString(
                folder.resolve("golden/golden.json"),
                "{\"images\": [{\"file\": \"../../good/golden/coffee.jpg\", \"expectation\": 5}]}");
        refused(release(folder, Adapter.digest(folder)), "../../good/golden/coffee.jpg", "inside");
    }

    @Test
    void anAdapterWithoutGoldenImagesIsRefusedWhereTheyAreRequired() throws Exception {
        Path folder = another();
        host.close();
        host = host(true);
        host.follow(releases, () -> false);
        refused(release(folder, Adapter.digest(folder)), "golden images: none");
    }

    @Test
    void aFileThatIsNotAsTheManifestSaysIsRefused() throws Exception {
        Path folder = another();
        Files.writeString(folder.resolve("scoring-notes.txt"), "changed");
        Files.writeString(folder.resolve("manifest.json"), "{\"files\": {\"scoring-notes.txt\": \"sha256:00\"}}");
        refused(release(folder, Adapter.digest(folder)), "scoring-notes.txt", "manifest.json");
    }

    /** The adapter outside is the very one that is in memory. */
    @Test
    void placesOutsideTheRootsAreRefusedAndNotLookedAt() throws Exception {
        Path outside = TestAdapters.make(temporary.resolve("outside"), 8);
        String digest = Adapter.digest(outside);
        for (String location : List.of(
                outside.toString(),
                outside.toUri().toString(),
                root + "/../outside",
                root.toUri() + "%2e%2e/outside",
                root + "/good/../../outside",
                "/no/such/folder",
                root + "-not-there",
                "s3://bucket/adapter")) {
            refused(release(event(location, digest).build()), "location: ", "adapters.roots");
        }
        for (String location : List.of("http://example.org/adapter", "good", "", "file:good")) {
            refused(release(event(location, digest).build()), "location: ", "expected: an absolute path");
        }
        refused(release(event(root + "/gone", digest).build()), "is missing");
        refused(
                release(event(root.toString() + "/good/adapter_config.json", digest)
                        .build()),
                "expected: a folder");
    }

    @Test
    void anAdapterInS3IsServedAndWhatIsChangedOrOutsideIsRefused() throws Exception {
        Path bucket = Files.createDirectories(temporary.resolve("objects/bucket/models"));
        Path folder = TestAdapters.make(bucket.resolve("one"), 4);
        TestAdapters.manifest(folder);
        String digest = Adapter.digest(folder);
        Path half = TestAdapters.make(bucket.resolve("half"), 4);
        // of another content than the first: one with the same manifest would be found in the cache
        Path changed = TestAdapters.make(bucket.resolve("changed"), 5);
        TestAdapters.manifest(changed);
        String released = Adapter.digest(changed);
        TestAdapters.setFirst(changed, 0.5f);
        Path cache = temporary.resolve("cache");
        host.close();
        releases = Releases.NONE;
        epoch = 0;
        try (ObjectStore store = new ObjectStore(temporary.resolve("objects"))) {
            remote =
                    new AdaptersConfig.Remote(List.of(S3Location.parse("s3://bucket/models")), store.settings(), cache);
            host = host(false);
            release(root.resolve("good"), Adapter.digest(root.resolve("good")));
            refused(
                    release(event("s3://bucket/models-not/one", digest).build()),
                    "adapters.roots",
                    "s3://bucket/models");
            refused(release(event("s3://other/models/one", digest).build()), "adapters.roots");
            refused(release(event("s3://bucket/models/../x", digest).build()), "location: ", "expected: names");
            refused(
                    release(event("s3://bucket/models/half", Adapter.digest(half))
                            .build()),
                    "s3://bucket/models/half: no manifest.json");
            refused(release(event("s3://bucket/models/one", "sha256:other").build()), "content: " + digest);
            refused(
                    release(event("s3://bucket/models/changed", released).build()),
                    "s3://bucket/models/changed/adapter_model.safetensors: sha256:",
                    "by manifest.json");
            assertThat(release(event("s3://bucket/models/one", digest).build()).state())
                    .isEqualTo(WorkerState.SERVING);
            assertThat(host.route("shop", "an-image").identity().adapter()).isEqualTo(digest);
        }
        remote = null;
    }

    @Test
    void linksOutOfTheRootsAreRefused() throws Exception {
        Path outside = TestAdapters.make(temporary.resolve("outside"), 8);
        Path link = Files.createSymbolicLink(root.resolve("link"), outside);
        refused(release(link, Adapter.digest(outside)), "location: ", "adapters.roots");
        Path folder = another();
        String digest = Adapter.digest(folder);
        Files.delete(TestAdapters.tensors(folder));
        Files.createSymbolicLink(TestAdapters.tensors(folder), TestAdapters.tensors(outside));
        refused(release(folder, digest), "a link");
    }

    @Test
    void aProfileThatComesWithItsOwnPreprocessingIsRefused() throws Exception {
        Path folder = another();
        String settings = Files.readString(TestAdapters.CHECKPOINT.resolve("preprocessor_config.json"));
        Files.writeString(folder.resolve("preprocessor_config.json"), settings);
        assertThat(release(folder, Adapter.digest(folder)).state()).isEqualTo(WorkerState.SERVING);
        host.close();
        releases = Releases.NONE;
        epoch = 0;
        host = host(false);
        assertThat(release(root.resolve("good"), Adapter.digest(root.resolve("good")))
                        .state())
                .isEqualTo(WorkerState.SERVING);
        Files.writeString(
                folder.resolve("preprocessor_config.json"),
                settings.replaceFirst("\"min_pixels\": *\\d+", "\"min_pixels\": 3136"));
        refused(release(folder, Adapter.digest(folder)), "preprocessing: ");
    }
}
