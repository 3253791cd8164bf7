package io.realqa.scorer;

import io.realqa.scorer.Safetensors.Entry;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The files of a PEFT LoRA adapter, checked against a model: every tensor can be applied, none is missing. Values are
 * read when asked for.
 *
 * @param files adapter_config.json and adapter_model.safetensors
 * @param pairs the adapted modules
 */
record LoraTensors(List<Path> files, Safetensors table, List<Pair> pairs) {
    private static final Pattern TENSOR =
            Pattern.compile("base_model\\.model\\.(.+)\\.lora_([AB])(?:\\.default)?\\.weight");

    /**
     * The two matrices of one module, which add scale B A to its weight.
     *
     * @param module canonical name
     * @param a [rank, in], or of a convolution [rank, channels, frames, height, width]
     * @param b [out, rank], or of a convolution [out, rank, 1, 1, 1]
     */
    record Pair(String module, Entry a, Entry b, double scale) {}

    /** A pair while the file is read. */
    private static final class Found {
        Optional<Entry> a = Optional.empty();
        Optional<Entry> b = Optional.empty();
    }

    /**
     * Reads an adapter's settings and table of contents.
     *
     * @throws ModelException if a setting is not supported, or a tensor cannot be applied, is missing or of the wrong
     *     shape
     */
    static LoraTensors read(ModelConfig model, Path folder) {
        Path configFile = folder.resolve("adapter_config.json");
        Path tensorFile = folder.resolve("adapter_model.safetensors");
        PeftConfig config = PeftConfig.read(configFile);
        Safetensors table = Safetensors.read(tensorFile);
        Map<String, long[]> adaptable = new WeightLayout(model).adaptable();
        Map<String, Found> found = find(table);
        if (found.isEmpty()) {
            throw new ModelException(tensorFile + ": no tensors (expected: lora_A and lora_B of at least one module)");
        }
        complain(tensorFile, config, adaptable, found);
        List<Pair> pairs = new ArrayList<>();
        found.forEach((module, of) -> pairs.add(pair(table, config, adaptable, module, of)));
        return new LoraTensors(List.of(configFile, tensorFile), table, List.copyOf(pairs));
    }

    private static Map<String, Found> find(Safetensors table) {
        Map<String, Found> pairs = new TreeMap<>();
        for (Entry e : table.entries()) {
            Matcher m = TENSOR.matcher(e.name());
            if (!m.matches()) {
                throw new ModelException(table.file() + ": tensor " + e.name()
                        + " cannot be applied (expected: base_model.model.MODULE.lora_A.weight or lora_B)");
            }
            Found pair = pairs.computeIfAbsent(m.group(1), k -> new Found());
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
    private static void complain(
            Path file, PeftConfig config, Map<String, long[]> adaptable, Map<String, Found> pairs) {
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
        for (String canonical : adaptable.keySet()) {
            String name = Adapter.peftName(canonical, newNaming);
            if (config.targets().matches(name) && !present.contains(canonical)) {
                throw new ModelException(file + ": no tensors for " + name
                        + " (expected: every module that target_modules of adapter_config.json names)");
            }
        }
    }

    private static Pair pair(
            Safetensors table, PeftConfig config, Map<String, long[]> adaptable, String module, Found pair) {
        String name = WeightLayout.canonical(module).orElse("");
        long[] weight = adaptable.get(name);
        if (weight == null) {
            throw new ModelException(
                    table.file() + ": module " + module + " cannot be adapted (expected: a linear layer "
                            + "of the language model or the vision tower, or the patches' convolution)");
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
        checkShape(table, pair.a.get(), shapeOfA(rank, weight));
        checkShape(table, pair.b.get(), shapeOfB(rank, weight));
        return new Pair(name, pair.a.get(), pair.b.get(), config.scaleOf(module));
    }

    /** PEFT's A for a weight: as the weight, but for rank outputs. */
    static long[] shapeOfA(int rank, long[] weight) {
        long[] shape = weight.clone();
        shape[0] = rank;
        return shape;
    }

    /** PEFT's B for a weight: from rank inputs, of a convolution as kernels of size 1. */
    static long[] shapeOfB(int rank, long[] weight) {
        long[] shape = new long[weight.length];
        Arrays.fill(shape, 1);
        shape[0] = weight[0];
        shape[1] = rank;
        return shape;
    }

    private static void checkShape(Safetensors table, Entry e, long... shape) {
        if (!Arrays.equals(e.shape(), shape)) {
            throw new ModelException(table.file() + ": " + e.name() + ": shape " + Arrays.toString(e.shape())
                    + " (expected: " + Arrays.toString(shape) + " by adapter_config.json and the checkpoint)");
        }
    }

    /** A's values: [rank * in]. */
    float[] a(Pair pair) {
        return floats(pair.a(), 1);
    }

    /** B's values, scaled: [out * rank]. */
    float[] b(Pair pair) {
        return floats(pair.b(), pair.scale());
    }

    private float[] floats(Entry e, double scale) {
        float[] values = table.floats(e);
        for (int i = 0; i < values.length; i++) {
            float scaled = values[i] * (float) scale;
            if (!Float.isFinite(scaled)) {
                throw new ModelException(table.file() + ": " + e.name() + ": element " + i + " is " + values[i]
                        + (scale == 1 ? "" : ", scaled " + scaled) + " (expected: finite)");
            }
            values[i] = scaled;
        }
        return values;
    }
}
