package io.realqa.schemas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RegistryAddressTest {
    private static String basic(String userInfo) {
        return "Basic "
                + Base64.getEncoder().encodeToString(userInfo.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }

    @Test
    void severalAddressesAreReadEachWithItsPathAndWithoutItsSlash() {
        assertThat(RegistryAddress.of(
                        "schema.registry.url", "http://a:8081/, https://b/apis/ccompat/v7//,http://[::1]:81", null))
                .extracting(RegistryAddress::base)
                .containsExactly("http://a:8081", "https://b/apis/ccompat/v7", "http://[::1]:81");
    }

    @Test
    void credentialsInAnAddressAreUsedUnlessOthersAreGiven() {
        assertThat(RegistryAddress.of("schema.registry.url", "http://me:p%40ss@a:8081,http://b", null))
                .containsExactly(
                        new RegistryAddress("http://a:8081", basic("me:p@ss")), new RegistryAddress("http://b", null));
        assertThat(RegistryAddress.of("schema.registry.url", "http://me:pass@a:8081", "you:word"))
                .containsExactly(new RegistryAddress("http://a:8081", basic("you:word")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "registry:8081 | registry:8081 (expected: an address such as http://HOST:8081, or several, comma-separated)",
                "http://a,b | b (expected: an address such as http://HOST:8081, or several, comma-separated)",
                "http://a b | http://a b (expected: an address such as",
                "http://schema_registry:8081 | http://schema_registry:8081 (expected: a host name of letters, digits",
                "http:///subjects | http:///subjects (expected: a host name",
                "http://a:99999 | http://a:99999 (expected: a port from 1 to 65535)",
                "http://a?x=y | http://a?x=y (expected: neither query nor fragment)",
                "http://me:s3cret@a_b | http://…@a_b (expected: a host name",
                "http://me:s3cret@a b | http://…@a b (expected: an address such as",
            })
    void whatIsNoAddressIsNamedWithoutItsPassword(String urls, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RegistryAddress.of("schema.registry.url", urls, null))
                .withMessageContaining("schema.registry.url: " + message)
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("s3cret"));
    }

    @Test
    void noAddressShowsItsCredentials() {
        assertThat(RegistryAddress.of("schema.registry.url", "http://me:s3cret@a", null)
                        .toString())
                .isEqualTo("[http://a]");
    }
}
