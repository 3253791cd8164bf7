package io.realqa.cli.evaluate;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.realqa.cli.Utf8Lines;
import io.realqa.measures.ScoreText;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.LongConsumer;

/**
 * A predictions file, read: JSON Lines with {@code label} and {@code predict}, as the released program writes and this one.
 *
 * @param rows lines that are not blank
 * @param labels [rows], NaN where a row has no pair of scores
 * @param predictions [rows], NaN where a row has no pair of scores
 * @param unparsable how many rows cannot be read: broken lines, a score in the label and none in the prediction, a label
 *     with neither a score nor an attribute
 * @param problems the first of them, for people
 * @param attributes what the labels state besides
 */
record PredictionsFile(
        Path path,
        int rows,
        double[] labels,
        double[] predictions,
        int unparsable,
        List<String> problems,
        AttributeCounts attributes) {
    private static final int MOST_PROBLEMS = 10;
    private static final int LONGEST_QUOTE = 60;
    private static final ObjectReader JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .build()
            .reader();

    /** Both scores of the rows that have both. */
    double[][] scored() {
        int count = 0;
        double[][] scored = {new double[rows], new double[rows]};
        for (int i = 0; i < rows; i++) {
            if (!Double.isNaN(labels[i])) {
                scored[0][count] = labels[i];
                scored[1][count++] = predictions[i];
            }
        }
        return new double[][] {Arrays.copyOf(scored[0], count), Arrays.copyOf(scored[1], count)};
    }

    /** A row's texts, or why there are none. */
    private record Texts(String label, String predict, String problem) {}

    private static Texts texts(String line) {
        JsonNode row;
        try {
            row = JSON.readTree(line);
        } catch (JsonProcessingException e) {
            return new Texts("", "", "not JSON: " + e.getOriginalMessage());
        }
        for (String key : List.of("label", "predict")) {
            if (!row.path(key).isTextual() && !row.path(key).isNumber()) {
                String found = row.has(key) ? row.get(key).getNodeType().toString() : "missing";
                return new Texts("", "", key + ": " + found + " (expected: a text)");
            }
        }
        return new Texts(row.path("label").asText(), row.path("predict").asText(), "");
    }

    /**
     * Reads a file, one line at a time.
     *
     * @param progress gets the bytes read so far, about
     * @throws IllegalArgumentException if the file is missing, not UTF-8, or has no rows
     */
    static PredictionsFile read(Path path, AttributeText attributeText, LongConsumer progress) {
        Doubles labels = new Doubles();
        Doubles predictions = new Doubles();
        List<String> problems = new ArrayList<>();
        AttributeCounts attributes = new AttributeCounts(attributeText);
        int[] unparsable = new int[1];
        lines(
                path,
                (number, line) -> {
                    if (line.isBlank()) {
                        return;
                    }
                    Texts texts = texts(line);
                    Optional<ScoreText.Found> label = ScoreText.find(texts.label());
                    Optional<ScoreText.Found> prediction = ScoreText.find(texts.predict());
                    String problem = texts.problem();
                    if (problem.isEmpty()) {
                        boolean stated = attributes.add(texts.label(), texts.predict());
                        if (label.isPresent() && prediction.isEmpty()) {
                            problem = "predict: " + quote(texts.predict()) + " (expected: a score)";
                        } else if (label.isEmpty() && !stated) {
                            problem = "label: " + quote(texts.label()) + " (expected: a score or attributes)";
                        }
                    }
                    boolean scored = problem.isEmpty() && label.isPresent() && prediction.isPresent();
                    labels.add(scored ? label.orElseThrow().value() : Double.NaN);
                    predictions.add(scored ? prediction.orElseThrow().value() : Double.NaN);
                    if (!problem.isEmpty() && unparsable[0]++ < MOST_PROBLEMS) {
                        problems.add("line " + number + ": " + problem);
                    }
                },
                progress);
        if (labels.size == 0) {
            throw new IllegalArgumentException(path + ": no rows (expected: JSON Lines with label and predict)");
        }
        return new PredictionsFile(
                path,
                labels.size,
                labels.toArray(),
                predictions.toArray(),
                unparsable[0],
                List.copyOf(problems),
                attributes);
    }

    /** Label and prediction of the rows that the released scorer keeps: [2][n]. It drops the others without counting. */
    static double[][] released(Path path) {
        Doubles labels = new Doubles();
        Doubles predictions = new Doubles();
        lines(
                path,
                (number, line) -> {
                    Texts texts = texts(line);
                    OptionalDouble label = ScoreText.releasedLabel(texts.label());
                    OptionalDouble prediction = ScoreText.releasedPrediction(texts.predict());
                    if (label.isPresent() && prediction.isPresent()) {
                        labels.add(label.getAsDouble());
                        predictions.add(prediction.getAsDouble());
                    }
                },
                bytes -> {});
        return new double[][] {labels.toArray(), predictions.toArray()};
    }

    private interface LineConsumer {
        void accept(long number, String line);
    }

    private static void lines(Path path, LineConsumer consumer, LongConsumer progress) {
        long[] bytes = new long[1];
        Utf8Lines.read(path, "JSON Lines with label and predict", (number, line) -> {
            consumer.accept(number, line);
            bytes[0] += line.length() + 1L;
            progress.accept(bytes[0]);
        });
    }

    private static String quote(String text) {
        String one = text.replaceAll("\\s+", " ");
        return '"' + (one.length() <= LONGEST_QUOTE ? one : one.substring(0, LONGEST_QUOTE - 1) + "…") + '"';
    }

    /** A growing array. */
    private static final class Doubles {
        private double[] values = new double[1024];
        private int size;

        void add(double value) {
            if (size == values.length) {
                values = Arrays.copyOf(values, 2 * size);
            }
            values[size++] = value;
        }

        double[] toArray() {
            return Arrays.copyOf(values, size);
        }
    }
}
