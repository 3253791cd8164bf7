package io.realqa.trainer;

import io.realqa.events.ImageLabelled;
import io.realqa.scorer.ScoringProfile;
import io.realqa.scorer.ScoringProfile.AttributeQuestion;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * What people said of one image, checked against a scoring profile.
 *
 * @param score mean opinion score on the profile's scale, if a score was given
 * @param deviation standard deviation of the opinions, if it is known
 * @param attributes attribute name to value, each among the profile's
 */
public record Label(String imageId, OptionalDouble score, OptionalDouble deviation, Map<String, String> attributes) {

    /**
     * Reads a feedback event.
     *
     * @throws IllegalArgumentException naming the field, its value and what was expected
     */
    public static Label of(ImageLabelled event, ScoringProfile profile) {
        if (event.getImageId().isBlank()) {
            throw new IllegalArgumentException("imageId: empty (expected: the image's id)");
        }
        List<Double> ratings = event.getRatings();
        if (event.getScore() != null && !ratings.isEmpty()) {
            throw new IllegalArgumentException("score and ratings are both set (expected: one of them)");
        }
        if (event.getScore() == null
                && ratings.isEmpty()
                && event.getAttributes().isEmpty()) {
            throw new IllegalArgumentException("score, ratings and attributes are all empty (expected: at least one)");
        }
        ratings.forEach(r -> inRange("ratings", r, profile));
        event.getAttributes().forEach((name, value) -> checkAttribute(name, value, profile));
        OptionalDouble given = deviation(event, profile);
        OptionalDouble score = OptionalDouble.empty();
        OptionalDouble deviation = OptionalDouble.empty();
        if (event.getScore() != null) {
            score = OptionalDouble.of(inRange("score", event.getScore(), profile));
            deviation = given;
        } else if (!ratings.isEmpty()) {
            double mean = ratings.stream().mapToDouble(r -> r).average().orElseThrow();
            score = OptionalDouble.of(mean);
            deviation = sampleDeviation(ratings, mean);
        }
        return new Label(event.getImageId(), score, deviation, Map.copyOf(event.getAttributes()));
    }

    /**
     * Checks a label that was given as numbers and texts.
     *
     * @throws IllegalArgumentException naming the field, its value and what was expected
     */
    public static Label of(
            String imageId,
            OptionalDouble score,
            OptionalDouble deviation,
            Map<String, String> attributes,
            ScoringProfile profile) {
        if (score.isEmpty() && attributes.isEmpty()) {
            throw new IllegalArgumentException("score and attributes are both missing (expected: at least one)");
        }
        if (deviation.isPresent() && score.isEmpty()) {
            throw new IllegalArgumentException(
                    "deviation: " + deviation.getAsDouble() + " (expected: none without a score)");
        }
        score.ifPresent(s -> inRange("score", s, profile));
        deviation.ifPresent(d -> requireDeviation("deviation", d, profile));
        attributes.forEach((name, value) -> checkAttribute(name, value, profile));
        return new Label(imageId, score, deviation, Map.copyOf(attributes));
    }

    private static double inRange(String field, double value, ScoringProfile profile) {
        double low = profile.score().minimum().doubleValue();
        double high = profile.score().maximum().doubleValue();
        if (!(value >= low && value <= high)) {
            throw new IllegalArgumentException(field + ": " + value + " (expected: " + low + " to " + high + ")");
        }
        return value;
    }

    private static OptionalDouble deviation(ImageLabelled event, ScoringProfile profile) {
        Double given = event.getScoreDeviation();
        return given == null
                ? OptionalDouble.empty()
                : OptionalDouble.of(requireDeviation("scoreDeviation", given, profile));
    }

    /** Opinions on a scale cannot be further apart than it is long. */
    private static double requireDeviation(String field, double value, ScoringProfile profile) {
        double most =
                profile.score().maximum().subtract(profile.score().minimum()).doubleValue();
        if (!(value >= 0 && value <= most)) {
            throw new IllegalArgumentException(field + ": " + value + " (expected: 0 to " + most + ")");
        }
        return value;
    }

    /** Standard deviation with n - 1; a single rating has none. */
    private static OptionalDouble sampleDeviation(List<Double> ratings, double mean) {
        if (ratings.size() < 2) {
            return OptionalDouble.empty();
        }
        double squares =
                ratings.stream().mapToDouble(r -> (r - mean) * (r - mean)).sum();
        return OptionalDouble.of(Math.sqrt(squares / (ratings.size() - 1)));
    }

    private static void checkAttribute(String name, String value, ScoringProfile profile) {
        AttributeQuestion question = profile.attributes().stream()
                .filter(a -> a.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("attributes: " + name + " (expected: one of "
                        + profile.attributes().stream()
                                .map(AttributeQuestion::name)
                                .toList() + ")"));
        if (!question.values().contains(value)) {
            throw new IllegalArgumentException(
                    "attributes: " + name + ": " + value + " (expected: one of " + question.values() + ")");
        }
    }
}
