package io.realqa.scorer;

import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.TrainingCalls;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The TorchScript program of qwen2vl.torchscript in libtorch. One native call runs one model step.
 *
 * <p>Immutable and safe for any thread; each call's tensors belong to the {@link Scope} that they are made in.
 */
final class Program implements AutoCloseable {
    private static final String SOURCE = "qwen2vl.torchscript";
    /** More methods of the same class. */
    private static final String TRAINING = "qwen2vl-training.torchscript";

    private final Model model;
    private final PtSymbolBlock block;
    private final NDManager root;
    private final BufferPool buffers = new BufferPool();

    private Program(Model model) {
        this.model = model;
        this.block = (PtSymbolBlock) model.getBlock();
        this.root = model.getNDManager();
    }

    static Program load(ModelConfig config) {
        Path folder = null;
        Model model = null;
        boolean loaded = false;
        try {
            folder = Files.createTempDirectory("realqa-program");
            Path archive = folder.resolve("program.pt");
            try (OutputStream out = Files.newOutputStream(archive)) {
                TorchScriptArchive.write(out, source(SOURCE) + source(TRAINING), "Qwen2VL", attributes(config));
            }
            model = Model.newInstance("program", "PyTorch");
            model.load(folder, "program.pt");
            Program program = new Program(model);
            loaded = true;
            return program;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write the program's archive: " + e, e);
        } catch (ai.djl.MalformedModelException | EngineException e) {
            throw new ModelException("libtorch refused the program " + SOURCE + ": " + e.getMessage(), e);
        } finally {
            if (model != null && !loaded) {
                model.close();
            }
            delete(folder);
        }
    }

    private static void delete(@org.jspecify.annotations.Nullable Path folder) {
        if (folder == null) {
            return;
        }
        try {
            Files.deleteIfExists(folder.resolve("program.pt"));
            Files.deleteIfExists(folder);
        } catch (IOException e) {
            folder.toFile().deleteOnExit();
        }
    }

    private static String source(String name) throws IOException {
        try (InputStream in = Program.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IOException(name + " is not on the class path");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static Map<String, Object> attributes(ModelConfig c) {
        Map<String, Object> attributes = new LinkedHashMap<>();
        attributes.put("training", false);
        attributes.put("layers", c.layers());
        attributes.put("heads", c.heads());
        attributes.put("kv_heads", c.kvHeads());
        attributes.put("head_size", c.headSize());
        attributes.put("rms_eps", c.rmsNormEps());
        attributes.put("rope_theta", c.ropeTheta());
        attributes.put("vision_layers", c.vision().depth());
        attributes.put("vision_heads", c.vision().heads());
        attributes.put("vision_head_size", c.vision().headSize());
        attributes.put("merge_area", c.vision().mergeSize() * c.vision().mergeSize());
        return attributes;
    }

    /** Version of libtorch, for reports. */
    static String engineVersion() {
        return Engine.getEngine("PyTorch").getVersion();
    }

    /** Calls a method of the program; the result belongs to the scope. */
    IValue call(Scope scope, String method, IValue... arguments) {
        EngineSettings.countThreads();
        return scope.own(IValueUtils.runMethod(block, method, arguments));
    }

    /** As call, outside libtorch's inference mode: its tensors can be trained, and trained through. */
    IValue callRecorded(Scope scope, String method, IValue... arguments) {
        EngineSettings.countThreads();
        return scope.own(TrainingCalls.runMethod(block, method, arguments));
    }

    /** A dictionary of tensors, kept until it is closed. */
    IValue newWeights() {
        // Not by the program: libtorch takes an empty dictionary that a method returns for a constant, and gives every
        // caller the same one.
        return IValue.stringMapFrom(Map.of());
    }

    Scope scope() {
        return new Scope((PtNDManager) root.newSubManager(), buffers);
    }

    @Override
    public void close() {
        model.close();
    }

    /** Owns the native memory of one computation: all that was made in it is freed when it is closed. One thread's. */
    static final class Scope implements AutoCloseable {
        private final PtNDManager manager;
        private final BufferPool buffers;
        private final List<ByteBuffer> borrowed = new ArrayList<>();
        private final List<IValue> values = new ArrayList<>();

        private Scope(PtNDManager manager, BufferPool buffers) {
            this.manager = manager;
            this.buffers = buffers;
        }

        IValue own(IValue value) {
            values.add(value);
            return value;
        }

        IValue text(String value) {
            return own(IValue.from(value));
        }

        IValue integer(long value) {
            return own(IValue.from(value));
        }

        IValue number(double value) {
            return own(IValue.from(value));
        }

        IValue integers(long... values) {
            return own(IValue.listFrom(values));
        }

        IValue integers(List<Integer> values) {
            return integers(values.stream().mapToLong(Integer::longValue).toArray());
        }

        IValue texts(List<String> values) {
            return own(IValue.listFrom(values.stream().map(this::text).toArray(IValue[]::new)));
        }

        IValue longs(long[] values, long... shape) {
            ByteBuffer buffer = borrow((long) values.length * Long.BYTES);
            buffer.asLongBuffer().put(values);
            return tensor(array(buffer, shape, DataType.INT64));
        }

        IValue floats(float[] values, long... shape) {
            ByteBuffer buffer = borrow((long) values.length * Float.BYTES);
            buffer.asFloatBuffer().put(values);
            return tensor(array(buffer, shape, DataType.FLOAT32));
        }

        /** A tensor of arrays one after the other, their bytes taken for 0..255. */
        IValue bytes(List<byte[]> parts, long... shape) {
            ByteBuffer buffer = borrow(parts.stream().mapToLong(p -> p.length).sum());
            parts.forEach(buffer::put);
            return tensor(array(buffer.flip(), shape, DataType.UINT8));
        }

        PtNDArray booleans(boolean[] values, long... shape) {
            ByteBuffer buffer = borrow(values.length);
            for (int i = 0; i < values.length; i++) {
                buffer.put(i, (byte) (values[i] ? 1 : 0));
            }
            return array(buffer, shape, DataType.BOOLEAN);
        }

        /** Memory that the tensor made from it uses in place, until this scope is closed. */
        private ByteBuffer borrow(long bytes) {
            ByteBuffer buffer = buffers.borrow(bytes);
            borrowed.add(buffer);
            return buffer.slice(0, (int) bytes).order(ByteOrder.nativeOrder());
        }

        private PtNDArray array(ByteBuffer buffer, long[] shape, DataType type) {
            return manager.create(buffer, new Shape(shape), type);
        }

        IValue tensor(PtNDArray array) {
            return own(IValue.from(array));
        }

        IValue tensors(PtNDArray... arrays) {
            return own(IValue.listFrom(arrays));
        }

        IValue[] tuple(IValue value) {
            IValue[] parts = value.toIValueTuple();
            for (IValue part : parts) {
                own(part);
            }
            return parts;
        }

        PtNDArray[] arrays(IValue list) {
            return list.toTensorArray(manager);
        }

        float[] toFloats(IValue tensor) {
            return tensor.toTensor(manager).toFloatArray();
        }

        long[] toLongs(IValue tensor) {
            return tensor.toTensor(manager).toLongArray();
        }

        long[] shape(IValue tensor) {
            return tensor.toTensor(manager).getShape().getShape();
        }

        @Override
        public void close() {
            for (int i = values.size() - 1; i >= 0; i--) {
                values.get(i).close();
            }
            values.clear();
            manager.close();
            borrowed.forEach(buffers::giveBack);
            borrowed.clear();
        }
    }
}
