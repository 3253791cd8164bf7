package io.realqa.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ContentFolderTest {
    @TempDir
    private Path folder;

    @Test
    void aHalfWrittenFolderIsNeverThereUnderItsName() throws Exception {
        assertThatThrownBy(() -> ContentFolder.make(folder.resolve("made"), half -> {
                    Files.writeString(half.resolve("first"), "1");
                    throw new IOException("the disk is full");
                }))
                .hasMessage("the disk is full");
        assertThat(folder.resolve("made")).isEmptyDirectory();
    }

    @Test
    void aFolderWhoseContentChangedIsToldApart() throws Exception {
        Path made = ContentFolder.make(folder.resolve("made"), fresh -> {
            Files.writeString(fresh.resolve("a"), "1");
            return Map.of("what", "test");
        });
        ContentFolder.verify(made);
        assertThat(ContentFolder.make(folder.resolve("made"), fresh -> {
                    Files.writeString(fresh.resolve("a"), "1");
                    return Map.of("what", "test");
                }))
                .isEqualTo(made);
        Files.writeString(made.resolve("a"), "2");
        assertThatThrownBy(() -> ContentFolder.verify(made)).hasMessageContaining("a: not as in manifest.json");
        Files.writeString(made.resolve("a"), "1");
        Files.writeString(made.resolve("b"), "1");
        assertThatThrownBy(() -> ContentFolder.verify(made)).hasMessageContaining("[b] (expected: only what");
    }
}
