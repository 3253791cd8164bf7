package io.realqa.trainer.feedback;

import static org.assertj.core.api.Assertions.assertThat;

import io.realqa.scorer.Digests;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageVaultTest {
    private static final byte[] PICTURE = "picture".getBytes(StandardCharsets.UTF_8);
    private static final String SHA256 = Digests.hex(PICTURE);

    @TempDir
    Path folder;

    @Test
    void whatIsKeptIsRead() throws Exception {
        ImageVault vault = new ImageVault(folder);
        assertThat(vault.read(SHA256)).isEmpty();
        vault.keep(SHA256, PICTURE);
        assertThat(vault.read(SHA256)).hasValue(PICTURE);
    }

    @Test
    void aDamagedFileIsNotReadAndIsMendedByTheNextLabel() throws Exception {
        ImageVault vault = new ImageVault(folder);
        vault.keep(SHA256, PICTURE);
        Files.writeString(vault.file(SHA256), "pic");
        assertThat(vault.read(SHA256)).isEmpty();
        vault.keep(SHA256, PICTURE);
        assertThat(vault.read(SHA256)).hasValue(PICTURE);
    }
}
