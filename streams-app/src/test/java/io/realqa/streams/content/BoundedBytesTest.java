package io.realqa.streams.content;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BoundedBytesTest {
    @ParameterizedTest
    @ValueSource(longs = {-1, 0, 3, 6, 1_000_000_000_000L})
    void bytesUpToTheLimitAreKeptWhateverSizeWasDeclared(long declared) {
        BoundedBytes bytes = new BoundedBytes(6, declared);
        assertThat(bytes.add(text("abc"))).isTrue();
        assertThat(bytes.add(text("def"))).isTrue();
        assertThat(bytes.toArray()).asString().isEqualTo("abcdef");
    }

    @Test
    void bytesBeyondTheLimitAreRefusedAsAWhole() {
        BoundedBytes bytes = new BoundedBytes(5, -1);
        assertThat(bytes.add(text("abc"))).isTrue();
        ByteBuffer more = text("def");
        assertThat(bytes.add(more)).isFalse();
        assertThat(more.remaining()).isEqualTo(3);
        assertThat(bytes.toArray()).asString().isEqualTo("abc");
    }

    private static ByteBuffer text(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
    }
}
