package io.realqa.measures.calibration;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/**
 * One version of a platform's map from raw to calibrated scores. The digest names it: the same labels give the same map, the
 * same digest, and the same calibrated score for the same raw one, now and when events are replayed. Immutable.
 *
 * @param platform it is for
 * @param scoredBy digests of what gave the raw scores (model, adapter, profile, preprocessing, by name): the map holds for
 *     no other
 * @param labels number of labels it was fitted from
 * @param map raw to calibrated
 */
public record Calibration(String platform, Map<String, String> scoredBy, int labels, PiecewiseLinear map) {
    private static final int FORMAT = 1;
    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .build();

    public Calibration {
        if (platform.isBlank()) {
            throw new IllegalArgumentException("platform: empty (expected: the platform's name)");
        }
        if (labels < 0) {
            throw new IllegalArgumentException("labels: " + labels + " (expected: 0 or more)");
        }
        scoredBy = java.util.Collections.unmodifiableMap(new TreeMap<>(scoredBy)); // one order, one digest
    }

    /** What the file holds. */
    private record Content(
            @JsonProperty("format") int format,
            @JsonProperty("digest") String digest,
            @JsonProperty("calibration") Calibration calibration) {}

    /**
     * Fits a map from labels; see {@link CalibrationFit}.
     *
     * @param raw scores, [n], finite
     * @param given the platform's labels, [n], finite
     * @param minimum smallest score of the profile
     * @param maximum largest score of the profile
     */
    public static Calibration fit(
            String platform,
            Map<String, String> scoredBy,
            double[] raw,
            double[] given,
            double minimum,
            double maximum) {
        return new Calibration(platform, scoredBy, given.length, CalibrationFit.fit(raw, given, minimum, maximum));
    }

    /** The calibrated score of a raw one. */
    public double apply(double raw) {
        return map.apply(raw);
    }

    /** Digest of everything in it: {@code sha256:<hex>}. */
    public String digest() {
        try {
            byte[] content = JSON.writeValueAsString(this).getBytes(StandardCharsets.UTF_8);
            return "sha256:"
                    + HexFormat.of()
                            .formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (JsonProcessingException | NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Writes a JSON file; a reader sees all of it or nothing. */
    public void write(Path file) {
        try {
            // Not a temporary file, which would be its owner's alone: services read it as other users.
            Path part = Files.createFile(
                    file.toAbsolutePath().resolveSibling("calibration-" + UUID.randomUUID() + ".part"));
            JSON.writerWithDefaultPrettyPrinter().writeValue(part.toFile(), new Content(FORMAT, digest(), this));
            Files.move(part, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": " + e, e);
        }
    }

    /**
     * Reads a file that {@link #write} wrote.
     *
     * @throws IllegalArgumentException if it is missing or broken, of another format, or not what its digest says
     */
    public static Calibration read(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new IllegalArgumentException(file + ": no such file (expected: a calibration)");
        }
        try {
            Content content = JSON.readValue(file.toFile(), Content.class);
            if (content.format() != FORMAT) {
                throw new IllegalArgumentException(
                        file + ": format: " + content.format() + " (expected: " + FORMAT + ")");
            }
            String digest = content.calibration().digest();
            if (!digest.equals(content.digest())) {
                throw new IllegalArgumentException(
                        file + ": digest: " + content.digest() + " (expected: " + digest + ", of what the file holds)");
            }
            return content.calibration();
        } catch (UnrecognizedPropertyException e) {
            throw new IllegalArgumentException(
                    file + ": unknown key " + e.getPropertyName() + " (expected: one of " + e.getKnownPropertyIds()
                            + ")",
                    e);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(file + ": " + e.getOriginalMessage() + " (expected: a calibration)", e);
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": " + e, e);
        }
    }
}
