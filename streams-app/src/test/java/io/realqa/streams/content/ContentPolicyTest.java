package io.realqa.streams.content;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ContentPolicyTest {
    private final ContentPolicy policy = ContentPolicy.defaults();

    @Test
    void theDefaultsAllowNoPlaceAndBoundEverything() {
        assertThat(policy.fileRoots()).isEmpty();
        assertThat(policy.httpHosts()).isEmpty();
        assertThat(policy.maxBytes()).isEqualTo(32 * 1024 * 1024);
        assertThat(policy.connectTimeout()).hasSeconds(2);
        assertThat(policy.readTimeout()).hasSeconds(10);
        assertThat(policy.maxRedirects()).isEqualTo(3);
        assertThat(policy.attempts()).isEqualTo(3);
        assertThat(policy.backoff()).hasMillis(200);
    }

    @Test
    void eachWitherChangesItsComponentOnly() {
        ContentPolicy changed = policy.withMaxBytes(1)
                .withFileRoots(List.of(Path.of("/a")))
                .withHttpHosts(Set.of("h"))
                .withConnectTimeout(Duration.ofMillis(2))
                .withReadTimeout(Duration.ofMillis(3))
                .withMaxRedirects(4)
                .withAttempts(5)
                .withBackoff(Duration.ofMillis(6));
        assertThat(changed)
                .isEqualTo(new ContentPolicy(
                        1,
                        List.of(Path.of("/a")),
                        Set.of("h"),
                        Duration.ofMillis(2),
                        Duration.ofMillis(3),
                        4,
                        5,
                        Duration.ofMillis(6)));
    }

    @Test
    void hostsAreKeptLowerCasedAndInAscii() {
        assertThat(policy.withHttpHosts(Set.of("IMG.Example.ORG", "Bücher.example:8443", "*.CDN.example"))
                        .httpHosts())
                .containsExactlyInAnyOrder("img.example.org", "xn--bcher-kva.example:8443", "*.cdn.example");
    }

    @Test
    void theLongestFetchAddsUpEveryAttemptAndEveryPauseAtItsLongest() {
        ContentPolicy three =
                policy.withReadTimeout(Duration.ofSeconds(10)).withAttempts(3).withBackoff(Duration.ofMillis(200));
        assertThat(three.longestFetch()).isEqualTo(Duration.ofMillis(30_000 + 300 + 600));
        assertThat(three.withAttempts(1).longestFetch()).isEqualTo(Duration.ofSeconds(10));
        assertThat(three.withBackoff(Duration.ofSeconds(25)).longestFetch())
                .isEqualTo(Duration.ofSeconds(30).plus(ContentPolicy.LONGEST_BACKOFF.multipliedBy(2)));
    }

    @Test
    void theExtremesThatThePolicyAcceptsMakeAFetcher() {
        assertThatCode(() -> new ContentFetcher(policy.withBackoff(ContentPolicy.LONGEST_BACKOFF)).close())
                .doesNotThrowAnyException();
        assertThatCode(() -> new ContentFetcher(
                                policy.withBackoff(Duration.ofMillis(1)).withMaxBytes(2_147_483_639L))
                        .close())
                .doesNotThrowAnyException();
    }

    static Stream<Arguments> badValues() {
        return Stream.of(
                bad(p -> p.withMaxBytes(0), "maxBytes: 0 (expected: 1 to 2147483639)"),
                bad(p -> p.withMaxBytes(1L << 31), "maxBytes: 2147483648 (expected: 1 to 2147483639)"),
                bad(p -> p.withFileRoots(List.of(Path.of("a"))), "fileRoots: a (expected: an absolute path)"),
                bad(p -> p.withConnectTimeout(Duration.ZERO), "connectTimeout: PT0S (expected: PT0.001S to PT1H)"),
                bad(p -> p.withReadTimeout(Duration.ofSeconds(-1)), "readTimeout: PT-1S (expected: PT0.001S to PT1H)"),
                bad(p -> p.withReadTimeout(Duration.ofDays(1)), "readTimeout: PT24H (expected: PT0.001S to PT1H)"),
                bad(p -> p.withMaxRedirects(-1), "maxRedirects: -1 (expected: 0 to 20)"),
                bad(p -> p.withAttempts(0), "attempts: 0 (expected: 1 to 20)"),
                bad(p -> p.withBackoff(Duration.ofMinutes(1)), "backoff: PT1M (expected: PT0.001S to PT30S)"),
                bad(
                        p -> p.withHttpHosts(Set.of("http://h")),
                        "httpHosts: http://h (expected: host, host:port, *.domain or *.domain:port)"));
    }

    private static Arguments bad(UnaryOperator<ContentPolicy> change, String message) {
        return Arguments.of(change, message);
    }

    @ParameterizedTest
    @MethodSource("badValues")
    void aBadValueIsRefusedWithWhatWasExpected(UnaryOperator<ContentPolicy> change, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> change.apply(policy))
                .withMessage(message);
    }
}
