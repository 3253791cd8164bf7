package io.realqa.streams.content;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DescentTest {
    @TempDir
    Path dir;

    private Path root;
    private Path outside;

    @BeforeEach
    void makeFiles() throws IOException {
        dir = dir.toRealPath();
        root = dir.resolve("root");
        outside = dir.resolve("outside");
        Files.createDirectories(root.resolve("a/b"));
        Files.createDirectories(outside.resolve("b"));
        Files.writeString(root.resolve("top.jpg"), "top");
        Files.writeString(root.resolve("a/b/deep.jpg"), "deep");
        Files.writeString(outside.resolve("b/deep.jpg"), "secret");
        Files.writeString(outside.resolve("top.jpg"), "secret");
    }

    @Test
    void filesAtAnyDepthAreRead() throws IOException {
        assertThat(read(root.resolve("top.jpg"))).isEqualTo("top");
        assertThat(read(root.resolve("a/b/deep.jpg"))).isEqualTo("deep");
    }

    @Test
    void aDirectoryThatHasBecomeALinkSinceItWasJudgedIsNotFollowed() throws IOException {
        Files.move(root.resolve("a"), root.resolve("moved"));
        Files.createSymbolicLink(root.resolve("a"), outside);
        assertThatThrownBy(() -> read(root.resolve("a/b/deep.jpg"))).isInstanceOf(FileSystemException.class);
    }

    @Test
    void aFileThatHasBecomeALinkSinceItWasJudgedIsNotFollowed() throws IOException {
        Files.delete(root.resolve("top.jpg"));
        Files.createSymbolicLink(root.resolve("top.jpg"), outside.resolve("top.jpg"));
        assertThatThrownBy(() -> read(root.resolve("top.jpg")))
                .isInstanceOfSatisfying(
                        FileSystemException.class,
                        e -> assertThat(e.getReason()).isEqualTo(Descent.NOT_REGULAR));
    }

    @Test
    void whatIsNoRegularFileIsNotOpened() throws IOException {
        try (ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            socket.bind(UnixDomainSocketAddress.of(root.resolve("s")));
            for (Path file : new Path[] {root.resolve("s"), root.resolve("a"), root}) {
                assertThatThrownBy(() -> read(file))
                        .isInstanceOfSatisfying(
                                FileSystemException.class,
                                e -> assertThat(e.getReason()).isEqualTo(Descent.NOT_REGULAR));
            }
        }
    }

    @Test
    void whatIsMissingIsSaidToBeMissing() {
        assertThatThrownBy(() -> read(root.resolve("none.jpg"))).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> read(root.resolve("none/none.jpg"))).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void aRootMayBeTheFileItself() throws IOException {
        root = root.resolve("top.jpg");
        assertThat(read(root)).isEqualTo("top");
    }

    private String read(Path file) throws IOException {
        try (SeekableByteChannel channel = Descent.open(root, file)) {
            ByteBuffer bytes = ByteBuffer.allocate(100);
            channel.read(bytes);
            return StandardCharsets.UTF_8.decode(bytes.flip()).toString();
        }
    }
}
