package io.realqa.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ValuesTest {
    private static void refused(String message, ThrowingCallable call) {
        assertThatExceptionOfType(SettingsException.class).isThrownBy(call).withMessage(message);
    }

    @ParameterizedTest
    @CsvSource({"0ms, PT0S", "20ms, PT0.02S", "5s, PT5S", "1m, PT1M", "12h, PT12H", "7d, P7D"})
    void aDurationHasAUnit(String text, Duration expected) {
        assertThat(Values.duration("delay", text, Duration.ZERO)).isEqualTo(expected);
        assertThat(Values.duration("delay", null, expected)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"20", "20 ms", "1w", "-5s", "1.5s", "", "9999999999ms"})
    void otherDurationsAreRefused(String text) {
        refused(
                "delay: " + text + " (expected: a duration such as 20ms, 5s, 1m, 12h or 7d)",
                () -> Values.duration("delay", text, Duration.ZERO));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0s", "20ms", "1500ms", "5s", "90s", "1m", "12h", "7d", "3650d"})
    void aDurationIsWrittenAsItIsRead(String text) {
        assertThat(Values.written(Values.duration("delay", text, Duration.ZERO)))
                .isEqualTo(text);
    }

    @Test
    void noDurationIsLongerThanTenYears() {
        refused("delay: 3651d (expected: at most 3650d)", () -> Values.duration("delay", "3651d", Duration.ZERO));
    }

    @Test
    void aPathIsOneThatAFileCanHave() {
        assertThat(Values.path("folder", "some/where")).isEqualTo(Path.of("some", "where"));
        refused("folder: \"\" (expected: a path)", () -> Values.path("folder", ""));
        refused("folder: a\0b (expected: a path): Nul character not allowed", () -> Values.path("folder", "a\0b"));
    }

    @Test
    void aListHoldsNoEmptyText() {
        refused(
                "roots: \"\" (expected: no empty element)",
                () -> Values.elements("roots", List.of("a", ""), List.of()));
    }

    @Test
    void aSectionWithAnAddressHasOneAndNoEmptyValue() {
        Map<String, String> good = Map.of("url", "there", "more", "x");
        assertThat(Values.withAddress(good, "registry", "url")).isEqualTo(good);
        refused("registry.url: missing (expected: an address)", () -> Values.withAddress(null, "registry", "url"));
        refused("registry.url: missing (expected: an address)", () -> Values.withAddress(Map.of(), "registry", "url"));
        Map<String, String> empty = new HashMap<>(good);
        empty.put("more", null);
        refused("registry.more: null (expected: a value)", () -> Values.withAddress(empty, "registry", "url"));
    }

    @Test
    void aPortIsOneThatThereIs() {
        Values.port("http.port", 0);
        Values.port("http.port", 65_535);
        Values.port("http.port", null);
        refused("http.port: -1 (expected: 0 to 65535)", () -> Values.port("http.port", -1));
        refused("http.port: 65536 (expected: 0 to 65535)", () -> Values.port("http.port", 65_536));
    }

    @Test
    void aListHasNoEmptyElement() {
        assertThat(Values.elements("names", List.of("a"), List.of("b"))).containsExactly("a");
        assertThat(Values.elements("names", null, List.of("b"))).containsExactly("b");
        refused(
                "names: null (expected: no empty element)",
                () -> Values.elements("names", Arrays.asList("a", null), List.of()));
    }

    @Test
    void anUnknownKeyIsNamedWithTheKnownOnes() {
        Values.known("topics", Set.of("a"), Set.of("a", "b"));
        refused(
                "topics.c: unknown (expected: one of a, b)",
                () -> Values.known("topics", List.of("c"), Set.of("b", "a")));
    }
}
