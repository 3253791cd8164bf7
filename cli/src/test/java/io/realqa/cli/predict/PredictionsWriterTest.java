package io.realqa.cli.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PredictionsWriterTest {
    @TempDir
    Path folder;

    private static ObjectNode of(String key, int value) {
        return new ObjectMapper().createObjectNode().put(key, value);
    }

    @Test
    void whatAnotherStillWritesIsLeftAloneFromItsFirstMomentOn() throws IOException {
        Path file = folder.resolve(PredictionsWriter.FILE_NAME);
        Path settings = folder.resolve(PredictionsWriter.SETTINGS_NAME);
        try (PredictionsWriter first = PredictionsWriter.open(folder, of("seed", 1), false)) {
            String before = Files.readString(settings);
            for (int lines = 0; lines < 2; lines++) {
                for (boolean overwrite : new boolean[] {false, true}) {
                    assertThatThrownBy(() -> PredictionsWriter.open(folder, of("seed", 2), overwrite))
                            .hasMessageContaining(file + ": another process writes it (expected: one at a time)");
                }
                first.write(List.of(of("line", lines)));
            }
            assertThat(settings).hasContent(before);
        }
        assertThat(file).hasContent("{\"line\":0}\n{\"line\":1}\n");
    }

    @Test
    void beginningAnewTakesAwayWhatWasThere() throws IOException {
        for (int seed = 1; seed <= 2; seed++) {
            try (PredictionsWriter writer = PredictionsWriter.open(folder, of("seed", seed), true)) {
                assertThat(writer.done()).isZero();
                writer.write(List.of(of("line", seed)));
            }
        }
        assertThat(folder.resolve(PredictionsWriter.FILE_NAME)).hasContent("{\"line\":2}\n");
        assertThat(folder.resolve(PredictionsWriter.SETTINGS_NAME)).content().contains("2");
    }
}
