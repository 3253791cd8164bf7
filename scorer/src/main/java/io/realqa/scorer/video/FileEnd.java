package io.realqa.scorer.video;

import io.realqa.scorer.video.VideoRejectedException.Reason;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Whether a file ends where its parts end, for the containers whose header may state no length: Matroska (WebM), Ogg and
 * MPEG's transport stream. FFmpeg takes the end of such a file for the end of the clip, wherever it is.
 *
 * <p>A transport stream, and a Matroska file without a length as browsers record it, have nothing that says "the end": cut
 * off exactly between two of its parts it is a whole, shorter clip. What is none of these containers, or damaged, is left to
 * FFmpeg.
 */
final class FileEnd implements AutoCloseable {
    private static final int EBML = 0x1A45DFA3;
    private static final int SEGMENT = 0x18538067;
    private static final int CLUSTER = 0x1F43B675;
    private static final int OGG_PAGE = 0x4F676753;
    private static final int OGG_HEADER_BYTES = 27;
    private static final int END_OF_STREAM = 4;
    /** A transport stream's packets; those of 192 bytes have four more before them. */
    private static final int[] TRANSPORT_BYTES = {188, 192, 204};

    private static final int TRANSPORT_PACKET = 0x47;
    private static final int LOOKED_AT = 3 * 204;

    private final InputStream in;
    private final long size;
    private long at;

    private FileEnd(Path file) throws IOException {
        size = Files.size(file);
        in = new BufferedInputStream(Files.newInputStream(file));
    }

    /**
     * Looks at the file's parts without their contents.
     *
     * @throws VideoRejectedException CORRUPT if the file ends within one of them, or an Ogg file before its end
     */
    static void check(Path file) throws VideoRejectedException, IOException {
        byte[] head;
        try (InputStream in = Files.newInputStream(file)) {
            head = Arrays.copyOf(in.readNBytes(LOOKED_AT), LOOKED_AT);
        }
        int magic = ByteBuffer.wrap(head).getInt();
        try (FileEnd end = new FileEnd(file)) {
            if (magic == EBML) {
                end.checkMatroska();
            } else if (magic == OGG_PAGE) {
                end.checkOgg();
            } else {
                end.checkTransport(head);
            }
        }
    }

    private void checkMatroska() throws VideoRejectedException, IOException {
        while (at < size) {
            int first = read();
            int idBytes = Integer.numberOfLeadingZeros(first) - 23;
            if (idBytes > 4) {
                return;
            }
            long id = number(first, idBytes);
            int second = read();
            int lengthBytes = Integer.numberOfLeadingZeros(second) - 23;
            if (lengthBytes > 8) {
                return;
            }
            long unknown = (1L << 7 * lengthBytes) - 1;
            long length = number(second, lengthBytes) & unknown;
            if (length == unknown) {
                if (id != SEGMENT && id != CLUSTER) {
                    return;
                }
                // its parts follow as if they were beside it
                continue;
            }
            skip(length, "a Matroska element");
            if (id == SEGMENT) {
                return;
            }
        }
    }

    /** A number of so many bytes, the first of which was read. */
    private long number(int first, int bytes) throws VideoRejectedException, IOException {
        long number = first;
        for (int i = 1; i < bytes; i++) {
            number = number << 8 | read();
        }
        return number;
    }

    private int read() throws VideoRejectedException, IOException {
        int value = in.read();
        if (value < 0) {
            throw endsWithin("a Matroska element's header");
        }
        at++;
        return value;
    }

    private void checkOgg() throws VideoRejectedException, IOException {
        boolean ended = false;
        while (at < size) {
            byte[] header = in.readNBytes(OGG_HEADER_BYTES);
            byte[] magic = Arrays.copyOf(header, 4);
            if (header.length >= 4 && ByteBuffer.wrap(magic).getInt() != OGG_PAGE) {
                return;
            }
            at += header.length;
            if (header.length < OGG_HEADER_BYTES) {
                throw endsWithin("an Ogg page's header");
            }
            int segments = header[26] & 255;
            byte[] lengths = in.readNBytes(segments);
            at += lengths.length;
            if (lengths.length < segments) {
                throw endsWithin("an Ogg page's header");
            }
            int length = 0;
            for (byte b : lengths) {
                length += b & 255;
            }
            skip(length, "an Ogg page");
            ended = (header[5] & END_OF_STREAM) != 0;
        }
        if (!ended) {
            throw new VideoRejectedException(
                    Reason.CORRUPT, "video: its last Ogg page ends no stream (expected: the end of one)");
        }
    }

    private void checkTransport(byte[] head) throws VideoRejectedException {
        for (int bytes : TRANSPORT_BYTES) {
            int first = bytes == 192 ? 4 : 0;
            boolean packets = head[first] == TRANSPORT_PACKET
                    && head[first + bytes] == TRANSPORT_PACKET
                    && head[first + 2 * bytes] == TRANSPORT_PACKET;
            if (packets && size % bytes != 0) {
                throw endsWithin("an MPEG packet");
            }
        }
    }

    private void skip(long bytes, String part) throws VideoRejectedException, IOException {
        if (bytes > size - at) {
            throw endsWithin(part);
        }
        in.skipNBytes(bytes);
        at += bytes;
    }

    private VideoRejectedException endsWithin(String part) {
        return new VideoRejectedException(
                Reason.CORRUPT, "video: ends after " + size + " bytes within " + part + " (expected: a whole file)");
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
