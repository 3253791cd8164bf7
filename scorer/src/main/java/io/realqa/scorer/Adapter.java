package io.realqa.scorer;

import ai.djl.pytorch.jni.IValue;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A PEFT LoRA adapter in memory: a folder with adapter_config.json and adapter_model.safetensors, for the linear layers
 * of the language model and of the vision tower, and for the convolution that makes patches of pixels. A tensor that
 * cannot be applied is refused: an engine that left it out would give plausible, wrong scores.
 *
 * <p>Immutable and safe for any thread; any number can be resident. Close it before its checkpoint.
 */
public final class Adapter implements AutoCloseable {
    private static final String CONFIG = "adapter_config.json";
    private static final String TENSORS = "adapter_model.safetensors";

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
        LoraTensors tensors = LoraTensors.read(checkpoint.config(), folder);
        IValue lora = checkpoint.program().newWeights();
        try {
            for (LoraTensors.Pair pair : tensors.pairs()) {
                put(checkpoint, tensors.a(pair), pair.a().shape(), pair.module() + ".A", lora);
                put(checkpoint, tensors.b(pair), pair.b().shape(), pair.module() + ".B", lora);
            }
            return new Adapter(checkpoint, folder, Digests.of(tensors.files()), lora);
        } catch (RuntimeException | Error e) {
            lora.close();
            throw e;
        }
    }

    /** Name of a module in the model that PEFT trained. */
    static String peftName(String canonical, boolean newNaming) {
        if (canonical.startsWith("text.")) {
            return (newNaming ? "model.language_model." : "model.") + canonical.substring("text.".length());
        }
        return newNaming ? "model." + canonical : canonical;
    }

    private static void put(Checkpoint checkpoint, float[] values, long[] shape, String name, IValue lora) {
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
