package io.realqa.streams.content;

import static io.realqa.streams.content.Rejections.assertRejected;
import static io.realqa.streams.content.Rejections.rejection;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.realqa.streams.content.ContentRejectedException.Reason;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FileContentTest {
    @TempDir
    Path dir;

    private Path root;
    private Path outside;
    private ContentPolicy policy;

    @BeforeEach
    void makeFiles() throws IOException {
        root = Files.createDirectory(dir.resolve("root"));
        outside = Files.createDirectory(dir.resolve("outside"));
        Files.createDirectory(root.resolve("sub"));
        Files.writeString(root.resolve("a.jpg"), "inside");
        Files.writeString(outside.resolve("secret"), "outside");
        policy = ContentPolicy.defaults().withFileRoots(List.of(root));
    }

    @ParameterizedTest
    @ValueSource(strings = {"file:", "file://", "file://localhost", "FILE://LOCALHOST"})
    void aFileUnderARootIsReadInEachSpellingOfItsAddress(String prefix) throws ContentRejectedException {
        assertThat(fetch(prefix + root + "/a.jpg")).isEqualTo("inside");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/%61.jpg", "/sub/../a.jpg", "/./a.jpg", "/sub/%2e%2e/a.jpg", "/missing/../a.jpg"})
    void anAddressIsUnescapedAndNormalisedBeforeItIsJudged(String path) throws ContentRejectedException {
        assertThat(fetch("file://" + root + path)).isEqualTo("inside");
    }

    @Test
    void namesWithSpacesAndBeyondAsciiAreRead() throws IOException, ContentRejectedException {
        String escaped = "file://" + root + "/%C3%A9%20b.jpg";
        Path file = root.resolve(Path.of(URI.create(escaped)));
        Files.writeString(file, "accent");
        assertThat(fetch(escaped)).isEqualTo("accent");
        assertThat(fetch("file://" + root + "/é%20b.jpg")).isEqualTo("accent");
        String apart = "file://" + root + "/e%CC%81%20b.jpg"; // as macOS spells it
        Files.writeString(root.resolve(Path.of(URI.create(apart))), "letter and accent");
        assertThat(fetch(apart)).isEqualTo("letter and accent");
        assertThat(fetch("file://" + root + "/e\u0301%20b.jpg")).isEqualTo("letter and accent");
    }

    @Test
    void anEmptyFileIsContentOfNoBytes() throws IOException, ContentRejectedException {
        Files.createFile(root.resolve("empty"));
        assertThat(fetch("file://" + root + "/empty")).isEmpty();
    }

    @Test
    void eachOfSeveralRootsIsAllowedAndAMissingOneDoesNoHarm() throws ContentRejectedException {
        policy = policy.withFileRoots(List.of(dir.resolve("none"), outside, root));
        assertThat(fetch("file://" + outside + "/secret")).isEqualTo("outside");
        assertThat(fetch("file://" + root + "/a.jpg")).isEqualTo("inside");
    }

    @Test
    void aRootMayBeALinkAndMayMoveOn() throws IOException, ContentRejectedException {
        Path link = Files.createSymbolicLink(dir.resolve("current"), outside);
        policy = policy.withFileRoots(List.of(link));
        try (ContentFetcher fetcher = new ContentFetcher(policy)) {
            assertThat(fetcher.fetch("file://" + link + "/secret")).asString().isEqualTo("outside");
            Files.delete(link);
            Files.createSymbolicLink(link, root);
            assertThat(fetcher.fetch("file://" + link + "/a.jpg")).asString().isEqualTo("inside");
        }
    }

    @Test
    void aLinkThatStaysUnderTheRootIsFollowed() throws IOException, ContentRejectedException {
        Files.createSymbolicLink(root.resolve("link.jpg"), root.resolve("a.jpg"));
        assertThat(fetch("file://" + root + "/link.jpg")).isEqualTo("inside");
    }

    @Test
    void aMissingFileUnderARootIsNotFound() {
        assertRejected(policy, "file://" + root + "/none.jpg", Reason.NOT_FOUND, 1);
        assertRejected(policy, "file://" + root + "/none/none.jpg", Reason.NOT_FOUND, 1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/../outside/secret",
                "/%2e%2e/outside/secret",
                "/%2E%2E%2Foutside%2Fsecret",
                "/..%2foutside/secret",
                "/sub/../../outside/secret",
                "/../root-not/a",
                "/.."
            })
    void noSpellingOfTheParentLeadsOutOfTheRoot(String path) {
        assertRejected(policy, "file://" + root + path, Reason.PATH_NOT_ALLOWED, 1);
    }

    @Test
    void anEscapeIsUndoneOnceOnly() {
        assertRejected(policy, "file://" + root + "/%252e%252e/outside/secret", Reason.NOT_FOUND, 1);
    }

    @Test
    void aSiblingThatBeginsLikeTheRootIsOutside() throws IOException {
        Path sibling = Files.createDirectory(dir.resolve("root2"));
        Files.writeString(sibling.resolve("a.jpg"), "sibling");
        assertRejected(policy, "file://" + sibling + "/a.jpg", Reason.PATH_NOT_ALLOWED, 1);
    }

    @Test
    void withoutRootsNoFileIsAllowed() {
        assertRejected(ContentPolicy.defaults(), "file://" + root + "/a.jpg", Reason.PATH_NOT_ALLOWED, 1);
    }

    @Test
    void linksThatEscapeTheRootAreNotFollowed() throws IOException {
        Files.createSymbolicLink(root.resolve("file-link"), outside.resolve("secret"));
        Files.createSymbolicLink(root.resolve("dir-link"), outside);
        Files.createSymbolicLink(root.resolve("relative-link"), Path.of("../outside/secret"));
        for (String path : List.of("/file-link", "/dir-link/secret", "/relative-link")) {
            assertRejected(policy, "file://" + root + path, Reason.PATH_NOT_ALLOWED, 1);
        }
    }

    @Test
    void whetherSomethingExistsOutsideTheRootsDoesNotShow() throws IOException {
        Files.createSymbolicLink(root.resolve("dir-link"), outside);
        Files.createSymbolicLink(root.resolve("nowhere"), outside.resolve("missing"));
        Files.createSymbolicLink(root.resolve("somewhere"), outside.resolve("secret"));
        assertSameButForTheName("file://" + outside + "/", "secret", "missing");
        assertSameButForTheName("file://" + outside + "/", "secret/below", "missing/below");
        assertSameButForTheName("file://" + root + "/dir-link/", "secret", "missing");
        assertSameButForTheName("file://" + root + "/", "somewhere", "nowhere");
        assertSameButForTheName("file://" + root + "/", "somewhere/below", "nowhere/below");
    }

    private void assertSameButForTheName(String prefix, String existing, String missing) {
        ContentRejectedException one = assertRejected(policy, prefix + existing, Reason.PATH_NOT_ALLOWED, 1);
        ContentRejectedException other = assertRejected(policy, prefix + missing, Reason.PATH_NOT_ALLOWED, 1);
        assertThat(String.valueOf(other.getMessage()).replace(missing, existing))
                .isEqualTo(one.getMessage());
        assertThat(one).hasNoCause();
        assertThat(other).hasNoCause();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "file:a.jpg",
                "file://nas/a.jpg",
                "file://me@localhost/a.jpg",
                "file:////srv/a.jpg",
                "file:///a.jpg?version=1",
                "file:///a.jpg#part",
                "file:///a%00.jpg",
                "file://"
            })
    void otherFormsOfFileAddressesAreBadUris(String uri) {
        assertRejected(policy, uri, Reason.BAD_URI, 0);
    }

    @Test
    void aDirectoryIsNoContent() {
        assertRejected(policy, "file://" + root + "/sub", Reason.READ_FAILED, 1);
        assertRejected(policy, "file://" + root, Reason.READ_FAILED, 1);
    }

    @Test
    void aFileBelowAFileIsNoContent() {
        assertThat(rejection(policy, "file://" + root + "/a.jpg/b").reason())
                .isIn(Reason.READ_FAILED, Reason.NOT_FOUND);
    }

    @Test
    void aFileOfExactlyTheLimitIsReadAndOneByteMoreIsTooMany() throws ContentRejectedException {
        policy = policy.withMaxBytes(6);
        assertThat(fetch("file://" + root + "/a.jpg")).isEqualTo("inside");
        ContentRejectedException rejected =
                assertRejected(policy.withMaxBytes(5), "file://" + root + "/a.jpg", Reason.TOO_MANY_BYTES, 1);
        assertThat(rejected).hasMessageEndingWith("size: 6 bytes (expected: at most 5)");
    }

    @Test
    void aFileThatHoldsMoreThanItsSizeTellsIsCutOffWhileReading() {
        // The kernel reports such files as empty regular ones.
        Path endless = Path.of("/proc/self/maps");
        assumeTrue(Files.isRegularFile(endless));
        ContentRejectedException rejected = assertRejected(
                policy.withFileRoots(List.of(Path.of("/proc/self"))).withMaxBytes(100),
                "file://" + endless,
                Reason.TOO_MANY_BYTES,
                1);
        assertThat(rejected).hasMessageEndingWith("size: over 100 bytes (expected: at most 100)");
    }

    @Test
    void anUnreadableFileIsForbidden() throws IOException {
        Path file = root.resolve("a.jpg");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("---------"));
        assumeFalse(Files.isReadable(file), "this user may read everything");
        assertRejected(policy, "file://" + file, Reason.FORBIDDEN, 1);
    }

    @Test
    void anInterruptEndsTheReadWithoutAVerdictOnTheContent() {
        try (ContentFetcher fetcher = new ContentFetcher(policy)) {
            Thread.currentThread().interrupt();
            assertThatExceptionOfType(CancellationException.class)
                    .isThrownBy(() -> fetcher.fetch("file://" + root + "/a.jpg"));
            assertThat(Thread.interrupted()).as("the flag stays").isTrue();
        } finally {
            Thread.interrupted();
        }
    }

    private String fetch(String uri) throws ContentRejectedException {
        try (ContentFetcher fetcher = new ContentFetcher(policy)) {
            return new String(fetcher.fetch(uri), StandardCharsets.UTF_8);
        }
    }
}
