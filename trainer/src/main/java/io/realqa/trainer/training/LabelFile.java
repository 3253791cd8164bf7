package io.realqa.trainer.training;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.realqa.scorer.Digests;
import io.realqa.scorer.ScoringProfile;
import io.realqa.trainer.Label;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeMap;

/**
 * Labels as JSON Lines: {@code {"image": "a.jpg", "score": 6.59, "deviation": 0.8, "attributes": {"exposure":
 * "overexposed"}}}. image is a path below the folder of images; score or attributes may be left out, deviation too.
 * Blank lines are skipped.
 */
public final class LabelFile {
    private static final Set<String> KEYS = Set.of("image", "score", "deviation", "attributes");
    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    private LabelFile() {}

    /**
     * Reads labels and digests the images that they name.
     *
     * @throws IllegalArgumentException naming file, line, field, value and what was expected
     */
    public static List<LabelledImage> read(Path file, Path images, ScoringProfile profile) throws IOException {
        List<LabelledImage> all = new ArrayList<>();
        Map<String, Integer> lines = new HashMap<>();
        try (BufferedReader reader = Files.newBufferedReader(file)) {
            int number = 0;
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                number++;
                if (line.isBlank()) {
                    continue;
                }
                String where = file + ", line " + number + ": ";
                LabelledImage image = parse(where, line, images, profile);
                Integer before = lines.put(image.name(), number);
                if (before != null) {
                    throw new IllegalArgumentException(
                            where + "image: " + image.name() + " (expected: each once; it is on line " + before + ")");
                }
                all.add(image);
            }
        } catch (NoSuchFileException e) {
            throw new IllegalArgumentException(e.getFile() + ": no such file (expected: labels as JSON Lines)", e);
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException(file + ": not UTF-8 (expected: labels as JSON Lines)", e);
        }
        if (all.isEmpty()) {
            throw new IllegalArgumentException(file + ": no labels (expected: at least one line)");
        }
        return all;
    }

    private static LabelledImage parse(String where, String line, Path images, ScoringProfile profile)
            throws IOException {
        JsonNode json;
        try {
            json = JSON.readTree(line);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(where + e.getOriginalMessage() + " (expected: a JSON object)", e);
        }
        if (!json.isObject()) {
            throw new IllegalArgumentException(where + line + " (expected: a JSON object)");
        }
        json.fieldNames().forEachRemaining(key -> {
            if (!KEYS.contains(key)) {
                throw new IllegalArgumentException(
                        where + "unknown key " + key + " (expected: image, score, deviation, attributes)");
            }
        });
        if (!json.path("image").isTextual() || json.path("image").textValue().isBlank()) {
            throw new IllegalArgumentException(where + "image: " + json.path("image") + " (expected: a path)");
        }
        String name = json.path("image").textValue();
        Path folder = images.toAbsolutePath().normalize();
        Path image = folder.resolve(name).normalize();
        if (!image.startsWith(folder)) {
            throw new IllegalArgumentException(where + "image: " + name + " (expected: a path below " + images + ")");
        }
        if (!Files.isRegularFile(image)) {
            throw new IllegalArgumentException(where + "image: " + name + " (expected: a file below " + images + ")");
        }
        Map<String, String> attributes = new TreeMap<>();
        json.path("attributes")
                .properties()
                .forEach(e -> attributes.put(e.getKey(), e.getValue().asText()));
        try {
            Label label = Label.of(name, number(json, "score"), number(json, "deviation"), attributes, profile);
            return new LabelledImage(name, image, Digests.hex(image), label);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(where + e.getMessage(), e);
        }
    }

    private static OptionalDouble number(JsonNode json, String key) {
        JsonNode value = json.path(key);
        if (value.isMissingNode() || value.isNull()) {
            return OptionalDouble.empty();
        }
        if (!value.isNumber()) {
            throw new IllegalArgumentException(key + ": " + value + " (expected: a number)");
        }
        return OptionalDouble.of(value.doubleValue());
    }
}
