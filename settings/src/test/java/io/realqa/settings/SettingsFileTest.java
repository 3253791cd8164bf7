package io.realqa.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
                "{trays: 1.5} | (expected: a whole number)",
                "{fan: often} | fan: often (expected: true or false)",
                "{heat: {degrees: hot}} | heat.degrees: hot (expected: a number)",
                "{heat: {degrees: ~}} | heat.degrees: ",
                "{breads: rye} | (expected: a list)",
                "{heat: 5} | (expected: settings by key)",
                "{place: [a]} | (expected: a text)",
                "{place: a, place: b} | (expected: YAML, each key once)",
                "{place: cellar} | place: cellar (expected: a dry place)",
                "{heat: {degrees: 301}} | heat.degrees: 301.0 (expected: up to 300)",
                "'' | the file: ",
                "{place: a | (expected: YAML, each key once)"
            })
    void anErrorNamesTheFileTheKeyItsValueAndWhatWasExpected(String yaml, String message) {
        assertThatExceptionOfType(SettingsException.class)
                .isThrownBy(() -> read(yaml))
                .withMessageStartingWith(folder.resolve("oven.yaml") + ": ")
                .withMessageContaining(message);
    }

    @Test
    void aFileThatIsNotThereIsNamed() {
        assertThatExceptionOfType(SettingsException.class)
                .isThrownBy(() -> SettingsFile.read(folder.resolve("none"), Oven.class, Oven::check, Map.of()))
                .withMessage(folder.resolve("none") + ": no such file (expected: a YAML file)");
    }
}
