package io.realqa.scorer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.realqa.scorer.Safetensors.Dtype;
import io.realqa.scorer.Safetensors.Entry;
import io.realqa.scorer.image.VisualInput;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A merged folder is a checkpoint of its own that says what base and adapter say. */
class MergerTest {
    @TempDir
    Path folder;

    private static float[] logits(Path files, Path adapterFolder, List<VisualInput> images) {
        try (Checkpoint checkpoint = Checkpoint.load(files, Compute.CPU)) {
            Adapter adapter = adapterFolder.equals(files) ? null : Adapter.load(checkpoint, adapterFolder);
            try (Scorer scorer = new Scorer(
                            checkpoint,
                            adapter,
                            ScoringProfile.in(Reference.DEMO).orElseThrow());
                    BranchSession session = scorer.open(images)) {
                long[] tokens = checkpoint.tokenize(QuestionTree.turn("Rate this."));
                int[] parents = new int[tokens.length];
                int[] reads = new int[tokens.length];
                for (int i = 0; i < tokens.length; i++) {
                    parents[i] = i - 1;
                    reads[i] = i;
                }
                BranchSession.Feed feed = new BranchSession.Feed(tokens, parents, reads);
                return session.logits(
                        session.feed(images.stream().map(i -> feed).toList()));
            } finally {
                if (adapter != null) {
                    adapter.close();
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "flat-hub-6x2/adapter",
                "flat-hub-6x2/adapter-hub",
                "nested-memory-4x4/adapter",
                "nested-sharded-8x1/adapter"
            })
    void mergedLogitsAreThoseOfBaseAndAdapter(String which) throws IOException {
        String model = which.substring(0, which.indexOf('/'));
        Path base = TensorFile.checkpoint(model, folder.resolve("base"));
        // bfloat16 rounds the sum: compared in float32
        if (model.equals("nested-sharded-8x1")) {
            base = widened(base);
        }
        Path adapter = Reference.PARITY.resolve(which);
        Path merged = folder.resolve("merged");
        new Merger(base, adapter).write(merged, "5GB", bytes -> {});
        List<VisualInput> images = List.of(new Reference(model).input(0), new Reference(model).input(1));
        float[] expected = logits(base, adapter, images);
        assertThat(Reference.largestDifference(logits(merged, merged, images), expected))
                .isLessThan(2e-4);
        assertThat(Reference.largestDifference(logits(base, base, images), expected))
                .isGreaterThan(0.1);
    }

    /** The same checkpoint in float32, in one file. */
    private Path widened(Path sharded) throws IOException {
        Path wide = folder.resolve("wide");
        Files.createDirectories(wide);
        TensorFile all = new TensorFile();
        for (Path file : Weights.files(sharded)) {
            Safetensors table = Safetensors.read(file);
            table.entries().forEach(e -> all.put(e.name(), TensorFile.Tensor.floats(table.floats(e), e.shape())));
        }
        all.write(wide.resolve("model.safetensors"));
        for (String name : List.of("config.json", "preprocessor_config.json", "tokenizer.json")) {
            Files.copy(sharded.resolve(name), wide.resolve(name));
        }
        return wide;
    }

    @Test
    void scoresOfTheDemonstrationCheckpointStayThoseOfBaseAndAdapter() throws IOException {
        Path merged = folder.resolve("merged");
        Path adapterFolder = Reference.PARITY.resolve("demo-adapter");
        new Merger(Reference.DEMO, adapterFolder).write(merged, "4MB", bytes -> {});
        ScoringProfile profile = ScoringProfile.in(merged).orElseThrow();
        assertThat(profile.digest())
                .isEqualTo(ScoringProfile.in(Reference.DEMO).orElseThrow().digest());
        byte[] grey = new byte[16 * 12 * 588];
        for (int i = 0; i < grey.length; i++) {
            grey[i] = (byte) (128 + 60 * Math.sin(i * 0.37));
        }
        List<VisualInput> images = List.of(Reference.input(16, 12, grey));
        try (Checkpoint base = Checkpoint.load(Reference.DEMO, Compute.CPU);
                Checkpoint one = Checkpoint.load(merged, Compute.CPU);
                Adapter adapter = Adapter.load(base, adapterFolder);
                Scorer both = new Scorer(base, adapter, profile);
                Scorer alone = new Scorer(one, null, profile)) {
            Score expected = both.score(images).scores().get(0);
            Score score = alone.score(images).scores().get(0);
            assertThat(score.expectation()).isCloseTo(expected.expectation(), within(1e-4));
            assertThat(score.offGrammarMass()).isCloseTo(expected.offGrammarMass(), within(1e-4));
        }
    }

    @Test
    void shardsAreAsLargeAsAskedAndKeepTheirTypesAndNames() throws IOException {
        Path base = TensorFile.checkpoint("nested-sharded-8x1", folder.resolve("base"));
        Path merged = folder.resolve("merged");
        Merger merger = new Merger(base, Reference.PARITY.resolve("nested-sharded-8x1/adapter"));
        AtomicLong written = new AtomicLong();
        merger.write(merged, "30KB", written::addAndGet);
        assertThat(written.get()).isGreaterThanOrEqualTo(merger.bytes());

        TreeMap<String, Entry> before = new TreeMap<>();
        Weights.files(base).forEach(f -> Safetensors.read(f).entries().forEach(e -> before.put(e.name(), e)));
        List<Path> shards = Weights.files(merged);
        assertThat(shards).hasSizeGreaterThan(3);
        JsonNode index = new ObjectMapper()
                .readTree(merged.resolve("model.safetensors.index.json").toFile());
        assertThat(index.path("metadata").path("total_size").asLong()).isEqualTo(merger.bytes());
        Set<String> names = new HashSet<>();
        for (Path shard : shards) {
            Safetensors table = Safetensors.read(shard);
            long size = table.entries().stream().mapToLong(Entry::bytes).sum();
            assertThat(size <= 30_000 || table.entries().size() == 1)
                    .as(shard.toString())
                    .isTrue();
            for (Entry e : table.entries()) {
                Entry old = before.get(e.name());
                assertThat(old).as(e.name()).isNotNull();
                assertThat(e.dtype()).isEqualTo(old.dtype()).isEqualTo(Dtype.BF16);
                assertThat(e.shape()).isEqualTo(old.shape());
                assertThat(e.aligned()).isTrue();
                assertThat(index.path("weight_map").path(e.name()).asText())
                        .isEqualTo(shard.getFileName().toString());
                names.add(e.name());
            }
        }
        assertThat(names).isEqualTo(before.keySet());
        assertThat(merged.resolve("tokenizer.json")).hasSameBinaryContentAs(base.resolve("tokenizer.json"));
    }

    @Test
    void aFolderIsWholeOrNotThere() throws IOException {
        Path base = TensorFile.checkpoint("flat-hub-6x2", folder.resolve("base"));
        Path adapter = Reference.PARITY.resolve("flat-hub-6x2/adapter");
        Path merged = folder.resolve("merged");
        AtomicLong pieces = new AtomicLong();
        assertThatThrownBy(() -> new Merger(base, adapter).write(merged, "20KB", bytes -> {
                    if (pieces.incrementAndGet() == 9) {
                        throw new IllegalStateException("no more");
                    }
                }))
                .hasMessage("no more");
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).containsExactly(base);
        }
        Files.createDirectories(merged);
        new Merger(base, adapter).write(merged, "20KB", bytes -> {});
        assertThatThrownBy(() -> new Merger(base, adapter).write(merged, "20KB", bytes -> {}))
                .hasMessage(merged + ": exists (expected: a new or an empty folder)");
        assertThatThrownBy(() -> new Merger(base, adapter).write(folder.resolve("x"), "many", bytes -> {}))
                .hasMessage("max-shard-size: many (expected: a size such as 5GB, 500MB or 2GiB)");
    }

    @Test
    void anAdapterOfAnotherModelIsRefused() throws IOException {
        Path base = TensorFile.checkpoint("flat-hub-6x2", folder.resolve("base"));
        assertThatThrownBy(() -> new Merger(base, Reference.PARITY.resolve("nested-sharded-8x1/adapter")))
                .isInstanceOf(ModelException.class);
        TensorFile.edit(base.resolve("model.safetensors"), t -> t.remove("model.norm.weight"));
        assertThatThrownBy(() -> new Merger(base, Reference.PARITY.resolve("flat-hub-6x2/adapter")))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("tensors missing, the first is text.norm.weight");
    }

    @Test
    void sizesAreReadAsHuggingFaceWritesThem() {
        assertThat(ShardSize.parse("5GB")).isEqualTo(5_000_000_000L);
        assertThat(ShardSize.parse("2gib")).isEqualTo(2L << 30);
        assertThat(ShardSize.parse("1.5 MB")).isEqualTo(1_500_000);
        assertThat(ShardSize.parse("7")).isEqualTo(7);
        for (String wrong : List.of("", "0", "-1GB", "5XB", "GB")) {
            assertThatThrownBy(() -> ShardSize.parse(wrong)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void halfTypesRoundToTheNearest() {
        ByteBuffer buffer = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
        // every finite value of the type stays itself; halfway between two goes to the even one
        for (Dtype dtype : List.of(Dtype.F16, Dtype.BF16)) {
            float last = Float.NaN;
            for (int bits = 0; bits < 0x7C00; bits++) {
                buffer.putShort(0, (short) bits);
                float value = dtype.get(buffer, 0);
                dtype.put(buffer, 0, -value);
                assertThat(buffer.getShort(0) & 0xFFFF).isEqualTo(bits | 0x8000);
                if (bits > 0) {
                    dtype.put(buffer, 0, (float) (((double) last + value) / 2));
                    assertThat(buffer.getShort(0) & 0xFFFF).isEqualTo(bits % 2 == 0 ? bits : bits - 1);
                }
                last = value;
            }
        }
        Dtype.F16.put(buffer, 0, 65520);
        assertThat(Dtype.F16.get(buffer, 0)).isInfinite();
        Dtype.F16.put(buffer, 0, 65519);
        assertThat(Dtype.F16.get(buffer, 0)).isEqualTo(65504);
    }
}
