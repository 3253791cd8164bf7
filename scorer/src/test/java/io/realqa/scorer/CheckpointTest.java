package io.realqa.scorer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.realqa.scorer.TensorFile.Tensor;
import io.realqa.scorer.image.VisualInput;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A checkpoint that cannot be run as it is is refused in one message; the variants that can be give equal values. */
class CheckpointTest {
    private static final String FLAT = "flat-hub-6x2";
    private static final String NESTED = "nested-memory-4x4";
    private static final String SHARDED = "nested-sharded-8x1";
    private static final String NORM = "model.norm.weight";

    @TempDir
    Path temporary;

    private Path folder(String name) throws IOException {
        return TensorFile.checkpoint(name, temporary.resolve("model"));
    }

    private static Path weights(Path folder) {
        return folder.resolve("model.safetensors");
    }

    /** The message names each of these. */
    private static void refused(Path folder, String... parts) {
        assertThatThrownBy(() -> Checkpoint.load(folder, Compute.CPU).close())
                .isInstanceOf(ModelException.class)
                .hasMessageContainingAll(parts)
                .hasMessageContaining("expected: ");
    }

    private void refusedTensors(Consumer<TensorFile> change, String... parts) throws IOException {
        Path folder = folder(FLAT);
        TensorFile.edit(weights(folder), change);
        refused(folder, parts);
    }

    private void refusedHeader(Consumer<ObjectNode> change, String... parts) throws IOException {
        Path folder = folder(FLAT);
        TensorFile.editHeader(weights(folder), change);
        refused(folder, parts);
    }

    private void refusedConfig(String model, Consumer<ObjectNode> change, String... parts) throws IOException {
        Path folder = folder(model);
        TensorFile.editJson(folder.resolve("config.json"), change);
        refused(folder, parts);
    }

    private static float[] logits(Path folder, String model) {
        try (Checkpoint checkpoint = Checkpoint.load(folder, Compute.CPU)) {
            return Logits.of(checkpoint, null, new Reference(model).input(0));
        }
    }

    @Test
    void theListenerHearsOfEachPieceUntilAllIsRead() throws IOException {
        Path folder = folder(FLAT);
        List<Long> heard = new ArrayList<>();
        long total = 2 * Files.size(weights(folder));
        LoadingListener listener = (done, of) -> {
            assertThat(of).isEqualTo(total);
            heard.add(done);
        };
        Checkpoint.load(folder, Compute.CPU, listener).close();
        assertThat(heard).isSorted().hasSizeGreaterThan(2).endsWith(total);
    }

    @Test
    void theDigestIsKnownWithoutLoading() throws IOException {
        Path folder = folder(FLAT);
        try (Checkpoint checkpoint = Checkpoint.load(folder, Compute.CPU)) {
            assertThat(Checkpoint.digest(folder)).isEqualTo(checkpoint.digest());
        }
        Files.delete(folder.resolve("tokenizer.json"));
        assertThatThrownBy(() -> Checkpoint.digest(folder))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("tokenizer.json: missing");
    }

    // Tensors

    @Test
    void anUnknownTensorIsRefused() throws IOException {
        refusedTensors(
                t -> t.put("model.layers.0.self_attn.q_norm.weight", Tensor.floats(new float[8], 8)),
                "model.safetensors",
                "unknown tensor model.layers.0.self_attn.q_norm.weight");
    }

    @Test
    void aMissingTensorIsRefusedByTheNameOfTheFirst() throws IOException {
        refusedTensors(t -> t.remove("visual.blocks.1.mlp.fc2.bias"), "1 of ", "visual.blocks.1.mlp.fc2.bias");
    }

    @Test
    void aTensorOfAnotherShapeIsRefused() throws IOException {
        refusedTensors(t -> t.put(NORM, Tensor.floats(new float[47], 47)), NORM, "[47]", "[48]", "config.json");
    }

    @Test
    void aTransposedTensorIsRefused() throws IOException {
        String name = "model.layers.0.mlp.up_proj.weight";
        refusedTensors(
                t -> t.put(
                        name, new Tensor("F32", new long[] {48, 40}, t.get(name).data())),
                name,
                "[48, 40]",
                "[40, 48]");
    }

    @Test
    void aTensorInTwoShardsIsRefused() throws IOException {
        Path folder = folder(SHARDED);
        String name = "model.norm.weight";
        Path first = folder.resolve("model-00001-of-00003.safetensors");
        Path last = folder.resolve("model-00003-of-00003.safetensors");
        TensorFile.edit(first, t -> t.put(name, Tensor.floats(new float[48], 48)));
        TensorFile.edit(last, t -> t.put(name, Tensor.floats(new float[48], 48)));
        refused(folder, "00003-of-00003", name, "a second time");
    }

    @Test
    void aTensorUnderBothNamingsIsRefused() throws IOException {
        refusedTensors(
                t -> t.put("model.language_model.norm.weight", t.get(NORM)),
                "model.language_model.norm.weight",
                "a second time");
    }

    @Test
    void aNameTwiceInOneHeaderIsRefused() throws IOException {
        Path folder = folder(FLAT);
        byte[] all = Files.readAllBytes(weights(folder));
        int length = (int) ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN).getLong();
        String header = new String(all, 8, length, StandardCharsets.UTF_8);
        String doubled = header.replace("visual.blocks.1.norm1.bias", "visual.blocks.0.norm1.bias");
        System.arraycopy(doubled.getBytes(StandardCharsets.UTF_8), 0, all, 8, length);
        Files.write(weights(folder), all);
        refused(folder, "model.safetensors", "visual.blocks.0.norm1.bias");
    }

    @ParameterizedTest
    @ValueSource(strings = {"F64", "I8", "I64", "F8_E4M3"})
    void anUnsupportedTypeOfElementsIsRefused(String dtype) throws IOException {
        refusedHeader(h -> ((ObjectNode) h.path(NORM)).put("dtype", dtype), NORM, "dtype " + dtype, "F32, BF16, F16");
    }

    // Files

    @ParameterizedTest
    @ValueSource(ints = {0, 7, 100, 5000, 284_935})
    void aTruncatedFileIsRefused(int size) throws IOException {
        Path folder = folder(FLAT);
        Files.write(weights(folder), Arrays.copyOf(Files.readAllBytes(weights(folder)), size));
        refused(folder, "model.safetensors");
    }

    @Test
    void aGitLfsPointerIsRefused() throws IOException {
        Path folder = folder(FLAT);
        Files.writeString(weights(folder), "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 284936\n");
        refused(folder, "model.safetensors", "a Git LFS pointer");
    }

    @ParameterizedTest
    @ValueSource(strings = {"not JSON", "[1, 2]", "{\"a\": 1}", "{\"a\": {\"dtype\": \"F32\"}} {}", "\u0000\u0001"})
    void aGarbageHeaderIsRefused(String header) throws IOException {
        Path folder = folder(FLAT);
        ByteBuffer file = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(header.length()).put(header.getBytes(StandardCharsets.UTF_8));
        Files.write(weights(folder), file.array());
        refused(folder, "model.safetensors");
    }

    @Test
    void aHeaderLengthBeyondAllMemoryIsRefused() throws IOException {
        Path folder = folder(FLAT);
        ByteBuffer file = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
        Files.write(weights(folder), file.putLong(Long.MAX_VALUE).array());
        refused(folder, "model.safetensors", "header of " + Long.MAX_VALUE);
    }

    @ParameterizedTest
    @ValueSource(longs = {-192, 1_000_000, Long.MAX_VALUE - 192})
    void offsetsOutsideTheFileAreRefused(long from) throws IOException {
        refusedHeader(
                h -> ((ObjectNode) h.path(NORM))
                        .putArray("data_offsets")
                        .add(from)
                        .add(from + 192),
                NORM,
                "bytes " + (from < 0 ? -192 : from) + " to ");
    }

    @Test
    void offsetsThatDoNotFitTheShapeAreRefused() throws IOException {
        refusedHeader(
                h -> ((ObjectNode) h.path(NORM)).putArray("data_offsets").add(0).add(188), NORM, "bytes 0 to 188");
    }

    @Test
    void bytesThatBelongToTwoTensorsAreRefused() throws IOException {
        refusedHeader(
                h -> {
                    long from = h.path(NORM).path("data_offsets").path(0).asLong();
                    ((ObjectNode) h.path(NORM))
                            .putArray("data_offsets")
                            .add(from == 0 ? 192 : from - 192)
                            .add(from == 0 ? 384 : from);
                },
                "begins at byte ",
                "where the tensor before it ends");
    }

    @Test
    void bytesThatBelongToNoTensorAreRefused() throws IOException {
        Path folder = folder(FLAT);
        Files.write(weights(folder), new byte[8], java.nio.file.StandardOpenOption.APPEND);
        refused(folder, "model.safetensors", "bytes of tensors (expected: ", "by its header)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"[48.9]", "[\"48\"]", "[null]"})
    void sizesAreWholeNumbers(String shape) throws IOException {
        JsonNode sizes = new ObjectMapper().readTree(shape);
        refusedHeader(h -> ((ObjectNode) h.path(NORM)).set("shape", sizes), NORM, "shape " + shape);
    }

    @ParameterizedTest
    @ValueSource(strings = {"[\"0\", \"192\"]", "[0.5, 192.5]", "[18446744073709551616, 18446744073709551808]"})
    void offsetsAreWholeNumbers(String offsets) throws IOException {
        JsonNode numbers = new ObjectMapper().readTree(offsets);
        refusedHeader(h -> ((ObjectNode) h.path(NORM)).set("data_offsets", numbers), NORM, "bytes -1 to -1");
    }

    @Test
    void aShapeWhoseSizeOverflowsIsRefused() throws IOException {
        refusedHeader(
                h -> ((ObjectNode) h.path(NORM)).putArray("shape").add(1L << 40).add(1L << 40), NORM, "shape [");
    }

    @ParameterizedTest
    @ValueSource(strings = {"tokenizer.json", "preprocessor_config.json", "config.json"})
    void aMissingFileIsRefusedByName(String name) throws IOException {
        Path folder = folder(FLAT);
        Files.delete(folder.resolve(name));
        refused(folder, folder.resolve(name).toString(), "missing");
    }

    @ParameterizedTest
    @ValueSource(strings = {"tokenizer.json", "preprocessor_config.json", "config.json"})
    void aFileThatIsNoTextIsRefusedByName(String name) throws IOException {
        Path folder = folder(FLAT);
        Files.write(folder.resolve(name), new byte[] {'{', (byte) 0xff, (byte) 0xfe, '}'});
        assertThatThrownBy(() -> Checkpoint.load(folder, Compute.CPU))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(folder.resolve(name).toString());
    }

    @Test
    void aFolderThatDoesNotExistIsRefused() {
        refused(temporary.resolve("nothing"), "nothing: no such folder");
    }

    @Test
    void picklesAreNeverRead() throws IOException {
        Path folder = folder(FLAT);
        Files.move(weights(folder), folder.resolve("pytorch_model.bin"));
        refused(folder, "no weights but pickles, which are never read", "model.safetensors");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../model.safetensors",
                "/etc/hostname",
                "..",
                "",
                "sub/model.safetensors",
                "a\u0000.safetensors",
                "pytorch_model.bin"
            })
    void anIndexThatPointsToAnythingButSafetensorsBesideItIsRefused(String file) throws IOException {
        Path folder = folder(SHARDED);
        TensorFile.editJson(
                folder.resolve("model.safetensors.index.json"),
                i -> ((ObjectNode) i.path("weight_map")).put("lm_head.weight", file));
        refused(folder, "model.safetensors.index.json", "weight_map", "lm_head.weight");
    }

    @Test
    void anIndexThatPointsToAMissingShardIsRefused() throws IOException {
        Path folder = folder(SHARDED);
        Files.delete(folder.resolve("model-00002-of-00003.safetensors"));
        refused(folder, "model-00002-of-00003.safetensors", "missing");
    }

    @Test
    void anIndexOfNoTensorsIsRefused() throws IOException {
        Path folder = folder(SHARDED);
        TensorFile.editJson(folder.resolve("model.safetensors.index.json"), i -> i.putObject("weight_map"));
        refused(folder, "model.safetensors.index.json", "weight_map: {}");
    }

    // Settings

    @Test
    void anotherArchitectureIsRefused() throws IOException {
        refusedConfig(FLAT, c -> c.put("model_type", "qwen2_5_vl"), "config.json", "model_type", "\"qwen2_5_vl\"");
    }

    @Test
    void slidingWindowsAreRefused() throws IOException {
        refusedConfig(FLAT, c -> c.put("use_sliding_window", true), "config.json", "use_sliding_window: true");
    }

    @Test
    void slidingWindowsAreRefusedInTheNestedLayoutToo() throws IOException {
        refusedConfig(
                NESTED,
                c -> ((ObjectNode) c.path("text_config")).put("use_sliding_window", true),
                "text_config: use_sliding_window: true");
    }

    @Test
    void otherActivationsAreRefused() throws IOException {
        refusedConfig(FLAT, c -> c.put("hidden_act", "gelu"), "config.json: hidden_act: \"gelu\"", "\"silu\"");
    }

    @Test
    void otherActivationsOfTheVisionTowerAreRefused() throws IOException {
        refusedConfig(
                FLAT,
                c -> ((ObjectNode) c.path("vision_config")).put("hidden_act", "silu"),
                "vision_config: hidden_act: \"silu\"",
                "\"quick_gelu\"");
    }

    @Test
    void rotarySectionsThatDoNotAddUpToHalfAHeadAreRefused() throws IOException {
        refusedConfig(
                FLAT,
                c -> ((ObjectNode) c.path("rope_scaling"))
                        .putArray("mrope_section")
                        .add(2)
                        .add(2)
                        .add(1),
                "rope_scaling: mrope_section: [2,2,1]",
                "half a head, 4");
    }

    @Test
    void otherRotaryScalingIsRefused() throws IOException {
        refusedConfig(
                FLAT, c -> ((ObjectNode) c.path("rope_scaling")).put("type", "yarn"), "rope_scaling: type: \"yarn\"");
    }

    @Test
    void headsOfAnOddSizeAreRefused() throws IOException {
        refusedConfig(
                FLAT, c -> c.put("hidden_size", 54), "num_attention_heads: 6", "even number", "hidden_size being 54");
    }

    @Test
    void quantisedWeightsAreRefused() throws IOException {
        refusedConfig(
                FLAT, c -> c.putObject("quantization_config").put("bits", 4), "quantization_config", "\"bits\":4");
    }

    @Test
    void aNumberOfLayersBeyondReasonIsRefused() throws IOException {
        refusedConfig(FLAT, c -> c.put("num_hidden_layers", 2_000_000_000), "num_hidden_layers: 2000000000");
    }

    @Test
    void aSettingThatIsNoNumberIsRefused() throws IOException {
        refusedConfig(FLAT, c -> c.put("hidden_size", "48"), "hidden_size: \"48\"", "a positive integer");
    }

    @Test
    void otherChannelsThanThreeAreRefused() throws IOException {
        refusedConfig(
                FLAT,
                c -> ((ObjectNode) c.path("vision_config")).put("in_channels", 4),
                "vision_config: in_channels: 4");
    }

    @Test
    void preprocessingIntoPatchesOfAnotherSizeIsRefused() throws IOException {
        Path folder = folder(FLAT);
        TensorFile.editJson(folder.resolve("preprocessor_config.json"), p -> p.put("patch_size", 16));
        refused(folder, "preprocessor_config.json", "16 px", "14", "config.json");
    }

    @Test
    void aTokenizerWithOtherSpecialTokensIsRefused() throws IOException {
        refusedConfig(FLAT, c -> c.put("image_token_id", 524), "tokenizer.json", "<|image_pad|>: [525]", "[524]");
    }

    @Test
    void aTokenizerThatKnowsNoChatIsRefused() throws IOException {
        Path folder = folder(FLAT);
        Path file = folder.resolve("tokenizer.json");
        Files.writeString(file, Files.readString(file).replace("<|im_end|>", "<|the_end|>"));
        refused(folder, "tokenizer.json", "<|im_end|>", "one special token");
    }

    // What is as good as the original

    @Test
    void bfloat16FilesGiveValuesNearTheFloat32Ones() throws IOException {
        Path folder = folder(FLAT);
        float[] wide = logits(folder, FLAT);
        TensorFile.edit(weights(folder), t -> t.convert(Tensor::bfloat16));
        assertThat(Reference.largestDifference(logits(folder, FLAT), wide) / Reference.standardDeviation(wide))
                .isBetween(1e-6, 0.1);
    }

    @Test
    void float16FilesGiveValuesNearTheFloat32Ones() throws IOException {
        Path folder = folder(FLAT);
        float[] wide = logits(folder, FLAT);
        TensorFile.edit(weights(folder), t -> t.convert(Tensor::half));
        assertThat(Reference.largestDifference(logits(folder, FLAT), wide) / Reference.standardDeviation(wide))
                .isBetween(1e-7, 0.02);
    }

    @Test
    void oneFileMayMixTypes() throws IOException {
        Path folder = folder(FLAT);
        float[] wide = logits(folder, FLAT);
        TensorFile.edit(weights(folder), t -> {
            t.put(NORM, t.get(NORM).half());
            String proj = "model.layers.0.mlp.up_proj.weight";
            t.put(proj, t.get(proj).bfloat16());
        });
        assertThat(Reference.largestDifference(logits(folder, FLAT), wide) / Reference.standardDeviation(wide))
                .isLessThan(0.1);
    }

    @Test
    void computingInBfloat16GivesValuesNearTheFloat32Ones() throws IOException {
        Path folder = folder(FLAT);
        float[] wide = logits(folder, FLAT);
        try (Checkpoint narrow = Checkpoint.load(folder, new Compute("cpu", true))) {
            float[] logits = Logits.of(narrow, null, new Reference(FLAT).input(0));
            assertThat(Reference.largestDifference(logits, wide) / Reference.standardDeviation(wide))
                    .isBetween(1e-6, 0.2);
        }
    }

    @Test
    void computingInBfloat16ALargeImageGivesValuesNearTheFloat32Ones() throws IOException {
        Path folder = folder(FLAT);
        byte[] noise = new byte[36 * 36 * 3 * 14 * 14];
        new Random(7).nextBytes(noise);
        VisualInput large = Reference.input(36, 36, noise);
        try (Checkpoint exact = Checkpoint.load(folder, Compute.CPU);
                Checkpoint narrow = Checkpoint.load(folder, new Compute("cpu", true))) {
            float[] wide = Logits.of(exact, null, large);
            assertThat(Reference.largestDifference(Logits.of(narrow, null, large), wide)
                            / Reference.standardDeviation(wide))
                    .isBetween(1e-6, 0.2);
        }
    }

    @Test
    void anUnalignedFileGivesTheSameValues() throws IOException {
        Path folder = folder(FLAT);
        float[] aligned = logits(folder, FLAT);
        TensorFile.read(weights(folder)).writeUnaligned(weights(folder));
        assertThat(Safetensors.read(weights(folder)).entries()).noneMatch(Safetensors.Entry::aligned);
        assertThat(logits(folder, FLAT)).isEqualTo(aligned);
    }

    @Test
    void anUnalignedFileOfHalvesGivesTheSameValues() throws IOException {
        Path folder = folder(FLAT);
        TensorFile halves = TensorFile.read(weights(folder));
        halves.convert(Tensor::half);
        halves.write(weights(folder));
        float[] aligned = logits(folder, FLAT);
        halves.writeUnaligned(weights(folder));
        assertThat(Safetensors.read(weights(folder)).entries()).noneMatch(Safetensors.Entry::aligned);
        assertThat(logits(folder, FLAT)).isEqualTo(aligned);
    }

    @Test
    void halvesReadAsIeee754() throws IOException {
        short[] bits = {0x3c00, 0x0001, 0x03ff, 0x0400, 0x7bff, (short) 0x8000, (short) 0xc000, (short) 0xfc00, 0x7e00};
        ByteBuffer data = ByteBuffer.allocate(2 * bits.length).order(ByteOrder.LITTLE_ENDIAN);
        for (short b : bits) {
            data.putShort(b);
        }
        TensorFile file = new TensorFile();
        file.put("x", new Tensor("F16", new long[] {bits.length}, data.array()));
        Path path = temporary.resolve("halves.safetensors");
        file.write(path);
        Safetensors table = Safetensors.read(path);
        assertThat(table.floats(table.entries().get(0)))
                .containsExactly(
                        1, 0x1p-24f, 1023 * 0x1p-24f, 0x1p-14f, 65504, -0f, -2, Float.NEGATIVE_INFINITY, Float.NaN);
    }

    @Test
    void bothNamingsGiveTheSameValues() throws IOException {
        Path folder = folder(FLAT);
        float[] old = logits(folder, FLAT);
        TensorFile.edit(weights(folder), t -> {
            t.get(NORM);
            t.rename(
                    n -> n.startsWith("visual.") ? "model." + n : n.replaceFirst("^model\\.", "model.language_model."));
            t.get("model.language_model.norm.weight");
        });
        assertThat(logits(folder, FLAT)).isEqualTo(old);
    }

    @Test
    void aTiedModelMayCarryItsOutputLayerAndOldBuffers() throws IOException {
        Path folder = folder(FLAT);
        float[] tied = logits(folder, FLAT);
        TensorFile.edit(weights(folder), t -> {
            t.put("lm_head.weight", t.get("model.embed_tokens.weight"));
            t.put("model.layers.0.self_attn.rotary_emb.inv_freq", Tensor.floats(new float[4], 4));
        });
        assertThat(logits(folder, FLAT)).isEqualTo(tied);
    }

    @Test
    void anUntiedModelNeedsItsOutputLayer() throws IOException {
        Path folder = folder(NESTED);
        TensorFile.edit(weights(folder), t -> t.remove("lm_head.weight"));
        refused(folder, "lm_head.weight");
    }

    @Test
    void oneFileComesBeforeAnIndexAsInTransformers() throws IOException {
        Path folder = folder(FLAT);
        Files.writeString(
                folder.resolve("model.safetensors.index.json"), "{\"weight_map\": {\"x\": \"gone.safetensors\"}}");
        assertThat(logits(folder, FLAT)).isNotEmpty();
    }

    @Test
    void theDigestChangesWithWeightsTokenizerAndSettingsAndWithNothingElse() throws IOException {
        Path folder = folder(FLAT);
        String digest = digest(folder);
        assertThat(digest).matches("sha256:[0-9a-f]{64}");
        Path elsewhere = TensorFile.copy(folder, temporary.resolve("elsewhere"));
        Files.writeString(elsewhere.resolve("README.md"), "Nothing of the model.");
        assertThat(digest(elsewhere)).isEqualTo(digest);
        Files.writeString(elsewhere.resolve("tokenizer.json"), " ", java.nio.file.StandardOpenOption.APPEND);
        assertThat(digest(elsewhere)).isNotEqualTo(digest);
        TensorFile.edit(weights(folder), t -> t.get(NORM).data()[0]++);
        assertThat(digest(folder)).isNotEqualTo(digest);
    }

    private static String digest(Path folder) {
        try (Checkpoint checkpoint = Checkpoint.load(folder, Compute.CPU)) {
            return checkpoint.digest();
        }
    }
}
