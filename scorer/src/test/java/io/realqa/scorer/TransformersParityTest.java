package io.realqa.scorer;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.pytorch.jni.IValue;
import io.realqa.scorer.BranchSession.Feed;
import io.realqa.scorer.image.ImageDecoder;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.scorer.image.VisualInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The program computes what Hugging Face transformers and PEFT compute, in float32 on the CPU. */
class TransformersParityTest {
    private static final int VOCABULARY = 528;
    private static final int ROWS = 24;

    @TempDir
    Path temporary;

    static Stream<Arguments> models() {
        return Stream.of(
                Arguments.of("flat-hub-6x2", null),
                Arguments.of("flat-hub-6x2", "flat-hub-6x2/adapter"),
                Arguments.of("flat-hub-6x2", "flat-hub-6x2/adapter-hub"),
                Arguments.of("nested-memory-4x4", null),
                Arguments.of("nested-memory-4x4", "nested-memory-4x4/adapter"),
                Arguments.of("nested-sharded-8x1", null),
                Arguments.of("nested-sharded-8x1", "nested-sharded-8x1/adapter"));
    }

    static Stream<Arguments> adapters() {
        return Stream.of(Arguments.of((String) null), Arguments.of("demo-adapter"));
    }

    @ParameterizedTest
    @MethodSource("models")
    void visionAndLogitsEqualTheReferenceOneByOneAndInABatch(String name, @Nullable String adapter) throws IOException {
        try (Checkpoint checkpoint =
                Checkpoint.load(folder(name), Compute.CPU, config -> false, LoadingListener.NONE)) {
            check(checkpoint, new Reference(name), inputs(name), adapter);
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void packedWeightsGiveTheReferenceAsWell(String name, @Nullable String adapter) throws IOException {
        try (Checkpoint checkpoint = Checkpoint.load(folder(name), Compute.CPU, config -> true, LoadingListener.NONE)) {
            check(checkpoint, new Reference(name), inputs(name), adapter);
        }
    }

    @ParameterizedTest
    @MethodSource("adapters")
    void theDemoCheckpointEqualsTheReference(@Nullable String adapter) throws Exception {
        try (Checkpoint checkpoint = Checkpoint.load(Reference.DEMO, Compute.CPU)) {
            List<VisualInput> inputs = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                byte[] png = Files.readAllBytes(Reference.PARITY.resolve("demo/" + i + ".png"));
                inputs.add(checkpoint.preprocessing().apply(new ImageDecoder(ImageLimits.DEFAULTS).decode(png)));
            }
            check(checkpoint, new Reference("demo"), inputs, adapter);
        }
    }

    private static List<VisualInput> inputs(String name) {
        Reference reference = new Reference(name);
        return List.of(reference.input(0), reference.input(1));
    }

    /** The checkpoint with the tokenizer that all of them share. */
    private Path folder(String name) throws IOException {
        try (Stream<Path> files = Files.list(Reference.PARITY.resolve(name))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.copy(file, temporary.resolve(file.getFileName().toString()));
            }
        }
        Files.copy(Reference.PARITY.resolve("tokenizer.json"), temporary.resolve("tokenizer.json"));
        return temporary;
    }

    static void check(
            Checkpoint checkpoint, Reference reference, List<VisualInput> inputs, @Nullable String adapterName) {
        String suffix = adapterName == null ? "" : ".adapter";
        Adapter adapter = adapterName == null ? null : Adapter.load(checkpoint, Reference.PARITY.resolve(adapterName));
        IValue none = checkpoint.program().newWeights();
        IValue lora = adapter == null ? none : adapter.lora();
        try {
            float[] together = logits(checkpoint, lora, inputs, List.of(0, 1), reference);
            int size = ROWS * VOCABULARY;
            for (int i = 0; i < 2; i++) {
                float[] vision = vision(checkpoint, lora, inputs.get(i));
                float[] expectedVision = reference.floats("image." + i + ".vision" + suffix);
                assertThat(Reference.largestDifference(vision, expectedVision)).isLessThan(1e-4);
                float[] alone = logits(checkpoint, lora, inputs, List.of(i), reference);
                float[] expected = reference.floats("image." + i + ".logits" + suffix);
                double scale = Math.max(1, Reference.standardDeviation(expected));
                assertThat(Reference.largestDifference(alone, expected) / scale).isLessThan(2e-4);
                float[] inBatch = Reference.slice(together, i * size, (i + 1) * size);
                assertThat(Reference.largestDifference(inBatch, expected) / scale)
                        .isLessThan(2e-4);
            }
        } finally {
            none.close();
            if (adapter != null) {
                adapter.close();
            }
        }
    }

    private static float[] vision(Checkpoint checkpoint, IValue lora, VisualInput input) {
        try (Program.Scope scope = checkpoint.program().scope()) {
            return scope.toFloats(BranchSession.vision(checkpoint, scope, lora, List.of(input)));
        }
    }

    /** Logits of the reference prompt's last rows, through the shared prefill, and the rest in two branch steps. */
    private static float[] logits(
            Checkpoint checkpoint, IValue lora, List<VisualInput> inputs, List<Integer> images, Reference reference) {
        List<VisualInput> chosen = images.stream().map(inputs::get).toList();
        long[] ids = reference.ints("image." + images.get(0) + ".input_ids");
        int imageToken = checkpoint.config().imageToken();
        int first = firstIndex(ids, imageToken);
        long[] before = Arrays.copyOf(ids, first);
        List<Feed> start = new ArrayList<>();
        List<Feed> rest = new ArrayList<>();
        for (int image : images) {
            long[] all = reference.ints("image." + image + ".input_ids");
            int end = firstIndex(all, imageToken) + inputs.get(image).visualTokens() + 1;
            // as many rows are read as the reference holds, partly in the first and partly in the second step
            int split = all.length - 9;
            start.add(chain(all, end, split, all.length - ROWS, BranchSession.PREFILL));
            rest.add(chain(all, split, all.length, split, split - end - 1));
        }
        long[] after = {checkpoint.config().visionEndToken()};
        try (Prefix prefix = new Prefix(checkpoint, lora, before);
                BranchSession session = new BranchSession(checkpoint, lora, chosen, prefix, after)) {
            float[] head = session.logits(session.feed(start));
            float[] tail = session.logits(session.feed(rest));
            int headSize = (ROWS - 9) * VOCABULARY;
            int tailSize = 9 * VOCABULARY;
            float[] logits = new float[images.size() * ROWS * VOCABULARY];
            for (int i = 0; i < images.size(); i++) {
                System.arraycopy(head, i * headSize, logits, i * ROWS * VOCABULARY, headSize);
                System.arraycopy(tail, i * tailSize, logits, i * ROWS * VOCABULARY + headSize, tailSize);
            }
            return logits;
        }
    }

    private static Feed chain(long[] ids, int from, int to, int readFrom, int parent) {
        int[] parents = new int[to - from];
        for (int i = 0; i < parents.length; i++) {
            parents[i] = parent + i;
        }
        int[] reads = new int[to - readFrom];
        for (int i = 0; i < reads.length; i++) {
            reads[i] = readFrom - from + i;
        }
        return new Feed(Arrays.copyOfRange(ids, from, to), parents, reads);
    }

    private static int firstIndex(long[] ids, long token) {
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] == token) {
                return i;
            }
        }
        throw new IllegalArgumentException("no token " + token);
    }
}
