package io.realqa.scorer;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.realqa.scorer.LoraTensors.Pair;
import io.realqa.scorer.Safetensors.Entry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongConsumer;
import java.util.stream.Stream;

/**
 * Merges an adapter into its base model: W + scale B A, computed in float32 and stored in the base's type, under the
 * base's names. The result is a Hugging Face folder of its own. Tensors go through memory in pieces, so a model need not
 * fit into it; the folder appears only once it is whole.
 */
public final class Merger {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path checkpoint;
    private final Path adapter;
    private final List<Safetensors> tables;
    private final LoraTensors lora;
    private final Map<String, Pair> pairs = new HashMap<>();

    /** A tensor of the base and the file that it is in. */
    record Source(Safetensors table, Entry entry) {}

    /**
     * Checks that adapter and checkpoint fit.
     *
     * @throws ModelException if they do not, or one of them cannot be read
     */
    public Merger(Path checkpoint, Path adapter) {
        this.checkpoint = checkpoint;
        this.adapter = adapter;
        ModelConfig config = ModelConfig.read(checkpoint.resolve("config.json"));
        this.tables = Weights.files(checkpoint).stream().map(Safetensors::read).toList();
        this.lora = LoraTensors.read(config, adapter);
        Weights.check(new WeightLayout(config), tables);
        lora.pairs().forEach(p -> pairs.put(p.module() + ".weight", p));
    }

    /** Bytes of tensors that will be written. */
    public long bytes() {
        return tables.stream()
                .flatMap(t -> t.entries().stream())
                .mapToLong(Entry::bytes)
                .sum();
    }

    /** Modules that the adapter changes. */
    public int modules() {
        return pairs.size();
    }

    /**
     * Writes the merged model.
     *
     * @param out a folder that does not exist, or is empty
     * @param maxShardSize the largest file, as {@code 5GB}; a larger tensor has a file of its own
     * @param progress is told bytes as they are written
     * @throws IllegalArgumentException if the folder is not empty or the size is not one
     */
    public void write(Path out, String maxShardSize, LongConsumer progress) {
        List<List<Source>> shards = shards(ShardSize.parse(maxShardSize));
        Path target = out.toAbsolutePath().normalize();
        Path parent = target.getParent();
        try {
            if (parent == null || (Files.exists(target) && !emptyFolder(target))) {
                throw new IllegalArgumentException(out + ": exists (expected: a new or an empty folder)");
            }
            Files.createDirectories(parent);
            Path temporary = Files.createTempDirectory(parent, "." + target.getFileName() + ".merging-");
            boolean done = false;
            try {
                fill(temporary, shards, progress);
                Files.setPosixFilePermissions(
                        temporary, java.nio.file.attribute.PosixFilePermissions.fromString("rwxr-xr-x"));
                Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
                done = true;
            } finally {
                if (!done) {
                    delete(temporary);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(out + ": " + e, e);
        }
    }

    private static boolean emptyFolder(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return false;
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.findAny().isEmpty();
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }

    /** Tensors in the base's order, as many in a file as fit. */
    private List<List<Source>> shards(long maxBytes) {
        List<List<Source>> shards = new ArrayList<>(List.of(new ArrayList<>()));
        long size = 0;
        for (Safetensors table : tables) {
            for (Entry e : table.entries().stream()
                    .sorted(Comparator.comparingLong(Entry::start))
                    .toList()) {
                List<Source> last = shards.get(shards.size() - 1);
                if (!last.isEmpty() && size + e.bytes() > maxBytes) {
                    last = new ArrayList<>();
                    shards.add(last);
                    size = 0;
                }
                last.add(new Source(table, e));
                size += e.bytes();
            }
        }
        return shards;
    }

    private void fill(Path folder, List<List<Source>> shards, LongConsumer progress) throws IOException {
        copyOthers(checkpoint, folder);
        Path profile = adapter.resolve(ScoringProfile.FILE_NAME);
        if (Files.exists(profile)) {
            Files.copy(profile, folder.resolve(ScoringProfile.FILE_NAME), StandardCopyOption.REPLACE_EXISTING);
        }
        MergedShard writer = new MergedShard(lora, pairs, progress);
        Map<String, String> where = new TreeMap<>();
        for (int i = 0; i < shards.size(); i++) {
            String name = shards.size() == 1
                    ? "model.safetensors"
                    : String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", i + 1, shards.size());
            writer.write(folder.resolve(name), shards.get(i));
            shards.get(i).forEach(s -> where.put(s.entry().name(), name));
        }
        if (shards.size() > 1) {
            ObjectNode index = JSON.createObjectNode();
            index.putObject("metadata").put("total_size", bytes());
            ObjectNode map = index.putObject("weight_map");
            where.forEach(map::put);
            Path file = folder.resolve("model.safetensors.index.json");
            Files.writeString(file, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(index) + "\n");
            sync(file);
        }
    }

    /** Everything beside the weights: configurations, tokenizer, chat template, profile. */
    private static void copyOthers(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String name = file.getFileName().toString();
                boolean weights = Stream.of(
                                ".safetensors",
                                ".safetensors.index.json",
                                ".bin",
                                ".bin.index.json",
                                ".pt",
                                ".pth",
                                ".h5",
                                ".msgpack",
                                ".gguf")
                        .anyMatch(name::endsWith);
                if (!weights && !name.startsWith(".")) {
                    Files.copy(file, to.resolve(name));
                    sync(to.resolve(name));
                }
            }
        }
    }

    private static void sync(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
    }

    /** Names of a shard's tensors and where each lies in it, as the header says it. */
    static Map<String, Long> places(List<Source> tensors) {
        Map<String, Long> places = new LinkedHashMap<>();
        long at = 0;
        for (Source s : tensors) {
            places.put(s.entry().name(), at);
            at += s.entry().bytes();
        }
        return places;
    }
}
