package io.realqa.streams.content;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostRuleTest {
    @Test
    void aBareHostAllowsTheWebPortsOnly() {
        HostRule rule = HostRule.parse("img.example");
        assertThat(rule.allows("img.example", 80)).isTrue();
        assertThat(rule.allows("img.example", 443)).isTrue();
        assertThat(rule.allows("img.example", 8080)).isFalse();
    }

    @Test
    void aHostWithAPortAllowsThatPortOnly() {
        HostRule rule = HostRule.parse("img.example:8080");
        assertThat(rule.allows("img.example", 8080)).isTrue();
        assertThat(rule.allows("img.example", 80)).isFalse();
    }

    @Test
    void aHostAllowsNeitherItsSubdomainsNorNamesThatEndLikeIt() {
        HostRule rule = HostRule.parse("img.example");
        assertThat(rule.allows("a.img.example", 443)).isFalse();
        assertThat(rule.allows("evilimg.example", 443)).isFalse();
        assertThat(rule.allows("img.example.evil", 443)).isFalse();
    }

    @Test
    void aLeadingWildcardAllowsSubdomainsOfAnyDepthButNotTheDomain() {
        HostRule rule = HostRule.parse("*.img.example");
        assertThat(rule.allows("a.img.example", 443)).isTrue();
        assertThat(rule.allows("b.a.img.example", 443)).isTrue();
        assertThat(rule.allows("img.example", 443)).isFalse();
        assertThat(rule.allows("evilimg.example", 443)).isFalse();
        assertThat(HostRule.parse("*.img.example:81").allows("a.img.example", 81))
                .isTrue();
    }

    @Test
    void addressesMayStandForHosts() {
        assertThat(HostRule.parse("10.0.0.1:9000").allows("10.0.0.1", 9000)).isTrue();
        assertThat(HostRule.parse("[::1]").allows("[::1]", 80)).isTrue();
        assertThat(HostRule.parse("[FE80::1]:81")).hasToString("[fe80::1]:81");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "*",
                "*.",
                "*.*.example",
                "a.*.example",
                "*.[::1]",
                "host:",
                "host:0",
                "host:65536",
                "host:http",
                "http://host",
                "host/path",
                "user@host",
                "a b",
                "a..b",
                "under_score.example",
                "host.",
                "::1",
                "℀.example"
            })
    void whatNamesNoHostIsRefused(String entry) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HostRule.parse(entry))
                .withMessageStartingWith("httpHosts: " + entry + " (expected: ");
    }
}
