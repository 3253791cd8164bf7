package io.realqa.trainer.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.realqa.events.ImageLabelled;
import io.realqa.scorer.ScoringProfile;
import io.realqa.trainer.Label;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * Labels as JSON Lines: {@code image}, {@code score}, {@code deviation} and {@code attributes}, of which score or attributes
 * must be there. Read one line at a time.
 */
public final class LabelFile {
    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    private LabelFile() {}

    /** One line, without its end. */
    public static String line(Label label) {
        ObjectNode json = JSON.createObjectNode();
        json.put("image", label.imageId());
        label.score().ifPresent(s -> json.put("score", s));
        label.deviation().ifPresent(d -> json.put("deviation", d));
        if (!label.attributes().isEmpty()) {
            ObjectNode attributes = json.putObject("attributes");
            new TreeMap<>(label.attributes()).forEach(attributes::put);
        }
        return json.toString();
    }

    /**
     * Reads a file.
     *
     * @throws DataException naming file, line and field
     */
    public static void read(Path file, ScoringProfile profile, Consumer<Label> consumer) {
        if (!Files.isRegularFile(file)) {
            throw new DataException(file + ": no such file (expected: JSON Lines with image and score)");
        }
        try (BufferedReader reader = Files.newBufferedReader(file)) {
            String line;
            for (long number = 1; (line = reader.readLine()) != null; number++) {
                if (!line.isBlank()) {
                    consumer.accept(parse(file + ", line " + number + ": ", line, profile));
                }
            }
        } catch (java.nio.charset.CharacterCodingException e) {
            throw new DataException(file + ": not UTF-8 (expected: JSON Lines with image and score)", e);
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": " + e, e);
        }
    }

    private static Label parse(String where, String line, ScoringProfile profile) {
        try {
            JsonNode row = JSON.readTree(line);
            row.fieldNames().forEachRemaining(key -> {
                if (!key.equals("image")
                        && !key.equals("score")
                        && !key.equals("deviation")
                        && !key.equals("attributes")) {
                    throw new DataException(where + key + ": unknown (expected: image, score, deviation, attributes)");
                }
            });
            if (!row.path("image").isTextual()) {
                throw new DataException(where + "image: " + (row.has("image") ? row.get("image") : "missing")
                        + " (expected: a path or an id)");
            }
            Map<String, String> attributes = new LinkedHashMap<>();
            row.path("attributes").properties().forEach(a -> {
                if (!a.getValue().isTextual() && !a.getValue().isIntegralNumber()) {
                    throw new DataException(
                            where + "attributes: " + a.getKey() + ": " + a.getValue() + " (expected: a text)");
                }
                attributes.put(a.getKey(), a.getValue().asText());
            });
            // the same checks as for labels that come as events
            return Label.of(
                    ImageLabelled.newBuilder()
                            .setImageId(row.get("image").textValue())
                            .setPlatform("file")
                            .setLabeller("file")
                            .setLabelledAt(Instant.EPOCH)
                            .setScore(number(where, row, "score"))
                            .setScoreDeviation(number(where, row, "deviation"))
                            .setAttributes(attributes)
                            .build(),
                    profile);
        } catch (JsonProcessingException e) {
            throw new DataException(where + "not JSON: " + e.getOriginalMessage(), e);
        } catch (IllegalArgumentException e) {
            throw new DataException(where + e.getMessage(), e);
        }
    }

    private static @org.jspecify.annotations.Nullable Double number(String where, JsonNode row, String key) {
        JsonNode value = row.path(key);
        if (value.isMissingNode() || value.isNull()) {
            return null;
        }
        if (!value.isNumber()) {
            throw new DataException(where + key + ": " + value + " (expected: a number)");
        }
        return value.doubleValue();
    }
}
