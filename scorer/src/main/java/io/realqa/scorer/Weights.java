package io.realqa.scorer;

import ai.djl.pytorch.jni.IValue;
import io.realqa.scorer.Program.Scope;
import io.realqa.scorer.Safetensors.Dtype;
import io.realqa.scorer.Safetensors.Entry;
import io.realqa.scorer.image.Normalisation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.IntFunction;
import java.util.function.LongConsumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Loads a checkpoint's tensors into a dictionary of the program, each under its canonical name. Where device and type
 * allow it the files are memory-mapped, so that their pages are shared between processes and nothing is copied. All is
 * made outside libtorch's inference mode, so that the same weights can be trained through.
 */
final class Weights {
    private static final String INDEX = "model.safetensors.index.json";
    private static final String SINGLE = "model.safetensors";
    private static final Pattern FILE_NAME = Pattern.compile("[^/\\\\\\x00]+\\.safetensors");

    /** Weights of up to so many bytes may be packed: of larger ones the second copy would count. */
    private static final long LARGEST_PACKED = 1L << 30;

    /** Tensors of so many bytes are mapped, and where needed converted, in one call: as often its listener is told. */
    private static final long CALL_BYTES = 1L << 27;

    private Weights() {}

    /** The safetensors files of a checkpoint folder: the single one if there is one, else those that the index names. */
    static List<Path> files(Path folder) {
        Path index = folder.resolve(INDEX);
        Path single = folder.resolve(SINGLE);
        if (Files.isRegularFile(single) || !Files.exists(index)) {
            if (!Files.isRegularFile(single)) {
                throw new ModelException(folder + ": no weights" + others(folder) + " (expected: " + SINGLE + ", or "
                        + INDEX + " and its shards)");
            }
            return List.of(single);
        }
        TreeSet<Path> files = new TreeSet<>();
        Json map = Json.read(index).object("weight_map");
        for (Map.Entry<String, com.fasterxml.jackson.databind.JsonNode> e :
                map.node().properties()) {
            String name = e.getValue().asText();
            if (!FILE_NAME.matcher(name).matches()) {
                throw map.error(e.getKey(), "the name of a file beside the index");
            }
            files.add(folder.resolve(name));
        }
        if (files.isEmpty()) {
            throw new ModelException(index + ": weight_map: {} (expected: a file for each tensor)");
        }
        return List.copyOf(files);
    }

    private static String others(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(f -> f.getFileName().toString())
                            .anyMatch(n -> n.endsWith(".bin") || n.endsWith(".pt") || n.endsWith(".pth"))
                    ? " but pickles, which are never read"
                    : "";
        } catch (IOException e) {
            throw new UncheckedIOException(folder + ": " + e, e);
        }
    }

    /**
     * Whether the weights should be packed: held a second time in the layout that oneDNN multiplies with. With AVX-512 its
     * products are some 10 % faster than those of the unpacked weights, with AVX2 they are slower.
     *
     * @param avx512 whether the processors have it
     */
    static boolean gainFromPacking(ModelConfig config, Compute compute, boolean avx512) {
        return compute.equals(Compute.CPU) && avx512 && bytes(config) <= LARGEST_PACKED;
    }

    /**
     * Loads every tensor of the layout, or fails with what is unknown, missing, doubled or of another shape.
     *
     * @param packed as {@link #gainFromPacking} says; for float32 on the CPU only
     * @param read told the bytes of the tensors that are loaded, piece by piece
     */
    static IValue load(
            Program program,
            ModelConfig config,
            Normalisation normalisation,
            List<Path> files,
            Compute compute,
            boolean packed,
            LongConsumer read) {
        WeightLayout layout = new WeightLayout(config);
        List<Safetensors> tables = files.stream().map(Safetensors::read).toList();
        check(layout, tables);
        if (compute.onCpu()) {
            requireRoom(layout, tables, compute, compute.memory());
        }
        IValue weights = program.newWeights();
        try {
            for (Safetensors table : tables) {
                for (List<Entry> mapped : calls(table, layout)) {
                    map(program, weights, table, mapped, compute);
                    read.accept(bytes(mapped));
                }
                copyUnaligned(program, weights, table, layout, compute, read);
            }
            complete(program, weights, config, normalisation, compute);
            prepare(program, weights, compute, packed);
            return weights;
        } catch (RuntimeException | Error e) {
            weights.close();
            throw e;
        }
    }

    /** Fails unless the files hold every tensor of the layout once, in its shape, and no other. */
    static void check(WeightLayout layout, List<Safetensors> tables) {
        Map<String, Entry> found = new TreeMap<>();
        for (Safetensors table : tables) {
            for (Entry e : table.entries()) {
                check(table.file(), e, layout, found);
            }
        }
        List<String> missing = layout.shapes().keySet().stream()
                .filter(n -> !found.containsKey(n))
                .toList();
        if (!missing.isEmpty()) {
            throw new ModelException(tables.get(0).file().getParent() + ": " + missing.size() + " of "
                    + layout.shapes().size() + " tensors missing, the first is " + missing.get(0)
                    + " (expected: all that config.json implies)");
        }
    }

    private static void check(Path file, Entry e, WeightLayout layout, Map<String, Entry> found) {
        String name = WeightLayout.canonical(e.name()).orElse("");
        if (layout.redundant(name)) {
            return;
        }
        long[] shape = layout.shapes().get(name);
        if (shape == null) {
            throw new ModelException(file + ": unknown tensor " + e.name()
                    + " (expected: the tensors of a Qwen2-VL as config.json has it)");
        }
        if (!Arrays.equals(shape, e.shape())) {
            throw new ModelException(file + ": " + e.name() + ": shape " + Arrays.toString(e.shape()) + " (expected: "
                    + Arrays.toString(shape) + " by config.json)");
        }
        if (found.put(name, e) != null) {
            throw new ModelException(file + ": " + e.name() + ": a second time (expected: each tensor once)");
        }
    }

    private static boolean wanted(Entry e, WeightLayout layout) {
        return WeightLayout.canonical(e.name())
                .filter(layout.shapes()::containsKey)
                .isPresent();
    }

    /**
     * Fails where the weights cannot have room in the machine's memory: the system would end the process without a word.
     * (Of a GPU's memory libtorch itself says what is missing.) What is mapped in place takes none.
     *
     * @param memory in bytes
     */
    static void requireRoom(WeightLayout layout, List<Safetensors> tables, Compute compute, long memory) {
        long bytes = 0;
        for (Safetensors table : tables) {
            for (Entry e : table.entries()) {
                boolean inPlace = e.dtype() == compute.dtype() && e.aligned();
                if (!inPlace && wanted(e, layout)) {
                    bytes += e.elements() * compute.dtype().bytes;
                }
            }
        }
        if (bytes > memory) {
            throw new ModelException(String.format(
                    Locale.ROOT,
                    "%s: %.1f GiB of weights in %s (expected: at most %.1f GiB, this machine's memory)",
                    tables.get(0).file().getParent(),
                    bytes / (double) (1L << 30),
                    compute.bfloat16() ? "bfloat16" : "float32",
                    memory / (double) (1L << 30)));
        }
    }

    /** The tensors that can be mapped, in the file's order, each list of one type and of some {@link #CALL_BYTES}. */
    private static List<List<Entry>> calls(Safetensors table, WeightLayout layout) {
        List<List<Entry>> calls = new ArrayList<>();
        for (Dtype dtype : Dtype.values()) {
            List<Entry> call = new ArrayList<>();
            for (Entry e : table.entries().stream()
                    .filter(e -> e.dtype() == dtype && e.aligned() && wanted(e, layout))
                    .sorted(Comparator.comparingLong(Entry::start))
                    .toList()) {
                call.add(e);
                if (bytes(call) >= CALL_BYTES) {
                    calls.add(call);
                    call = new ArrayList<>();
                }
            }
            if (!call.isEmpty()) {
                calls.add(call);
            }
        }
        return calls;
    }

    private static long bytes(List<Entry> entries) {
        return entries.stream().mapToLong(Entry::bytes).sum();
    }

    /** Maps tensors of one type. */
    private static void map(Program program, IValue weights, Safetensors table, List<Entry> entries, Compute compute) {
        Dtype dtype = entries.get(0).dtype();
        List<String> names = new ArrayList<>();
        List<Long> starts = new ArrayList<>();
        List<Integer> ranks = new ArrayList<>();
        List<Long> sizes = new ArrayList<>();
        for (Entry e : entries) {
            names.add(WeightLayout.canonical(e.name()).orElseThrow());
            starts.add(e.start() / dtype.bytes);
            ranks.add(e.shape().length);
            Arrays.stream(e.shape()).forEach(sizes::add);
        }
        try (Scope scope = program.scope()) {
            program.callRecorded(
                    scope,
                    "map_file",
                    weights,
                    scope.text(table.file().toAbsolutePath().toString()),
                    scope.integer(table.fileSize() / dtype.bytes),
                    scope.integer(dtype.code),
                    scope.texts(names),
                    scope.integers(starts.stream().mapToLong(Long::longValue).toArray()),
                    scope.integers(ranks),
                    scope.integers(sizes.stream().mapToLong(Long::longValue).toArray()),
                    scope.text(compute.device()),
                    scope.integer(compute.dtype().code));
        }
    }

    /** Writers pad the header so that tensors are aligned; a file from another writer costs one copy. */
    private static void copyUnaligned(
            Program program,
            IValue weights,
            Safetensors table,
            WeightLayout layout,
            Compute compute,
            LongConsumer read) {
        for (Entry e : table.entries()) {
            if (!e.aligned() && wanted(e, layout)) {
                String name = WeightLayout.canonical(e.name()).orElseThrow();
                put(program, weights, name, table.floats(e), e.shape(), compute);
                read.accept(e.bytes());
            }
        }
    }

    /** Adds one tensor to a dictionary, on the device and in the type of computation. */
    static void put(Program program, IValue weights, String name, float[] values, long[] shape, Compute compute) {
        try (Scope scope = program.scope()) {
            put(program, scope, weights, name, scope.floats(values, shape), compute, compute.dtype().code);
        }
    }

    private static void put(
            Program program, Scope scope, IValue weights, String name, IValue tensor, Compute compute, int dtype) {
        program.callRecorded(
                scope, "put", weights, scope.text(name), tensor, scope.text(compute.device()), scope.integer(dtype));
    }

    /** A channel's number for each of its pixels in a patch: [3 * ps * ps]. */
    private static IValue channels(Scope scope, ModelConfig config, IntFunction<Float> of) {
        int area = config.vision().patchSize() * config.vision().patchSize();
        float[] values = new float[config.vision().channels() * area];
        for (int i = 0; i < values.length; i++) {
            values[i] = of.apply(i / area);
        }
        return scope.floats(values, values.length);
    }

    /** What the weights take in float32. */
    private static long bytes(ModelConfig config) {
        return Float.BYTES
                * new WeightLayout(config)
                        .shapes().values().stream()
                                .mapToLong(Safetensors::elements)
                                .sum();
    }

    /** Adds what makes a model that is not trained faster. */
    private static void prepare(Program program, IValue weights, Compute compute, boolean packed) {
        try (Scope scope = program.scope()) {
            if (compute.onCpu() || !compute.bfloat16()) {
                program.callRecorded(scope, "add_still", weights);
            }
            if (packed) {
                program.call(scope, "pack", weights);
            }
        }
    }

    /** Adds what the program takes beside a checkpoint's tensors. */
    static void complete(
            Program program, IValue weights, ModelConfig config, Normalisation normalisation, Compute compute) {
        int int64 = 4;
        int float32 = 6;
        long[] axes = config.ropeAxes();
        try (Scope scope = program.scope()) {
            put(program, scope, weights, "text.rope_axis", scope.longs(axes, axes.length), compute, int64);
            IValue scale = channels(scope, config, normalisation::scale);
            put(program, scope, weights, "visual.pixels.scale", scale, compute, float32);
            IValue shift = channels(scope, config, normalisation::shift);
            put(program, scope, weights, "visual.pixels.shift", shift, compute, float32);
            if (config.tiedEmbeddings()) {
                program.callRecorded(scope, "tie", weights);
            }
        }
    }
}
