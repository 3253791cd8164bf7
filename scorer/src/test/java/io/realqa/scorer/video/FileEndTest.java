package io.realqa.scorer.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.realqa.scorer.video.VideoRejectedException.Reason;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A file that ends within one of its parts is cut off, wherever that is; what is whole or unknown is let through. */
class FileEndTest {
    private static final String EBML = "1A45DFA3 80";
    private static final String BLOCK = "A3 84 81000080";
    private static final String UNKNOWN = "01FFFFFFFFFFFFFF";
    /** An empty page and one of three bytes that ends its stream. */
    private static final String OGG = "4F676753 0002 0000000000000000 00000001 00000000 00000000 00"
            + "4F676753 0004 0000000000000000 00000001 00000001 00000000 02 01 02 AAAAAA";

    @TempDir
    Path folder;

    private static byte[] bytes(String hex) {
        return HexFormat.of().parseHex(hex.replace(" ", ""));
    }

    private Path file(byte[] bytes) throws Exception {
        return Files.write(folder.resolve("file"), bytes);
    }

    private void whole(byte[] bytes) throws Exception {
        Path file = file(bytes);
        assertThatCode(() -> FileEnd.check(file)).doesNotThrowAnyException();
    }

    private void cutOff(byte[] bytes, String message) throws Exception {
        Path file = file(bytes);
        assertThatThrownBy(() -> FileEnd.check(file))
                .as("%d bytes", bytes.length)
                .hasMessageContaining(message)
                .isInstanceOfSatisfying(
                        VideoRejectedException.class,
                        e -> assertThat(e.reason()).isEqualTo(Reason.CORRUPT));
    }

    /** As FFmpeg writes it live, as browsers record it, and as it is with a known length. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                EBML + "18538067" + UNKNOWN + "1F43B675 8C" + BLOCK + BLOCK + "1F43B675 86" + BLOCK,
                EBML + "18538067" + UNKNOWN + "1F43B675" + UNKNOWN + BLOCK + BLOCK + "1F43B675 FF" + BLOCK,
                EBML + "18538067 90 1F43B675 8B A3 89 810000800000000000"
            })
    void matroskaEndsWithAnElement(String hex) throws Exception {
        byte[] all = bytes(hex);
        whole(all);
        cutOff(Arrays.copyOf(all, all.length - 1), "within a Matroska element (expected: a whole file)");
        cutOff(Arrays.copyOf(all, 6), "video: ends after 6 bytes within a Matroska element's header");
    }

    @Test
    void whatFollowsASegmentOfKnownLengthDoesNotMatter() throws Exception {
        whole(bytes(EBML + "18538067 80 A3 FE 00"));
    }

    @Test
    void whatIsNoElementIsLeftToTheDecoder() throws Exception {
        whole(bytes(EBML + "18538067" + UNKNOWN + "00 00"));
        whole(bytes(EBML + "A3" + UNKNOWN));
        whole(bytes("00"));
    }

    @Test
    void oggEndsWithTheEndOfAStream() throws Exception {
        byte[] all = bytes(OGG);
        whole(all);
        for (int length = 28; length < all.length; length++) {
            cutOff(Arrays.copyOf(all, length), length < 56 ? "within an Ogg page's header" : "within an Ogg page (");
        }
        cutOff(Arrays.copyOf(all, 27), "video: its last Ogg page ends no stream (expected: the end of one)");
        whole(bytes(OGG + "00000000"));
    }

    @ParameterizedTest
    @ValueSource(ints = {188, 192, 204})
    void aTransportStreamEndsWithAPacket(int length) throws Exception {
        byte[] all = new byte[5 * length];
        for (int at = length == 192 ? 4 : 0; at < all.length; at += length) {
            all[at] = 0x47;
        }
        whole(all);
        whole(Arrays.copyOf(all, 4 * length));
        cutOff(Arrays.copyOf(all, 4 * length + 100), "within an MPEG packet (expected: a whole file)");
    }
}
