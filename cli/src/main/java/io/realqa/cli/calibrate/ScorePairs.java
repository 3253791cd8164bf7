package io.realqa.cli.calibrate;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.realqa.cli.Utf8Lines;
import io.realqa.measures.ScoreText;
import io.realqa.streams.calibration.Calibrations;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiConsumer;

/** Reads pairs of raw score and label from JSON Lines. */
final class ScorePairs {
    private static final ObjectReader JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build()
            .reader();

    private ScorePairs() {}

    /**
     * What was read.
     *
     * @param withoutScore labels of images that were not scored
     * @param scoredAgain scores that a later one of the same image replaced
     */
    record Read(List<ScorePair> pairs, int withoutScore, int scoredAgain) {}

    /**
     * Pairs of one file.
     *
     * @param file lines with {@code label} and {@code score} (a number) or {@code predict} (an answer), and {@code
     *     provenance} as score events have it, if it is known
     * @throws IllegalArgumentException naming file, line, key and what was expected
     */
    static Read of(Path file) {
        List<ScorePair> pairs = new ArrayList<>();
        lines(file, (where, row) -> {
            double label = number(where, row, "label");
            double score = number(where, row, row.has("score") ? "score" : "predict");
            pairs.add(new ScorePair(score, label, scoredBy(row)));
        });
        return new Read(pairs, 0, 0);
    }

    /** A score by its image. */
    private record Scored(double score, Map<String, String> by) {}

    /**
     * Pairs of two files, by image: the same id, or else the same file name if only one image has it. Of an image
     * that was scored several times the last score counts.
     *
     * @param labels lines with {@code image} or {@code imageId}, and {@code score} or {@code ratings}
     * @param scores lines with {@code imageId}, {@code score} and {@code provenance}, as {@code realqa score} prints them
     *     and score events have them; those with {@code error} are passed over
     * @throws IllegalArgumentException naming file, line, key and what was expected
     */
    static Read of(Path labels, Path scores) {
        Map<String, Scored> byId = new HashMap<>();
        Map<String, String> idByName = new HashMap<>();
        Set<String> ambiguous = new HashSet<>();
        int[] scoredAgain = new int[1];
        lines(scores, (where, row) -> {
            String id = text(where, row, "imageId");
            String other = idByName.putIfAbsent(name(id), id);
            if (other != null && !other.equals(id)) {
                ambiguous.add(name(id)); // of several images: it tells none of them
            }
            if (row.has("error")) {
                return;
            }
            Scored scored = new Scored(number(where, row, "score"), scoredBy(row));
            if (byId.put(id, scored) != null) {
                scoredAgain[0]++;
            }
        });
        List<ScorePair> pairs = new ArrayList<>();
        int[] withoutScore = new int[1];
        lines(labels, (where, row) -> {
            String id = text(where, row, row.has("image") ? "image" : "imageId");
            Scored scored = byId.get(id);
            if (scored == null && !ambiguous.contains(name(id))) {
                scored = byId.get(idByName.getOrDefault(name(id), id));
            }
            double label = label(where, row);
            if (scored == null) {
                withoutScore[0]++;
            } else {
                pairs.add(new ScorePair(scored.score(), label, scored.by()));
            }
        });
        return new Read(pairs, withoutScore[0], scoredAgain[0]);
    }

    private static String name(String id) {
        return id.substring(id.lastIndexOf('/') + 1);
    }

    /** A label's score, or the mean of its single ratings. */
    private static double label(String where, JsonNode row) {
        JsonNode ratings = row.path("ratings");
        if (!row.hasNonNull("score") && ratings.isArray() && !ratings.isEmpty()) {
            double sum = 0;
            for (JsonNode rating : ratings) {
                if (!rating.isNumber()) {
                    throw wrong(where, "ratings", rating, "numbers");
                }
                sum += rating.doubleValue();
            }
            return sum / ratings.size();
        }
        return number(where, row, "score");
    }

    private static double number(String where, JsonNode row, String key) {
        JsonNode value = row.path(key);
        if (value.isNumber() && Double.isFinite(value.doubleValue())) {
            return value.doubleValue();
        }
        Optional<ScoreText.Found> found = value.isTextual() ? ScoreText.find(value.textValue()) : Optional.empty();
        return found.orElseThrow(() -> wrong(where, key, value, "a number, or an answer that states a score"))
                .value();
    }

    private static String text(String where, JsonNode row, String key) {
        JsonNode value = row.path(key);
        if (!value.isTextual()) {
            throw wrong(where, key, value, "the image's id");
        }
        return value.textValue();
    }

    private static IllegalArgumentException wrong(String where, String key, JsonNode value, String expected) {
        return new IllegalArgumentException(
                where + key + ": " + (value.isMissingNode() ? "missing" : value) + " (expected: " + expected + ")");
    }

    private static Map<String, String> scoredBy(JsonNode row) {
        JsonNode provenance = row.path("provenance");
        Map<String, String> by = new TreeMap<>();
        if (provenance.isObject()) {
            by.put(Calibrations.MODEL, provenance.path("modelDigest").asText());
            JsonNode adapter = provenance.path("adapterDigest");
            by.put(Calibrations.ADAPTER, adapter.isTextual() ? adapter.textValue() : Calibrations.NO_ADAPTER);
            by.put(Calibrations.PROFILE, provenance.path("profileDigest").asText());
            by.put(
                    Calibrations.PREPROCESSING,
                    provenance.path("preprocessingDigest").asText());
        }
        return by;
    }

    private static void lines(Path file, BiConsumer<String, JsonNode> sink) {
        Utf8Lines.read(file, "JSON Lines", (number, line) -> {
            if (line.isBlank()) {
                return;
            }
            String where = file + ", line " + number + ": ";
            JsonNode row;
            try {
                row = JSON.readTree(line);
            } catch (JsonProcessingException e) {
                throw new IllegalArgumentException(where + "not JSON: " + e.getOriginalMessage(), e);
            }
            sink.accept(where, row);
        });
    }
}
