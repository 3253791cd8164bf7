package io.realqa.streams.topology;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.streams.processor.api.Record;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PendingUploadTest {
    private static Headers headers() {
        return new Record<>(0, 0, 0).headers();
    }

    private static PendingUpload upload(byte @Nullable [] key, byte @Nullable [] value, Headers headers) {
        return new PendingUpload("topic-ü", 3, Long.MAX_VALUE, 1_790_000_000_000L, key, value, headers);
    }

    private static PendingUpload complete() {
        Headers headers = headers();
        headers.add("trace", new byte[] {1, 2});
        headers.add("trace", null);
        headers.add("", new byte[0]);
        return upload(new byte[] {7}, new byte[] {0, -1, 5}, headers);
    }

    @Test
    void everyPartComesBack() {
        PendingUpload back = PendingUpload.decode(complete().encode());

        assertThat(back.topic()).isEqualTo("topic-ü");
        assertThat(back.partition()).isEqualTo(3);
        assertThat(back.offset()).isEqualTo(Long.MAX_VALUE);
        assertThat(back.timestamp()).isEqualTo(1_790_000_000_000L);
        assertThat(back.key()).containsExactly(7);
        assertThat(back.value()).containsExactly(0, -1, 5);
        Header[] all = back.headers().toArray();
        assertThat(all).extracting(Header::key).containsExactly("trace", "trace", "");
        assertThat(all).extracting(Header::value).containsExactly(new byte[] {1, 2}, null, new byte[0]);
        assertThat(back).isEqualTo(complete()).hasSameHashCodeAs(complete());
    }

    @Test
    void nothingAndEmptinessStayApart() {
        PendingUpload nothing =
                PendingUpload.decode(upload(null, null, headers()).encode());
        assertThat(nothing.key()).isNull();
        assertThat(nothing.value()).isNull();
        PendingUpload empty =
                PendingUpload.decode(upload(new byte[0], new byte[0], headers()).encode());
        assertThat(empty.key()).isEmpty();
        assertThat(empty.value()).isEmpty();
        assertThat(empty).isNotEqualTo(nothing);
    }

    @Test
    void aHeadersNameMayBeOfAnyLength() {
        Headers headers = headers();
        headers.add("é".repeat(100_000), new byte[] {1});

        PendingUpload back = PendingUpload.decode(upload(null, null, headers).encode());

        assertThat(back.headers().toArray()[0].key()).isEqualTo("é".repeat(100_000));
    }

    /** Else many small headers would make an entry that the store's topic does not take. */
    @Test
    void whatHeadersTakeBesidesTheirBytesCounts() {
        Headers headers = headers();
        for (int i = 0; i < 10_000; i++) {
            headers.add("", null);
        }
        PendingUpload upload = upload(new byte[3], new byte[4], headers);
        assertThat(upload.payloadBytes()).isBetween(upload.encode().length - 200L, upload.encode().length + 0L);
    }

    @Test
    void anEntryOfAnotherVersionIsNamed() {
        byte[] entry = complete().encode();
        entry[0] = 9;
        assertThatIllegalStateException()
                .isThrownBy(() -> PendingUpload.decode(entry))
                .withMessage("pending store: entry of version 9 (expected: 1)");
    }

    @Test
    void anEntryThatEndsEarlyIsBrokenWhereverItEnds() {
        byte[] entry = complete().encode();
        for (int length = 0; length < entry.length; length++) {
            byte[] cut = Arrays.copyOf(entry, length);
            assertThatIllegalStateException()
                    .as("%d of %d bytes", length, entry.length)
                    .isThrownBy(() -> PendingUpload.decode(cut))
                    .withMessageContaining("pending store: an entry of " + length + " bytes is broken");
        }
    }

    @Test
    void anEntryWithMoreThanItsPartsIsBroken() {
        byte[] entry = Arrays.copyOf(complete().encode(), complete().encode().length + 1);
        assertThatIllegalStateException()
                .isThrownBy(() -> PendingUpload.decode(entry))
                .withMessageContaining("left over");
    }

    @Test
    void itsSizeIsThatOfKeyValueAndHeaders() {
        Headers headers = headers();
        headers.add("ab", "cd".getBytes(StandardCharsets.UTF_8));
        assertThat(upload(new byte[3], new byte[5], headers).payloadBytes()).isEqualTo(3 + 5 + 8 + 3 * 2 + 2);
        assertThat(upload(null, null, headers()).payloadBytes()).isZero();
    }
}
