package io.realqa.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingsFileTest {
    /** What a program may be told. */
    record Oven(
            String place,
            @Nullable Integer trays,
            @Nullable Boolean fan,
            @Nullable List<String> breads,
            @Nullable Heat heat) {
        Oven {
            if ("cellar".equals(place)) {
                throw new SettingsException("place: cellar (expected: a dry place)");
            }
        }

        void check() {
            if (heat != null && heat.degrees() > 300) {
                throw new IllegalArgumentException("temperature: " + heat.degrees() + " (expected: up to 300)");
            }
        }
    }

    record Heat(double degrees) {}

    @TempDir
    Path folder;

    private Oven read(String yaml) throws IOException {
        Path file = Files.writeString(folder.resolve("oven.yaml"), yaml);
        return SettingsFile.read(file, Oven.class, Oven::check, Map.of("temperature", "heat.degrees"));
    }

    @Test
    void everyKeyArrivesAndWhatIsLeftOutIsNull() throws IOException {
        assertThat(read("{place: hall, trays: 3, fan: true, breads: [rye, spelt], heat: {degrees: 220}}"))
                .isEqualTo(new Oven("hall", 3, true, List.of("rye", "spelt"), new Heat(220)));
        assertThat(read("place: hall")).isEqualTo(new Oven("hall", null, null, null, null));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{plaec: hall} | plaec: unknown key (expected: one of breads, fan, heat, place, trays)",
                "{heat: {degrees: 1, watts: 2}} | heat.watts: unknown key (expected: one of degrees)",
                "{trays: many} | trays: many (expected: a whole number)",
                "{trays: 1.5} | trays: 1.5 (expected: a whole number)",
                "{trays: .nan} | line 1: Malformed numeric value '.nan' (expected: YAML, each key once)",
                "{trays: 99999999999} | trays: 99999999999 (expected: a whole number from -2147483648 to 2147483647)",
                "{trays: [1]} | trays: a list (expected: a whole number)",
                "{trays: ''} | trays: '' (expected: a whole number)",
                "{fan: often} | fan: often (expected: true or false)",
                "{heat: {degrees: hot}} | heat.degrees: hot (expected: a number)",
                "{heat: {degrees: ~}} | heat.degrees: null (expected: a number)",
                "{heat: {}} | heat.degrees: missing (expected: a number)",
                "{breads: rye} | breads: rye (expected: a list)",
                "{heat: 5} | heat: 5 (expected: settings by key)",
                "{heat: ''} | heat: '' (expected: settings by key)",
                "{place: [a]} | place: a list (expected: a text)",
                "{place: {a: 1}} | place: settings by key (expected: a text)",
                "{place: a, place: b} | line 1: Duplicate field 'place' (expected: YAML, each key once)",
                "{place: cellar} | place: cellar (expected: a dry place)",
                "{heat: {degrees: 301}} | heat.degrees: 301.0 (expected: up to 300)",
                "'' | empty (expected: settings)",
                "# no settings | empty (expected: settings)",
                "[1] | the file: a list (expected: settings by key)"
            })
    void anErrorNamesTheFileTheKeyItsValueAndWhatWasExpected(String yaml, String message) {
        assertThatExceptionOfType(SettingsException.class)
                .isThrownBy(() -> read(yaml.replace("''", "\"\"")))
                .withMessage(folder.resolve("oven.yaml") + ": " + message.replace("''", "\"\""));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{place: a | line 1: ",
                "place: a;trays: 1;  fan: true | line 3: ",
                "heat:;\tdegrees: 5 | line 2: ",
                "place: a;heat: {degrees: 1, degrees: 2} | line 2: Duplicate field 'degrees' (expected: YAML, each key once)",
                "place: a;---;place: b | line 3: a second document (expected: one document of settings)",
                "place: &p hall;breads: [*p] | line 2: *p (expected: the value itself; aliases are not followed)"
            })
    void whatIsNoYamlIsToldInOneLineWithItsPlace(String lines, String message) {
        assertThatExceptionOfType(SettingsException.class)
                .isThrownBy(() -> read(lines.replace(';', '\n')))
                .withMessageStartingWith(folder.resolve("oven.yaml") + ": " + message)
                .withMessageNotContaining("\n");
    }

    @Test
    void anEmptySectionHasItsDefaults() throws IOException {
        assertThat(read("place: hall\nheat:\nbreads:\n")).isEqualTo(new Oven("hall", null, null, null, null));
    }

    @Test
    void aMessageHoldsNoTerminalsCommands() {
        assertThatExceptionOfType(SettingsException.class)
                .isThrownBy(() -> read("trays: \"a\\e[31mb\\nc\""))
                .withMessage(folder.resolve("oven.yaml") + ": trays: a?[31mb c (expected: a whole number)");
    }

    @Test
    void durationsInMessagesAreWrittenAsInTheFile() throws IOException {
        Path file = Files.writeString(folder.resolve("oven.yaml"), "place: hall");
        assertThatExceptionOfType(SettingsException.class)
                .isThrownBy(() -> SettingsFile.read(
                        file,
                        Oven.class,
                        o -> {
                            throw new IllegalArgumentException("rest: " + Duration.ofMillis(90_500) + " (expected: "
                                    + Duration.ZERO + " to " + Duration.ofMinutes(1) + ")");
                        },
                        Map.of()))
                .withMessage(file + ": rest: 90500ms (expected: 0s to 1m)");
    }

    @Test
    void filesThatAreNoSettingsAreRefused() throws IOException {
        Path latin = folder.resolve("latin.yaml");
        Files.write(latin, new byte[] {'p', ':', ' ', (byte) 0xe9});
        refused(latin, "not UTF-8 (expected: a YAML file in UTF-8)");
        refused(folder, "a folder (expected: a YAML file)");
        Path large = folder.resolve("large.yaml");
        Files.writeString(large, "#".repeat((1 << 20) + 1));
        refused(large, "1048577 bytes (expected: settings, at most 1048576 bytes)");
    }

    private static void refused(Path file, String message) {
        assertThatExceptionOfType(SettingsException.class)
                .isThrownBy(() -> SettingsFile.read(file, Oven.class, Oven::check, Map.of()))
                .withMessage(file + ": " + message);
    }

    @Test
    void aFileThatIsNotThereIsNamed() {
        refused(folder.resolve("none"), "no such file (expected: a YAML file)");
    }
}
