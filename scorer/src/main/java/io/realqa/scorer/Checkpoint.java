package io.realqa.scorer;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.pytorch.jni.IValue;
import io.realqa.scorer.image.Preprocessing;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.LongConsumer;
import java.util.function.Predicate;

/**
 * A Qwen2-VL checkpoint in memory: a Hugging Face folder as downloaded (config.json, preprocessor_config.json,
 * tokenizer.json, safetensors). Pickles are never read.
 *
 * <p>Immutable and safe for any thread. Close it after every {@link Adapter} and {@link Scorer} made from it: it holds
 * the native memory of the weights.
 */
public final class Checkpoint implements AutoCloseable {
    static {
        EngineSettings.apply();
    }

    private final Path folder;
    private final ModelConfig config;
    private final Compute compute;
    private final Preprocessing preprocessing;
    private final HuggingFaceTokenizer tokenizer;
    private final Program program;
    private final IValue weights;
    private final String digest;

    private Checkpoint(
            Path folder,
            ModelConfig config,
            Compute compute,
            Preprocessing preprocessing,
            HuggingFaceTokenizer tokenizer,
            Program program,
            IValue weights,
            String digest) {
        this.folder = folder;
        this.config = config;
        this.compute = compute;
        this.preprocessing = preprocessing;
        this.tokenizer = tokenizer;
        this.program = program;
        this.weights = weights;
        this.digest = digest;
    }

    /** Loads a checkpoint for the device and precision of this machine. */
    public static Checkpoint load(Path folder) {
        return load(folder, Compute.ofThisMachine());
    }

    /**
     * Loads a checkpoint.
     *
     * @throws ModelException if the architecture is not supported, a tensor is unknown, missing or of the wrong shape,
     *     or a file is broken
     */
    public static Checkpoint load(Path folder, Compute compute) {
        return load(folder, compute, LoadingListener.NONE);
    }

    /**
     * As above.
     *
     * @param listener told how far it is
     */
    public static Checkpoint load(Path folder, Compute compute, LoadingListener listener) {
        return load(folder, compute, c -> Weights.gainFromPacking(c, compute, Compute.hasAvx512()), listener);
    }

    /** As above; whether the weights are packed is as told. */
    static Checkpoint load(Path folder, Compute compute, Predicate<ModelConfig> packed, LoadingListener listener) {
        if (!Files.isDirectory(folder)) {
            throw new ModelException(folder + ": no such folder (expected: a Hugging Face checkpoint)");
        }
        ModelConfig config = ModelConfig.read(folder.resolve("config.json"));
        Preprocessing preprocessing = preprocessing(folder, config);
        List<Path> files = Weights.files(folder);
        HuggingFaceTokenizer tokenizer = tokenizer(folder);
        Program program = null;
        IValue weights = null;
        LoadingCount count = new LoadingCount(listener, 2 * size(files));
        FutureTask<String> digest = digesting(folder, files, count);
        try {
            checkTokens(folder.resolve("tokenizer.json"), tokenizer, config);
            program = Program.load(config);
            weights = Weights.load(
                    program, config, preprocessing.normalisation(), files, compute, packed.test(config), count::read);
            Checkpoint loaded = new Checkpoint(
                    folder, config, compute, preprocessing, tokenizer, program, weights, get(digest, folder));
            count.finish();
            return loaded;
        } catch (RuntimeException | Error e) {
            digest.cancel(true);
            if (weights != null) {
                weights.close();
            }
            if (program != null) {
                program.close();
            }
            tokenizer.close();
            throw e;
        }
    }

    /**
     * Digest of a checkpoint that is not loaded: what {@link #digest()} says once it is.
     *
     * @throws ModelException if a file is missing
     */
    public static String digest(Path folder) {
        return digest(folder, Weights.files(folder), bytes -> {});
    }

    private static String digest(Path folder, List<Path> files, LongConsumer read) {
        List<Path> digested = new ArrayList<>(List.of(folder.resolve("config.json"), folder.resolve("tokenizer.json")));
        digested.addAll(files);
        for (Path file : digested) {
            if (!Files.isRegularFile(file)) {
                throw new ModelException(file + ": missing (expected: a Hugging Face checkpoint)");
            }
        }
        return Digests.of(digested, read);
    }

    private static long size(List<Path> files) {
        return files.stream().mapToLong(f -> f.toFile().length()).sum();
    }

    /** The digest is made beside the weights, from the same pages of the files. */
    private static FutureTask<String> digesting(Path folder, List<Path> files, LoadingCount count) {
        FutureTask<String> digest = new FutureTask<>(() -> digest(folder, files, count::read));
        Thread thread = new Thread(digest, "realqa-digest");
        thread.setDaemon(true);
        thread.start();
        return digest;
    }

    private static String get(FutureTask<String> digest, Path folder) {
        try {
            return digest.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new ModelException(folder + ": " + e.getCause(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ModelException(folder + ": interrupted while loading (expected: time to load it)", e);
        }
    }

    private static Preprocessing preprocessing(Path folder, ModelConfig config) {
        Path file = folder.resolve("preprocessor_config.json");
        Preprocessing p;
        try {
            p = Preprocessing.parse(Files.readString(file));
        } catch (java.nio.file.NoSuchFileException e) {
            throw new ModelException(file + ": missing (expected: the image processor's settings)", e);
        } catch (java.nio.charset.CharacterCodingException e) {
            throw new ModelException(file + ": not UTF-8 (expected: the image processor's settings)", e);
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": " + e, e);
        } catch (IllegalArgumentException e) {
            throw new ModelException(file + ": " + e.getMessage(), e);
        }
        ModelConfig.Vision v = config.vision();
        if (p.patchSize() != v.patchSize()
                || p.temporalPatchSize() != v.temporalPatchSize()
                || p.mergeSize() != v.mergeSize()) {
            throw new ModelException(file + ": patches of " + p.patchSize() + " px x " + p.temporalPatchSize()
                    + " frames, merged " + p.mergeSize() + " (expected: " + v.patchSize() + ", " + v.temporalPatchSize()
                    + ", " + v.mergeSize() + " as in config.json)");
        }
        return p;
    }

    private static HuggingFaceTokenizer tokenizer(Path folder) {
        Path file = folder.resolve("tokenizer.json");
        if (!Files.isRegularFile(file)) {
            throw new ModelException(file + ": missing (expected: a Hugging Face fast tokenizer)");
        }
        try {
            return HuggingFaceTokenizer.newInstance(
                    file, Map.of("addSpecialTokens", "false", "truncation", "false", "padding", "false"));
        } catch (IOException | RuntimeException e) {
            throw new ModelException(file + ": not a Hugging Face fast tokenizer: " + e.getMessage(), e);
        }
    }

    /** The chat's special tokens are what config.json says: taken as plain text they would give other scores. */
    private static void checkTokens(Path file, HuggingFaceTokenizer tokenizer, ModelConfig config) {
        Map<String, Integer> ids = new LinkedHashMap<>();
        ids.put("<|vision_start|>", config.visionStartToken());
        ids.put("<|vision_end|>", config.visionEndToken());
        ids.put("<|image_pad|>", config.imageToken());
        ids.forEach((text, id) -> {
            long[] actual = tokenizer.encode(text, false, false).getIds();
            if (actual.length != 1 || actual[0] != id) {
                throw new ModelException(file + ": " + text + ": " + Arrays.toString(actual) + " (expected: [" + id
                        + "], as in config.json)");
            }
        });
        for (String text : List.of("<|im_start|>", "<|im_end|>", "<|endoftext|>")) {
            long[] actual = tokenizer.encode(text, false, false).getIds();
            if (actual.length != 1) {
                throw new ModelException(
                        file + ": " + text + ": " + Arrays.toString(actual) + " (expected: one special token)");
            }
        }
        if (config.imageToken() >= config.vocabularySize()) {
            throw new ModelException(file + ": <|image_pad|>: " + config.imageToken() + " (expected: under vocab_size "
                    + config.vocabularySize() + " of config.json)");
        }
    }

    /** The folder that it was loaded from. */
    public Path folder() {
        return folder;
    }

    /** Digest of configuration, tokenizer and weights: {@code sha256:<hex>}. */
    public String digest() {
        return digest;
    }

    /** How images are resized, normalised and cut into patches for it. */
    public Preprocessing preprocessing() {
        return preprocessing;
    }

    /** Where and in which precision it computes. */
    public Compute compute() {
        return compute;
    }

    /**
     * Floating-point operations a second of a matrix product of size x size, as the model computes: the best of some
     * tries, and so the peak that its speed can be held against.
     */
    public double productRate(int size, int tries) {
        try (Program.Scope scope = program.scope()) {
            IValue ones = program.call(
                    scope,
                    "ones",
                    scope.integer(size),
                    scope.text(compute.device()),
                    scope.integer(compute.dtype().code));
            double best = 0;
            for (int i = 0; i < tries; i++) {
                long start = System.nanoTime();
                scope.toFloats(program.call(scope, "squared", ones));
                best = Math.max(best, 2.0 * size * size * size / ((System.nanoTime() - start) / 1e9));
            }
            return best;
        }
    }

    /** Token ids of a text; special tokens written out in it count as such. */
    public long[] tokenize(String text) {
        return tokenizer.encode(text, false, false).getIds();
    }

    /** Text of token ids, special tokens left out. */
    public String detokenize(long[] ids) {
        return tokenizer.decode(ids, true);
    }

    ModelConfig config() {
        return config;
    }

    Program program() {
        return program;
    }

    IValue weights() {
        return weights;
    }

    @Override
    public void close() {
        weights.close();
        program.close();
        tokenizer.close();
    }
}
