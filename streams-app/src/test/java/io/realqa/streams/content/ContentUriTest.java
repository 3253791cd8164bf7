package io.realqa.streams.content;

import static io.realqa.streams.content.Rejections.assertRejected;
import static io.realqa.streams.content.Rejections.rejection;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.realqa.streams.content.ContentRejectedException.Reason;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ContentUriTest {
    private final ContentPolicy policy = ContentPolicy.defaults().withHttpHosts(Set.of("img.example"));

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "a b",
                "image.jpg",
                "/srv/image.jpg",
                "C:\\image.jpg",
                "http://",
                "http:image.jpg",
                "http:///image.jpg",
                "http://under_score.example/",
                "http://ex%61mple.com/",
                "http://img.example:x/",
                "http://img.example:0/",
                "http://img.example:65536/",
                "http://img.example/%zz"
            })
    void whatIsNoAddressIsABadUri(String uri) {
        assertRejected(policy, uri, Reason.BAD_URI, 0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"ftp://img.example/a", "s3://bucket/a", "data:image/png;base64,AAAA", "jar:file:/a!/b"})
    void otherSchemesAreUnknown(String uri) {
        assertThat(assertRejected(policy, uri, Reason.UNKNOWN_SCHEME, 0))
                .hasMessageContaining(
                        "scheme: " + uri.substring(0, uri.indexOf(':')) + " (expected: file, http or https)");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://evil.example/a",
                "http://img.example:8080/a",
                "https://img.example.evil.example/a",
                "http://a.img.example/",
                "http://127.0.0.1/",
                "http://[::1]/",
                "http://img.example./"
            })
    void hostsOutsideTheListAreNotAsked(String uri) {
        assertRejected(policy, uri, Reason.HOST_NOT_ALLOWED, 0);
    }

    @Test
    void anEmptyListAllowsNoHost() {
        assertRejected(ContentPolicy.defaults(), "https://img.example/a", Reason.HOST_NOT_ALLOWED, 0);
    }

    @Test
    void userInfoIsRefusedAndNotRepeated() {
        ContentRejectedException rejected =
                assertRejected(policy, "http://me:hunter2@img.example/a", Reason.BAD_URI, 0);
        assertThat(rejected).hasMessage("http://…@img.example/a: user info: present (expected: none)");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://evil.example/a?sig=hunter2",
                "http://evil.example/a b?sig=hunter2",
                "http://evil.example/a?sig=hunter2 and more",
                "http://evil.example/a#hunter2",
                "ftp://evil.example/a?sig=hunter2",
                "data:text/plain?hunter2",
                "http://me:hunter2@evil.example/a b",
                "http://me:hunter2/3@evil.example/a",
                "http://me:hunter2?3@evil.example/a",
                "http://me:hunter2#3@evil.example/a",
                "http://me:p@hunter2/3@evil.example/a b",
                "file://me:hunter2@localhost/a",
                "file:///srv/a?hunter2"
            })
    void neitherMessageNorTraceTellsTheSecretsOfAnAddress(String uri) {
        StringWriter trace = new StringWriter();
        rejection(policy, uri).printStackTrace(new PrintWriter(trace, true));
        assertThat(trace.toString()).doesNotContain("hunter2").contains("…");
    }

    @Test
    void anAtInThePathIsShown() {
        assertThat(rejection(policy, "http://evil.example/@me/a")).hasMessageContaining("http://evil.example/@me/a: ");
        assertThat(rejection(policy, "http://evil.example:81/@me/a")).hasMessageContaining("//evil.example:81/@me/a: ");
    }

    @Test
    void halfACharacterIsABadUri() {
        assertRejected(policy, "http://img.example/\ud800", Reason.BAD_URI, 0);
        assertRejected(policy, "file:///\ud800", Reason.BAD_URI, 0);
    }

    @Test
    void twoSpellingsOfALetterAreTwoNames() throws Refusal {
        assertThat(HttpAddress.of(URI.create("http://img.example/\u00e9?\u00e9"))
                        .uri())
                .hasToString("http://img.example/%C3%A9?%C3%A9");
        assertThat(HttpAddress.of(URI.create("http://img.example/e\u0301?e\u0301"))
                        .uri())
                .hasToString("http://img.example/e%CC%81?e%CC%81");
    }

    @Test
    void messagesStayOnOneLineAndShort() {
        ContentRejectedException rejected = rejection(policy, "x:a\nb" + "c".repeat(5000));
        assertThat(rejected.getMessage()).doesNotContain("\n").hasSizeLessThan(500);
    }

    @Test
    void hostAndSchemeAreReadInAnyCaseAndNamesBeyondAsciiInTheirAsciiForm() throws Refusal {
        HttpAddress address = HttpAddress.of(URI.create("HTTPS://BÜCHER.example:8443/Ä b".replace(" ", "%20")));
        assertThat(address)
                .isEqualTo(new HttpAddress(
                        URI.create("https://xn--bcher-kva.example:8443/%C3%84%20b"),
                        "https",
                        "xn--bcher-kva.example",
                        8443));
    }

    @Test
    void aLetterThatMapsToASlashDoesNotSplitTheHost() {
        // U+2100 maps to "a/c".
        assertThatExceptionOfType(Refusal.class)
                .isThrownBy(() -> HttpAddress.of(URI.create("http://img.example\u2100.evil.example/")))
                .satisfies(refusal -> assertThat(refusal.reason()).isEqualTo(Reason.BAD_URI));
    }

    @ParameterizedTest
    @CsvSource({
        "http://img.example/a/b?q, c, http://img.example/a/c",
        "http://img.example/a/b?q, /c?d, http://img.example/c?d",
        "http://img.example/a/b?q, ?d, http://img.example/a/b?d",
        "http://img.example/a/b, //other.example/c, http://other.example/c",
        "http://img.example/a/b, https://img.example/a/b#part, https://img.example/a/b",
        "http://img.example, .evil.example/c, http://img.example/.evil.example/c",
    })
    void aRedirectIsReadRelativeToTheAddressItCameFrom(String from, String location, String to) throws Refusal {
        assertThat(HttpAddress.of(URI.create(from)).redirected(location).uri()).hasToString(to);
    }

    @ParameterizedTest
    @CsvSource({
        "https://img.example/a, http://img.example/a, UNKNOWN_SCHEME",
        "https://img.example/a, file:///etc/passwd, UNKNOWN_SCHEME",
        "https://img.example/a, ftp://img.example/a, UNKNOWN_SCHEME",
        "https://img.example/a, mailto:a@b.example, UNKNOWN_SCHEME",
        "https://img.example/a, https://me@img.example/, BAD_URI",
        "https://img.example/a, a b, BAD_URI",
    })
    void aRedirectMayNotLeaveTheWebNorGiveUpEncryption(String from, String location, Reason reason) throws Refusal {
        HttpAddress address = HttpAddress.of(URI.create(from));
        assertThatExceptionOfType(Refusal.class)
                .isThrownBy(() -> address.redirected(location))
                .satisfies(refusal -> assertThat(refusal.reason()).isEqualTo(reason));
    }
}
