package io.realqa.streams.adapters;

import com.fasterxml.jackson.databind.JsonNode;
import io.realqa.scorer.Digests;
import io.realqa.scorer.Score;
import io.realqa.scorer.image.ImageRejectedException;
import io.realqa.streams.scoring.BatchScorer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The images that came with a release and what it must say of them: {@code golden/golden.json} lists {@code images}, each
 * with {@code file} and {@code expectation}, and where it wants {@code sha256} and {@code attributes}; {@code tolerance}
 * is the largest difference of a score.
 */
final class GoldenImages {
    /** An attribute may turn out otherwise if the expected value is nearly as probable: devices round differently. */
    private static final double TIE = 0.1;

    private static final int MOST_IMAGES = 64;

    private record Image(String name, byte[] content, double expectation, Map<String, String> attributes) {
        @Override
        public String toString() {
            return name;
        }
    }

    private final List<Image> images;
    private final double tolerance;

    private GoldenImages(List<Image> images, double tolerance) {
        this.images = images;
        this.tolerance = tolerance;
    }

    /**
     * Those of a release's folder.
     *
     * @param byDefault tolerance where the file states none
     * @param largest bytes of an image
     */
    static Optional<GoldenImages> in(Path folder, double byDefault, long largest) throws RefusedException {
        Path golden = folder.resolve("golden");
        Path file = golden.resolve("golden.json");
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            JsonNode json = ReleaseFolder.json(file);
            List<Image> images = new ArrayList<>();
            JsonNode listed = json.path("images");
            if (!listed.isArray() || listed.isEmpty() || listed.size() > MOST_IMAGES) {
                throw new RefusedException(
                        "golden.json: " + listed.size() + " images (expected: 1 to " + MOST_IMAGES + ")");
            }
            for (JsonNode image : listed) {
                images.add(image(golden, image, largest));
            }
            JsonNode stated = json.path("tolerance");
            double tolerance = stated.isMissingNode() ? byDefault : stated.asDouble(Double.NaN);
            if (!(tolerance >= 0)) {
                throw new RefusedException("golden.json: tolerance: " + stated + " (expected: a number from 0)");
            }
            return Optional.of(new GoldenImages(images, tolerance));
        } catch (IOException e) {
            throw new RefusedException("golden images: " + e, e);
        }
    }

    private static Image image(Path golden, JsonNode json, long largest) throws IOException, RefusedException {
        String name = json.path("file").asText();
        Path file = ReleaseFolder.inside(golden, name);
        if (!Files.isRegularFile(file)) {
            throw new RefusedException("golden image " + name + ": missing (expected: as golden.json lists it)");
        }
        if (Files.size(file) > largest) {
            throw new RefusedException(
                    "golden image " + name + ": " + Files.size(file) + " bytes (expected: at most " + largest + ")");
        }
        String expected = json.path("sha256").asText();
        String found = Digests.of(file);
        if (!expected.isEmpty() && !expected.equals(found)) {
            throw new RefusedException("golden image " + name + ": " + found + " (expected: " + expected + ")");
        }
        double expectation = json.path("expectation").asDouble(Double.NaN);
        if (!Double.isFinite(expectation)) {
            throw new RefusedException(
                    "golden image " + name + ": expectation: " + json.path("expectation") + " (expected: a number)");
        }
        Map<String, String> attributes = new java.util.LinkedHashMap<>();
        json.path("attributes")
                .properties()
                .forEach(e -> attributes.put(e.getKey(), e.getValue().asText()));
        return new Image(name, Files.readAllBytes(file), expectation, attributes);
    }

    int size() {
        return images.size();
    }

    /**
     * Scores them one by one, so that batches get the device in between, and compares.
     *
     * @param offGrammarMass an answer with more than that outside the allowed scores is none
     */
    void check(BatchScorer scorer, double offGrammarMass) throws RefusedException {
        for (Image image : images) {
            Score score;
            try {
                score = scorer.score(List.of(scorer.prepare(image.content()))).get(0);
            } catch (ImageRejectedException e) {
                throw new RefusedException("golden image " + image + ": " + e.getMessage(), e);
            }
            if (!(score.offGrammarMass() <= offGrammarMass)) {
                throw new RefusedException(String.format(
                        Locale.ROOT,
                        "golden image %s: off-grammar mass: %.4f (expected: at most %s of the probability)",
                        image,
                        score.offGrammarMass(),
                        offGrammarMass));
            }
            double difference = Math.abs(score.expectation() - image.expectation());
            // Also if the score is not a number.
            if (!(difference <= tolerance)) {
                throw new RefusedException(String.format(
                        Locale.ROOT,
                        "golden image %s: scored %.4f (expected: %.4f within %s)",
                        image,
                        score.expectation(),
                        image.expectation(),
                        tolerance));
            }
            for (Score.Attribute a : score.attributes()) {
                attribute(image, a);
            }
        }
    }

    private static void attribute(Image image, Score.Attribute found) throws RefusedException {
        String expected = image.attributes().get(found.name());
        if (expected == null || expected.equals(found.value())) {
            return;
        }
        double top = found.probabilities().getOrDefault(found.value(), 1.0);
        double other = found.probabilities().getOrDefault(expected, 0.0);
        if (!(top - other <= TIE)) {
            throw new RefusedException(String.format(
                    Locale.ROOT,
                    "golden image %s: %s is %s with %.2f (expected: %s, which has %.2f)",
                    image,
                    found.name(),
                    found.value(),
                    top,
                    expected,
                    other));
        }
    }
}
