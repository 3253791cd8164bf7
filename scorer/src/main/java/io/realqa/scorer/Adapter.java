package io.realqa.scorer;

import ai.djl.pytorch.jni.IValue;
import io.realqa.scorer.Safetensors.Entry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A PEFT LoRA adapter in memory: a folder with adapter_config.json and adapter_model.safetensors, for the language
 * model's and the vision tower's linear layers. A tensor that cannot be applied is refused: an engine that left it out
 * would give plausible, wrong scores.
 *
 * <p>Immutable and safe for any thread; any number can be resident. Close it before its checkpoint.
 */
public final class Adapter implements AutoCloseable {
    private static final String CONFIG = "adapter_config.json";
    private static final String TENSORS = "adapter_model.safetensors";
    private static final Pattern TENSOR =
            Pattern.compile("base_model\\.model\\.(.+)\\.lora_([AB])(?:\\.default)?\\.weight");

    private final Checkpoint checkpoint;
    private final Path folder;
    private final String digest;
    private final IValue lora;

    private Adapter(Checkpoint checkpoint, Path folder, String digest, IValue lora) {
        this.checkpoint = checkpoint;
        this.folder = folder;
        this.digest = digest;
        this.lora = lora;
    }

    /**
     * Loads an adapter for a checkpoint.
     *
     * @throws ModelException if a setting is not supported, or a tensor cannot be applied, is missing, of the wrong
     *     shape or not finite
     */
    public static Adapter load(Checkpoint checkpoint, Path folder) {
        Path configFile = folder.resolve(CONFIG);
        Path tensorFile = folder.resolve(TENSORS);
        PeftConfig config = PeftConfig.read(configFile);
        Safetensors table = Safetensors.read(tensorFile);
        Map<String, long[]> linears = new WeightLayout(checkpoint.config()).linears();
        Map<String, Pair> pairs = pairs(table);
        if (pairs.isEmpty()) {
            throw new ModelException(tensorFile + ": no tensors (expected: lora_A and lora_B of at least one module)");
        }
        complain(tensorFile, config, linears, pairs);
        IValue lora = checkpoint.program().newWeights();
        try {
            for (Map.Entry<String, Pair> e : pairs.entrySet()) {
                apply(checkpoint, table, config, linears, e.getKey(), e.getValue(), lora);
            }
            return new Adapter(checkpoint, folder, Digests.of(List.of(configFile, tensorFile)), lora);
        } catch (RuntimeException | Error e) {
            lora.close();
            throw e;
        }
    }

    /** The two matrices of one module. */
    private static final class Pair {
        Optional<Entry> a = Optional.empty();
        Optional<Entry> b = Optional.empty();
    }

    private static Map<String, Pair> pairs(Safetensors table) {
        Map<String, Pair> pairs = new TreeMap<>();
        for (Entry e : table.entries()) {
            Matcher m = TENSOR.matcher(e.name());
            if (!m.matches()) {
                throw new ModelException(table.file() + ": tensor " + e.name()
                        + " cannot be applied (expected: base_model.model.MODULE.lora_A.weight or lora_B)");
            }
            Pair pair = pairs.computeIfAbsent(m.group(1), k -> new Pair());
            if ((m.group(2).equals("A") ? pair.a : pair.b).isPresent()) {
                throw new ModelException(table.file() + ": " + e.name() + ": a second time (expected: each once)");
            }
            if (m.group(2).equals("A")) {
                pair.a = Optional.of(e);
            } else {
                pair.b = Optional.of(e);
            }
        }
        return pairs;
    }

    /** Modules that the settings name and the file lacks: PEFT always writes them all. */
    private static void complain(Path file, PeftConfig config, Map<String, long[]> linears, Map<String, Pair> pairs) {
        TreeSet<String> present = new TreeSet<>();
        boolean newNaming = false;
        for (String module : pairs.keySet()) {
            String canonical = WeightLayout.canonical(module).orElse(module);
            if (!present.add(canonical)) {
                throw new ModelException(
                        file + ": module " + module + ": a second time, in another naming (expected: " + "each once)");
            }
            newNaming |= module.startsWith("model.visual.") || module.startsWith("model.language_model.");
        }
        for (String linear : linears.keySet()) {
            String name = peftName(linear, newNaming);
            if (config.targets().matches(name) && !present.contains(linear)) {
                throw new ModelException(file + ": no tensors for " + name
                        + " (expected: every module that target_modules of adapter_config.json names)");
            }
        }
    }

    /** Name of a module in the model that PEFT trained. */
    private static String peftName(String canonical, boolean newNaming) {
        if (canonical.startsWith("text.")) {
            return (newNaming ? "model.language_model." : "model.") + canonical.substring("text.".length());
        }
        return newNaming ? "model." + canonical : canonical;
    }

    private static void apply(
            Checkpoint checkpoint,
            Safetensors table,
            PeftConfig config,
            Map<String, long[]> linears,
            String module,
            Pair pair,
            IValue lora) {
        String name = WeightLayout.canonical(module).orElse("");
        long[] outIn = linears.get(name);
        if (outIn == null) {
            throw new ModelException(table.file() + ": module " + module
                    + " cannot be adapted (expected: a linear layer of the language model or the vision tower)");
        }
        if (!config.targets().matches(module)) {
            throw new ModelException(
                    table.file() + ": module " + module + " is not among target_modules of adapter_config.json");
        }
        if (pair.a.isEmpty() || pair.b.isEmpty()) {
            throw new ModelException(table.file() + ": module " + module + ": lora_" + (pair.a.isEmpty() ? "A" : "B")
                    + " is missing (expected: both)");
        }
        int rank = config.rankOf(module);
        put(checkpoint, table, pair.a.get(), new long[] {rank, outIn[1]}, 1, name + ".A", lora);
        put(checkpoint, table, pair.b.get(), new long[] {outIn[0], rank}, config.scaleOf(module), name + ".B", lora);
    }

    private static void put(
            Checkpoint checkpoint, Safetensors table, Entry e, long[] shape, double scale, String name, IValue lora) {
        if (!Arrays.equals(e.shape(), shape)) {
            throw new ModelException(table.file() + ": " + e.name() + ": shape " + Arrays.toString(e.shape())
                    + " (expected: " + Arrays.toString(shape) + " by adapter_config.json and the checkpoint)");
        }
        float[] values = table.floats(e);
        for (int i = 0; i < values.length; i++) {
            float scaled = values[i] * (float) scale;
            if (!Float.isFinite(scaled)) {
                throw new ModelException(table.file() + ": " + e.name() + ": element " + i + " is " + values[i]
                        + (scale == 1 ? "" : ", scaled " + scaled) + " (expected: finite)");
            }
            values[i] = scaled;
        }
        Weights.put(checkpoint.program(), lora, name, values, shape, checkpoint.compute());
    }

    /**
     * Digest that the adapter in a folder has, without loading it.
     *
     * @throws ModelException if a file is missing
     */
    public static String digest(Path folder) {
        List<Path> files = List.of(folder.resolve(CONFIG), folder.resolve(TENSORS));
        for (Path file : files) {
            if (!Files.isRegularFile(file)) {
                throw new ModelException(file + ": missing (expected: a PEFT adapter)");
            }
        }
        return Digests.of(files);
    }

    /** The folder that it was loaded from. */
    public Path folder() {
        return folder;
    }

    /** Digest of settings and tensors: {@code sha256:<hex>}. */
    public String digest() {
        return digest;
    }

    Checkpoint checkpoint() {
        return checkpoint;
    }

    IValue lora() {
        return lora;
    }

    @Override
    public void close() {
        lora.close();
    }
}
