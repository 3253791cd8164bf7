package io.realqa.scorer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.Test;

/** The archive that libtorch loads is made anew each time, and is the same each time. */
class TorchScriptArchiveTest {
    private static final String CODE = "class Qwen2VL(Module):\n  layers : int\n";

    private static byte[] archive(Map<String, Object> attributes) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        TorchScriptArchive.write(out, CODE, "Qwen2VL", attributes);
        return out.toByteArray();
    }

    private static Map<String, Object> attributes() {
        Map<String, Object> attributes = new LinkedHashMap<>();
        attributes.put("training", false);
        attributes.put("on", true);
        attributes.put("layers", 258);
        attributes.put("eps", 1.5);
        return attributes;
    }

    private static Map<String, byte[]> entries(byte[] archive) throws IOException {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        try (ZipInputStream zip = new ZipInputStream(new ByteArrayInputStream(archive))) {
            for (ZipEntry e = zip.getNextEntry(); e != null; e = zip.getNextEntry()) {
                assertThat(e.getMethod()).as(e.getName()).isEqualTo(ZipEntry.STORED);
                entries.put(e.getName(), zip.readAllBytes());
            }
        }
        return entries;
    }

    @Test
    void theSameProgramGivesTheSameBytes() throws IOException {
        assertThat(archive(attributes())).isEqualTo(archive(attributes()));
    }

    @Test
    void theArchiveIsAStoredZipOfCodeAndOneObject() throws IOException {
        Map<String, byte[]> entries = entries(archive(attributes()));
        assertThat(entries)
                .containsOnlyKeys(
                        "program/data.pkl", "program/constants.pkl", "program/version", "program/code/__torch__.py");
        assertThat(entries.get("program/code/__torch__.py"))
                .asString(StandardCharsets.UTF_8)
                .isEqualTo(CODE);
        assertThat(entries.get("program/version"))
                .asString(StandardCharsets.UTF_8)
                .isEqualTo("3\n");
    }

    @Test
    void theObjectIsAPickleOfItsNumbersAlone() throws IOException {
        ByteArrayOutputStream pickle = new ByteArrayOutputStream();
        pickle.writeBytes(new byte[] {(byte) 0x80, 2});
        pickle.writeBytes("c__torch__\nQwen2VL\n)".getBytes(StandardCharsets.US_ASCII));
        pickle.writeBytes(new byte[] {(byte) 0x81, '}', '('});
        key(pickle, "training");
        pickle.write(0x89);
        key(pickle, "on");
        pickle.write(0x88);
        key(pickle, "layers");
        pickle.writeBytes(new byte[] {'J', 2, 1, 0, 0});
        key(pickle, "eps");
        pickle.writeBytes(new byte[] {'G', 0x3f, (byte) 0xf8, 0, 0, 0, 0, 0, 0});
        pickle.writeBytes("ub.".getBytes(StandardCharsets.US_ASCII));
        assertThat(entries(archive(attributes())).get("program/data.pkl")).isEqualTo(pickle.toByteArray());
    }

    private static void key(ByteArrayOutputStream pickle, String name) {
        pickle.writeBytes(new byte[] {'X', (byte) name.length(), 0, 0, 0});
        pickle.writeBytes(name.getBytes(StandardCharsets.US_ASCII));
    }

    @Test
    void attributesOfOtherTypesAreRefused() {
        assertThatThrownBy(() -> archive(Map.of("name", "text")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("name: text (expected: Integer, Double or Boolean)");
    }
}
