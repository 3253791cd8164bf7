package io.realqa.streams.adapters;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.realqa.scorer.Adapter;
import io.realqa.scorer.Checkpoint;
import io.realqa.scorer.Digests;
import io.realqa.scorer.Score;
import io.realqa.scorer.Scorer;
import io.realqa.scorer.ScoringProfile;
import io.realqa.scorer.image.ImageDecoder;
import io.realqa.scorer.image.ImageLimits;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** Adapters for the demonstration checkpoint, made from the one that PEFT wrote, whole and broken. */
final class TestAdapters {
    static final Path HOME = Path.of(System.getProperty("realqa.home"));
    static final Path CHECKPOINT = HOME.resolve("models/demo");
    static final List<String> PHOTOS = List.of("astronaut.jpg", "chelsea.jpg", "coffee.jpg", "rocket.jpg");

    private static final Path WRITTEN_BY_PEFT = HOME.resolve("scorer/src/test/resources/parity/demo-adapter");
    private static final ObjectMapper JSON = new ObjectMapper();

    private TestAdapters() {}

    /** An adapter whose effect is alpha / 4 times that of PEFT's. */
    static Path make(Path folder, int alpha) throws IOException {
        Files.createDirectories(folder);
        try (Stream<Path> files = Files.list(WRITTEN_BY_PEFT)) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(file.getFileName().toString()));
            }
        }
        editConfig(folder, c -> c.put("lora_alpha", alpha));
        return folder;
    }

    static void editConfig(Path folder, Consumer<ObjectNode> change) throws IOException {
        Path file = folder.resolve("adapter_config.json");
        ObjectNode json = (ObjectNode) JSON.readTree(file.toFile());
        change.accept(json);
        Files.writeString(file, JSON.writeValueAsString(json));
    }

    static Path tensors(Path folder) {
        return folder.resolve("adapter_model.safetensors");
    }

    /** Sets the first number of the first tensor. */
    static void setFirst(Path folder, float value) throws IOException {
        ByteBuffer all = ByteBuffer.wrap(Files.readAllBytes(tensors(folder))).order(ByteOrder.LITTLE_ENDIAN);
        all.putFloat(8 + Math.toIntExact(all.getLong(0)), value);
        Files.write(tensors(folder), all.array());
    }

    /** Changes the header in place; what is written must be as long as what was there. */
    static void editHeader(Path folder, String from, String to) throws IOException {
        byte[] all = Files.readAllBytes(tensors(folder));
        int length = Math.toIntExact(
                ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN).getLong());
        String header = new String(all, 8, length, java.nio.charset.StandardCharsets.UTF_8);
        if (!header.contains(from) || from.length() != to.length()) {
            throw new IllegalArgumentException(from);
        }
        byte[] changed = header.replace(from, to).getBytes(java.nio.charset.StandardCharsets.UTF_8);
        System.arraycopy(changed, 0, all, 8, changed.length);
        Files.write(tensors(folder), all);
    }

    /** Writes golden images with the scores that the adapter gives, moved by some amount. */
    static void golden(Checkpoint checkpoint, Path folder, double moved) throws Exception {
        Path golden = Files.createDirectories(folder.resolve("golden"));
        ObjectNode json = JSON.createObjectNode();
        ArrayNode images = json.putArray("images");
        try (Adapter adapter = Adapter.load(checkpoint, folder)) {
            for (Map.Entry<String, Score> e : scores(checkpoint, adapter).entrySet()) {
                Files.copy(CHECKPOINT.resolve("photos").resolve(e.getKey()), golden.resolve(e.getKey()));
                ObjectNode image = images.addObject()
                        .put("file", e.getKey())
                        .put("sha256", Digests.of(golden.resolve(e.getKey())))
                        .put("expectation", e.getValue().expectation() + moved);
                ObjectNode attributes = image.putObject("attributes");
                e.getValue().attributes().forEach(a -> attributes.put(a.name(), a.value()));
            }
        }
        Files.writeString(golden.resolve("golden.json"), JSON.writeValueAsString(json));
    }

    /** Lists the files that are there, as training does. */
    static void manifest(Path folder) throws IOException {
        ObjectNode json = JSON.createObjectNode();
        ObjectNode listed = json.putObject("files");
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                listed.put(file.getFileName().toString(), Digests.of(file));
            }
        }
        Files.writeString(folder.resolve(ReleaseFolder.MANIFEST), JSON.writeValueAsString(json));
    }

    /** Scores of the photographs, each alone. */
    static Map<String, Score> scores(Checkpoint checkpoint, @org.jspecify.annotations.Nullable Adapter adapter)
            throws Exception {
        Map<String, Score> scores = new LinkedHashMap<>();
        ScoringProfile profile = ScoringProfile.in(CHECKPOINT).orElseThrow();
        ImageDecoder decoder = new ImageDecoder(ImageLimits.DEFAULTS);
        try (Scorer scorer = new Scorer(checkpoint, adapter, profile)) {
            for (String photo : PHOTOS) {
                byte[] file = Files.readAllBytes(CHECKPOINT.resolve("photos").resolve(photo));
                List<io.realqa.scorer.image.VisualInput> input = new ArrayList<>();
                input.add(checkpoint.preprocessing().apply(decoder.decode(file)));
                scores.put(photo, scorer.score(input).scores().get(0));
            }
        }
        return scores;
    }
}
