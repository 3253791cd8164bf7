package io.realqa.scorer;

import ai.djl.pytorch.jni.IValue;
import io.realqa.scorer.Program.Scope;
import io.realqa.scorer.Safetensors.Entry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.Lock;

/**
 * What training changes, on the device: parameters (float32) and AdamW's two moments of each, by the parameters' names; and
 * the fixed factors by which the program multiplies some of them.
 *
 * <p>Owned by one thread, which closes it before its checkpoint.
 */
final class TrainingState implements AutoCloseable {
    private static final String PARAMETER = "parameter";
    private static final String FIRST = "first";
    private static final String SECOND = "second";
    private static final List<String> KINDS = List.of(PARAMETER, FIRST, SECOND);

    private final Checkpoint checkpoint;
    private final Map<String, long[]> shapes;
    private final IValue parameters;
    private final IValue scales;
    private final IValue first;
    private final IValue second;

    /** Makes room; parameters are then {@link #put}, and moments {@linkplain #clearMoments cleared}. */
    TrainingState(Checkpoint checkpoint, Map<String, long[]> shapes) {
        this.checkpoint = checkpoint;
        this.shapes = new TreeMap<>(shapes);
        this.parameters = checkpoint.program().newWeights();
        this.scales = checkpoint.program().newWeights();
        this.first = checkpoint.program().newWeights();
        this.second = checkpoint.program().newWeights();
    }

    /** Shapes of the parameters, by name. */
    Map<String, long[]> shapes() {
        return shapes;
    }

    /** Numbers that are trained. */
    long count() {
        return shapes.values().stream().mapToLong(Safetensors::elements).sum();
    }

    IValue parameters() {
        return parameters;
    }

    IValue scales() {
        return scales;
    }

    /** Means of gradients. */
    IValue first() {
        return first;
    }

    /** Means of their squares. */
    IValue second() {
        return second;
    }

    /** Calls a method of the program so that its tensors can be trained; the process does not end within it. */
    IValue call(Scope scope, String method, IValue... arguments) {
        Lock open = ExitGate.open();
        open.lock();
        try {
            return checkpoint.program().callRecorded(scope, method, arguments);
        } finally {
            open.unlock();
        }
    }

    /** Multiplies a parameter wherever the program takes it. */
    void scale(String name, double by) {
        try (Scope scope = checkpoint.program().scope()) {
            call(scope, "constant", scales, scope.text(name), scope.number(by), device(scope));
        }
    }

    /** @throws IllegalArgumentException if there is no such parameter */
    void put(String name, float[] values) {
        try (Scope scope = checkpoint.program().scope()) {
            IValue tensor = scope.floats(values, shape(name));
            call(scope, "parameter", parameters, scope.text(name), tensor, device(scope));
        }
    }

    void clearMoments() {
        try (Scope scope = checkpoint.program().scope()) {
            call(scope, "moments", parameters, first);
            call(scope, "moments", parameters, second);
        }
    }

    private IValue device(Scope scope) {
        return scope.text(checkpoint.compute().device());
    }

    private long[] shape(String name) {
        long[] shape = shapes.get(name);
        if (shape == null) {
            throw new IllegalArgumentException("parameter: " + name + " (expected: one of " + shapes.keySet() + ")");
        }
        return shape;
    }

    /** A tensor of a dictionary: a copy. */
    float[] fetch(IValue dictionary, String name) {
        try (Scope scope = checkpoint.program().scope()) {
            return scope.toFloats(call(scope, "fetch", dictionary, scope.text(name)));
        }
    }

    /** Writes parameters and moments. A reader sees the old file or the new one, never half of one. */
    void save(Path file, Map<String, String> metadata) throws IOException {
        Map<String, long[]> all = new LinkedHashMap<>();
        for (String kind : KINDS) {
            shapes.forEach((name, shape) -> all.put(kind + "/" + name, shape));
        }
        Path fresh = file.resolveSibling(file.getFileName() + ".new");
        Files.deleteIfExists(fresh);
        SafetensorsWriter.write(fresh, metadata, all, key -> {
            int at = key.indexOf('/');
            return fetch(dictionary(key.substring(0, at)), key.substring(at + 1));
        });
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /**
     * Reads what {@link #save} wrote, bit for bit.
     *
     * @throws ModelException if the file is of other parameters
     */
    void load(Path file) {
        Safetensors table = Safetensors.read(file);
        Map<String, Entry> entries = new TreeMap<>();
        table.entries().forEach(e -> entries.put(e.name(), e));
        for (String kind : KINDS) {
            for (Map.Entry<String, long[]> e : shapes.entrySet()) {
                Entry entry = entries.remove(kind + "/" + e.getKey());
                if (entry == null || !Arrays.equals(entry.shape(), e.getValue())) {
                    throw new ModelException(file + ": " + kind + " of " + e.getKey() + ": "
                            + (entry == null ? "missing" : Arrays.toString(entry.shape())) + " (expected: "
                            + Arrays.toString(e.getValue()) + ", as the settings have it)");
                }
                restore(kind, e.getKey(), table.floats(entry));
            }
        }
        if (!entries.isEmpty()) {
            throw new ModelException(file + ": " + entries.keySet() + " (expected: only what the settings have)");
        }
    }

    private void restore(String kind, String name, float[] values) {
        if (kind.equals(PARAMETER)) {
            put(name, values);
            return;
        }
        try (Scope scope = checkpoint.program().scope()) {
            IValue tensor = scope.floats(values, shape(name));
            IValue type = scope.integer(Safetensors.Dtype.F32.code);
            call(scope, "put", dictionary(kind), scope.text(name), tensor, device(scope), type);
        }
    }

    private IValue dictionary(String kind) {
        return switch (kind) {
            case PARAMETER -> parameters;
            case FIRST -> first;
            default -> second;
        };
    }

    @Override
    public void close() {
        second.close();
        first.close();
        scales.close();
        parameters.close();
    }
}
