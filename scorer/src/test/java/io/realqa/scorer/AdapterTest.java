package io.realqa.scorer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.realqa.scorer.TensorFile.Tensor;
import io.realqa.scorer.image.VisualInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** An adapter that cannot be applied to the last number is refused; several can be resident on one checkpoint. */
class AdapterTest {
    private static final String MODEL = "flat-hub-6x2";
    private static final String LAYER = "base_model.model.model.layers.0.";

    @TempDir
    static Path shared;

    private static Checkpoint checkpoint;

    @TempDir
    Path temporary;

    @BeforeAll
    static void load() throws IOException {
        checkpoint = Checkpoint.load(TensorFile.checkpoint(MODEL, shared.resolve("model")), Compute.CPU);
    }

    @AfterAll
    static void close() {
        checkpoint.close();
    }

    private Path folder() throws IOException {
        return TensorFile.copy(Reference.PARITY.resolve(MODEL + "/adapter-hub"), temporary.resolve("adapter"));
    }

    private static void refused(Path folder, String... parts) {
        assertThatThrownBy(() -> Adapter.load(checkpoint, folder).close())
                .isInstanceOf(ModelException.class)
                .hasMessageContainingAll(parts);
    }

    private void refusedConfig(Consumer<ObjectNode> change, String... parts) throws IOException {
        Path folder = folder();
        TensorFile.editJson(folder.resolve("adapter_config.json"), change);
        refused(folder, parts);
    }

    private void refusedTensors(Consumer<TensorFile> change, String... parts) throws IOException {
        Path folder = folder();
        TensorFile.edit(folder.resolve("adapter_model.safetensors"), change);
        refused(folder, parts);
    }

    private PeftConfig config(Consumer<ObjectNode> change) throws IOException {
        Path file = folder().resolve("adapter_config.json");
        TensorFile.editJson(file, change);
        return PeftConfig.read(file);
    }

    private static float[] logits(Adapter adapter) {
        return Logits.of(checkpoint, adapter, new Reference(MODEL).input(0));
    }

    @Test
    void inBfloat16AnAdapterChangesTheModelAsItDoesInFloat32() throws IOException {
        Path folder = folder();
        float[] base = Logits.of(checkpoint, null, new Reference(MODEL).input(0));
        float[] wide;
        try (Adapter adapter = Adapter.load(checkpoint, folder)) {
            wide = logits(adapter);
        }
        try (Checkpoint narrow = Checkpoint.load(checkpoint.folder(), new Compute("cpu", true));
                Adapter adapter = Adapter.load(narrow, folder)) {
            float[] logits = Logits.of(narrow, adapter, new Reference(MODEL).input(0));
            assertThat(Reference.largestDifference(logits, wide))
                    .isPositive()
                    .isLessThan(0.2 * Reference.largestDifference(base, wide));
        }
    }

    // Settings

    @ParameterizedTest
    @ValueSource(strings = {"use_dora", "lora_bias", "fan_in_fan_out", "use_qalora", "use_bdlora", "megatron_config"})
    void variantsThatChangeTheResultAreRefused(String key) throws IOException {
        refusedConfig(c -> c.put(key, true), "adapter_config.json: " + key + ": true", "unset");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "modules_to_save",
                "alora_invocation_tokens",
                "target_parameters",
                "trainable_token_indices",
                "layer_replication",
                "layers_to_transform"
            })
    void listsThatChangeTheResultAreRefusedUnlessEmpty(String key) throws IOException {
        Path folder = folder();
        TensorFile.editJson(folder.resolve("adapter_config.json"), c -> c.putArray(key));
        Adapter.load(checkpoint, folder).close();
        TensorFile.editJson(
                folder.resolve("adapter_config.json"), c -> c.putArray(key).add("x"));
        refused(folder, key + ": [\"x\"]", "unset");
    }

    @Test
    void biasesAreRefused() throws IOException {
        refusedConfig(c -> c.put("bias", "lora_only"), "bias: \"lora_only\"", "\"none\"");
    }

    @Test
    void otherMethodsThanLoraAreRefused() throws IOException {
        refusedConfig(c -> c.put("peft_type", "LOHA"), "peft_type: \"LOHA\"", "\"LORA\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"pissa", "pissa_niter_16", "olora", "OLoRA", "corda", "loftq", "lora_ga"})
    void initialisationsThatMovePartOfTheBaseModelAreRefused(String name) throws IOException {
        refusedConfig(c -> c.put("init_lora_weights", name), "init_lora_weights: \"" + name + "\"", "base model");
    }

    @ParameterizedTest
    @ValueSource(strings = {"gaussian", "eva", "orthogonal"})
    void initialisationsThatLeaveTheBaseModelAloneDoNotMatter(String name) throws IOException {
        assertThat(config(c -> c.put("init_lora_weights", name)).rank()).isEqualTo(4);
    }

    @ParameterizedTest
    @ValueSource(strings = {"(", "[a-", "*x"})
    void brokenExpressionsAreRefused(String regex) throws IOException {
        refusedConfig(c -> c.put("target_modules", regex), "target_modules: " + regex, "a regular expression");
    }

    @Test
    void aBrokenExpressionInAPatternIsRefused() throws IOException {
        refusedConfig(c -> c.putObject("rank_pattern").put("q_(proj", 4), "q_(proj", "a regular expression");
    }

    @Test
    void anExpressionThatTriesWithoutEndIsRefused() throws IOException {
        String endless = "(.*.*.*.*.*.*.*.*.*.*)*y";
        refusedConfig(c -> c.put("target_modules", endless), "regular expression " + endless, "undecided about");
    }

    @Test
    void aPatternThatTriesWithoutEndIsRefused() throws IOException {
        String endless = "((.*)*)*Z";
        refusedConfig(c -> c.putObject("rank_pattern").put(endless, 4), endless, "undecided about");
    }

    @Test
    void noTargetModulesAreRefused() throws IOException {
        refusedConfig(c -> c.putArray("target_modules"), "target_modules: []");
    }

    @Test
    void aMissingRankIsRefused() throws IOException {
        refusedConfig(c -> c.remove("r"), "adapter_config.json: r: missing", "a positive integer");
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, -4, 2.5})
    void aRankInAPatternIsAPositiveInteger(double rank) throws IOException {
        refusedConfig(c -> c.putObject("rank_pattern").put("q_proj", rank), "rank_pattern: q_proj", "positive integer");
    }

    @Test
    void missingFilesAreRefusedByName() throws IOException {
        Path folder = folder();
        Files.delete(folder.resolve("adapter_model.safetensors"));
        refused(folder, "adapter_model.safetensors", "missing");
        Files.delete(folder.resolve("adapter_config.json"));
        refused(folder, "adapter_config.json", "missing");
    }

    // Tensors

    @Test
    void anAdapterOfTheTokenEmbeddingsIsRefused() throws IOException {
        String name = "base_model.model.model.embed_tokens.lora_embedding_A";
        refusedTensors(t -> t.put(name, Tensor.floats(new float[4 * 528], 4, 528)), name, "cannot be applied");
    }

    @Test
    void savedTokenEmbeddingsAreRefused() throws IOException {
        String name = "base_model.model.model.embed_tokens.weight";
        refusedTensors(t -> t.put(name, Tensor.floats(new float[528 * 48], 528, 48)), name, "cannot be applied");
    }

    @Test
    void magnitudesOfDoraAreRefused() throws IOException {
        String name = LAYER + "self_attn.q_proj.lora_magnitude_vector";
        refusedTensors(t -> t.put(name, Tensor.floats(new float[48], 48)), name, "cannot be applied");
    }

    private void refusedModule(String module, long[] a, long[] b) throws IOException {
        Path folder = folder();
        TensorFile.edit(folder.resolve("adapter_model.safetensors"), t -> {
            t.put("base_model.model." + module + ".lora_A.weight", zeros(a));
            t.put("base_model.model." + module + ".lora_B.weight", zeros(b));
        });
        TensorFile.editJson(
                folder.resolve("adapter_config.json"), c -> c.put("target_modules", ".*(proj|fc.|qkv|head)"));
        refused(folder, "module " + module + " cannot be adapted", "a linear layer", "convolution");
    }

    private static Tensor zeros(long[] shape) {
        return Tensor.floats(new float[Math.toIntExact(Arrays.stream(shape).reduce(1, Math::multiplyExact))], shape);
    }

    @Test
    void anAdapterOfTheOutputLayerIsRefused() throws IOException {
        refusedModule("lm_head", new long[] {4, 48}, new long[] {528, 4});
    }

    @ParameterizedTest
    @CsvSource({"A, 4 1176, '[4, 3, 2, 14, 14]'", "B, 16 4, '[16, 4, 1, 1, 1]'"})
    void aConvolutionsMatricesAreKernels(String which, String flat, String expected) throws IOException {
        long[] shape = Arrays.stream(flat.split(" ")).mapToLong(Long::parseLong).toArray();
        String name = "base_model.model.visual.patch_embed.proj.lora_" + which + ".weight";
        refusedTensors(t -> t.put(name, zeros(shape)), name, Arrays.toString(shape), expected);
    }

    @Test
    void allLinearLeavesTheConvolutionOut() throws IOException {
        PeftConfig config = config(c -> c.put("target_modules", "all-linear"));
        assertThat(config.targets().matches("visual.patch_embed.proj")).isFalse();
        assertThat(config.targets().matches("visual.blocks.3.attn.proj")).isTrue();
    }

    @Test
    void aModuleThatTheModelLacksIsRefused() throws IOException {
        refusedModule("model.layers.1.self_attn.q_proj", new long[] {4, 48}, new long[] {48, 4});
    }

    @Test
    void aModuleWithoutItsOtherHalfIsRefused() throws IOException {
        refusedTensors(
                t -> t.remove(LAYER + "self_attn.q_proj.lora_B.weight"),
                "model.layers.0.self_attn.q_proj",
                "lora_B is missing");
    }

    @Test
    void aModuleThatTheSettingsNameAndTheFileLacksIsRefused() throws IOException {
        refusedTensors(
                t -> {
                    t.remove(LAYER + "self_attn.q_proj.lora_A.weight");
                    t.remove(LAYER + "self_attn.q_proj.lora_B.weight");
                },
                "no tensors for model.layers.0.self_attn.q_proj",
                "target_modules");
    }

    @Test
    void aModuleThatTheSettingsDoNotNameIsRefused() throws IOException {
        refusedConfig(
                c -> c.putArray("target_modules").add("q_proj").add("qkv"),
                "adapter_model.safetensors",
                "is not among target_modules");
    }

    @Test
    void aRankOtherThanTheSettingsSayIsRefused() throws IOException {
        refusedConfig(c -> c.put("r", 8), "lora_A.weight", "[4, ", "[8, ", "adapter_config.json");
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY})
    void numbersThatAreNotFiniteAreRefused(float bad) throws IOException {
        float[] values = new float[4 * 48];
        values[7] = bad;
        String name = LAYER + "self_attn.q_proj.lora_A.weight";
        refusedTensors(t -> t.put(name, Tensor.floats(values, 4, 48)), name, "element 7 is " + bad, "finite");
    }

    @Test
    void aTensorUnderTwoSpellingsIsRefused() throws IOException {
        refusedTensors(
                t -> t.put(
                        LAYER + "self_attn.q_proj.lora_A.default.weight",
                        t.get(LAYER + "self_attn.q_proj.lora_A.weight")),
                "self_attn.q_proj.lora_A",
                "a second time");
    }

    @Test
    void aModuleUnderBothNamingsIsRefused() throws IOException {
        String other = "base_model.model.model.language_model.layers.0.self_attn.q_proj.";
        refusedTensors(
                t -> {
                    t.put(other + "lora_A.weight", t.get(LAYER + "self_attn.q_proj.lora_A.weight"));
                    t.put(other + "lora_B.weight", t.get(LAYER + "self_attn.q_proj.lora_B.weight"));
                },
                "self_attn.q_proj",
                "a second time, in another naming");
    }

    @Test
    void anEmptyAdapterIsRefused() throws IOException {
        Path folder = folder();
        new TensorFile().write(folder.resolve("adapter_model.safetensors"));
        refused(folder, "adapter_model.safetensors", "no tensors");
    }

    // What PEFT does with names

    @Test
    void withoutPatternsTheScaleIsAlphaOverRank() throws IOException {
        PeftConfig config = config(c -> c.put("lora_alpha", 6));
        assertThat(config.rankOf("model.layers.0.self_attn.q_proj")).isEqualTo(4);
        assertThat(config.scaleOf("model.layers.0.self_attn.q_proj")).isEqualTo(1.5);
    }

    @Test
    void rankStabilisedTheScaleIsAlphaOverTheRootOfTheRank() throws IOException {
        PeftConfig config = config(c -> {
            c.put("use_rslora", true).put("lora_alpha", 6);
            c.putObject("rank_pattern").put("o_proj", 9);
        });
        assertThat(config.scaleOf("model.layers.0.self_attn.q_proj")).isEqualTo(3);
        assertThat(config.scaleOf("model.layers.0.self_attn.o_proj")).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource({
        "q_proj, model.layers.0.self_attn.q_proj, 2",
        "q_proj, q_proj, 2",
        "proj, model.layers.0.self_attn.q_proj, 4",
        "self_attn.q_proj, model.layers.0.self_attn.q_proj, 2",
        "q_pro, model.layers.0.self_attn.q_proj, 4",
        "layers.0, model.layers.0.self_attn.q_proj, 4",
        "layers\\.\\d+\\.self_attn\\.(q|k)_proj, model.layers.11.self_attn.k_proj, 2",
        "layers\\.0\\..*, model.layers.0.self_attn.q_proj, 2",
        "layers\\.0\\..*, model.layers.10.self_attn.q_proj, 4",
        "^model\\.layers\\.0\\.self_attn\\.q_proj, model.layers.0.self_attn.q_proj, 2",
        "^layers\\.0\\.self_attn\\.q_proj, model.layers.0.self_attn.q_proj, 4",
        "q_proj$, model.layers.0.self_attn.q_proj, 2",
        "(?P<which>q|k)_proj, model.layers.0.self_attn.q_proj, 2"
    })
    void aPatternIsAnExpressionForTheEndOfAName(String pattern, String module, int rank) throws IOException {
        assertThat(config(c -> c.putObject("rank_pattern").put(pattern, 2)).rankOf(module))
                .isEqualTo(rank);
    }

    @Test
    void theFirstPatternThatFitsCounts() throws IOException {
        PeftConfig config = config(c -> {
            c.put("lora_alpha", 8);
            c.putObject("rank_pattern").put("layers\\.0\\..*", 2).put("q_proj", 16);
            c.putObject("alpha_pattern").put("k_proj", 1).put(".*_proj", 5);
        });
        assertThat(config.scaleOf("model.layers.0.self_attn.q_proj")).isEqualTo(2.5);
        assertThat(config.scaleOf("model.layers.1.self_attn.q_proj")).isEqualTo(5.0 / 16);
        assertThat(config.scaleOf("model.layers.1.self_attn.k_proj")).isEqualTo(0.25);
        assertThat(config.scaleOf("visual.blocks.0.attn.qkv")).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource({
        "model.layers.0.self_attn.q_proj, true",
        "q_proj, true",
        "model.layers.0.self_attn.xq_proj, false",
        "visual.blocks.3.attn.proj, true",
        "visual.patch_embed.proj, false",
        "visual.blocks.3.attn.qkv, false",
        "model.layers.0.q_proj.extra, false"
    })
    void aListNamesTheEndsOfModules(String module, boolean expected) throws IOException {
        PeftConfig config =
                config(c -> c.putArray("target_modules").add("q_proj").add("attn.proj"));
        assertThat(config.targets().matches(module)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "model.layers.0.self_attn.q_proj, true",
        "model.layers.0.self_attn.k_proj, false",
        "q_proj, false",
        "model.layers.0.self_attn.q_proj.x, false"
    })
    void anExpressionFitsTheWholeName(String module, boolean expected) throws IOException {
        PeftConfig config = config(c -> c.put("target_modules", ".*\\.(q|v)_proj"));
        assertThat(config.targets().matches(module)).isEqualTo(expected);
    }

    @Test
    void excludedModulesAreNotAdapted() throws IOException {
        PeftConfig list = config(c -> {
            c.put("target_modules", "all-linear");
            c.putArray("exclude_modules").add("fc1");
        });
        assertThat(list.targets().matches("visual.blocks.0.mlp.fc2")).isTrue();
        assertThat(list.targets().matches("visual.blocks.0.mlp.fc1")).isFalse();
        Path file = temporary.resolve("adapter/adapter_config.json");
        TensorFile.editJson(file, c -> c.put("exclude_modules", ".*visual.*"));
        PeftConfig expression = PeftConfig.read(file);
        assertThat(expression.targets().matches("visual.blocks.0.mlp.fc2")).isFalse();
        assertThat(expression.targets().matches("model.layers.0.mlp.up_proj")).isTrue();
        TensorFile.editJson(file, c -> c.putArray("exclude_modules"));
        assertThat(PeftConfig.read(file).targets().matches("visual.blocks.0.mlp.fc2"))
                .isTrue();
    }

    // Values

    @Test
    void spellingsOfTheDefaultAdapterGiveTheSameValues() throws IOException {
        Path folder = folder();
        try (Adapter plain = Adapter.load(checkpoint, folder)) {
            TensorFile.edit(
                    folder.resolve("adapter_model.safetensors"),
                    t -> t.rename(n -> n.replace(".lora_A.weight", ".lora_A.default.weight")));
            try (Adapter spelled = Adapter.load(checkpoint, folder)) {
                assertThat(logits(spelled)).isEqualTo(logits(plain));
                assertThat(spelled.digest()).isNotEqualTo(plain.digest());
            }
        }
    }

    @Test
    void anAdapterInHalvesGivesValuesNearTheFloat32Ones() throws IOException {
        Path folder = folder();
        try (Adapter wide = Adapter.load(checkpoint, folder)) {
            TensorFile.edit(folder.resolve("adapter_model.safetensors"), t -> t.convert(Tensor::half));
            try (Adapter narrow = Adapter.load(checkpoint, folder)) {
                float[] expected = logits(wide);
                assertThat(Reference.largestDifference(logits(narrow), expected)
                                / Reference.standardDeviation(expected))
                        .isLessThan(0.02);
            }
        }
    }

    @Test
    void anAdapterWhoseSecondHalfIsZeroChangesNothing() throws IOException {
        Path folder = folder();
        TensorFile.edit(
                folder.resolve("adapter_model.safetensors"),
                t -> t.convert(x ->
                        new Tensor(x.dtype(), x.shape(), x.shape()[0] == 4 ? x.data() : new byte[x.data().length])));
        float[] base = Logits.of(checkpoint, null, new Reference(MODEL).input(0));
        try (Adapter zero = Adapter.load(checkpoint, folder)) {
            assertThat(logits(zero)).isEqualTo(base);
        }
    }

    @Test
    void severalResidentAdaptersEachGiveTheirOwnScoresAndLeaveTheBaseModelAsItIs() throws IOException {
        Path louder = folder();
        TensorFile.editJson(louder.resolve("adapter_config.json"), c -> c.put("lora_alpha", 16));
        ScoringProfile profile = ScoringProfile.in(Reference.DEMO).orElseThrow();
        List<VisualInput> images = List.of(new Reference(MODEL).input(0), new Reference(MODEL).input(1));
        try (Adapter one = Adapter.load(checkpoint, Reference.PARITY.resolve(MODEL + "/adapter"));
                Adapter other = Adapter.load(checkpoint, louder);
                Scorer base = new Scorer(checkpoint, null, profile);
                Scorer first = new Scorer(checkpoint, one, profile);
                Scorer second = new Scorer(checkpoint, other, profile)) {
            List<Score> fromBase = base.score(images).scores();
            List<Score> fromFirst = first.score(images).scores();
            List<Score> fromSecond = second.score(images).scores();
            assertThat(fromFirst.get(0).expectation())
                    .isNotEqualTo(fromBase.get(0).expectation());
            assertThat(fromSecond.get(0).expectation())
                    .isNotEqualTo(fromBase.get(0).expectation())
                    .isNotEqualTo(fromFirst.get(0).expectation());
            assertThat(base.score(images).scores()).isEqualTo(fromBase);
            assertThat(first.score(images).scores()).isEqualTo(fromFirst);
            assertThat(second.score(images).scores()).isEqualTo(fromSecond);
        }
    }

    @Test
    void anAdapterLoadedForAnotherCheckpointIsRefused() throws IOException {
        ScoringProfile profile = ScoringProfile.in(Reference.DEMO).orElseThrow();
        try (Checkpoint twin = Checkpoint.load(checkpoint.folder(), Compute.CPU);
                Adapter adapter = Adapter.load(twin, folder())) {
            assertThatThrownBy(() -> new Scorer(checkpoint, adapter, profile).close())
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(adapter.folder().toString());
        }
    }
}
