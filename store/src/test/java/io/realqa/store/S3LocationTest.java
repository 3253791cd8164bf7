package io.realqa.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class S3LocationTest {
    @Test
    void isReadAndWritten() {
        assertThat(S3Location.parse("s3://models/a/b")).isEqualTo(new S3Location("models", "a/b"));
        assertThat(S3Location.parse("s3://models/a/")).hasToString("s3://models/a");
        assertThat(S3Location.parse("s3://models")).hasToString("s3://models");
        assertThat(S3Location.parse("s3://models/").resolve("x")).hasToString("s3://models/x");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "s3:/models/a",
                "s3://",
                "s3://Models/a",
                "s3://m/a",
                "s3://models/a//b",
                "s3://models/../a",
                "s3://models/a/..",
                "s3://models/./a",
                "/models/a"
            })
    void whatIsNoPlaceIsRefused(String text) {
        assertThatThrownBy(() -> S3Location.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("expected");
    }

    @Test
    void liesUnderARootByWholeNames() {
        S3Location root = S3Location.parse("s3://models/realqa");
        assertThat(S3Location.parse("s3://models/realqa/x").isUnder(root)).isTrue();
        assertThat(root.isUnder(root)).isTrue();
        assertThat(S3Location.parse("s3://models/realqa-evil/x").isUnder(root)).isFalse();
        assertThat(S3Location.parse("s3://other/realqa/x").isUnder(root)).isFalse();
        assertThat(S3Location.parse("s3://models/x").isUnder(S3Location.parse("s3://models")))
                .isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"storage.example", "ftp://storage.example", "http:// x", "https:"})
    void anEndpointIsAnAddress(String endpoint) {
        assertThatThrownBy(() -> new S3Settings(endpoint, null, null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("s3.endpoint: " + endpoint);
    }
}
