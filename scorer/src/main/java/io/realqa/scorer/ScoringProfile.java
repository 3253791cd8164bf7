package io.realqa.scorer;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a model is asked and which answers count: prompts, vocabularies and the number grammar. Data, never code: a YAML
 * file ({@value #FILE_NAME}) that travels with the checkpoint or the adapter.
 *
 * @param name of the profile, for people
 * @param system system text of the chat
 * @param score the question for the number
 * @param attributes the questions for the fine-grained attributes that this model was taught; others are absent
 * @param maxNewTokens greedy mode: the longest answer, in tokens
 * @param form the question for everything at once in a regular form; null: the model was not taught it
 * @param prose the question for everything at once in prose; null: the model was not taught it
 */
public record ScoringProfile(
        String name,
        String system,
        ScoreQuestion score,
        List<AttributeQuestion> attributes,
        int maxNewTokens,
        @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable FormQuestion form,
        @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable ProseQuestion prose) {
    /** Name of the profile's file in a checkpoint's or adapter's folder. */
    public static final String FILE_NAME = "scoring-profile.yaml";
    /** Where the value stands in an answer. */
    public static final String VALUE = "{value}";

    private static final String DEFAULT_SYSTEM = "You are a helpful assistant.";
    private static final int DEFAULT_MAX_NEW_TOKENS = 64;
    private static final int MOST_VALUES = 100_000;
    private static final BigDecimal MOST = BigDecimal.valueOf(1_000_000_000);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final ObjectMapper YAML = new ObjectMapper(YAMLFactory.builder()
                    .enable(YAMLParser.Feature.PARSE_BOOLEAN_LIKE_WORDS_AS_STRINGS)
                    .enable(com.fasterxml.jackson.core.StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT);

    /** RealQA's three levels of attributes. */
    public enum Level {
        HIGH,
        MIDDLE,
        LOW;

        @JsonCreator
        static Level parse(String text) {
            for (Level level : values()) {
                if (level.name().equalsIgnoreCase(text)) {
                    return level;
                }
            }
            throw new IllegalArgumentException("level: " + text + " (expected: high, middle or low)");
        }
    }

    /**
     * The question for the score.
     *
     * @param answer the whole answer, with {@value #VALUE} where the number stands
     * @param minimum smallest score that counts
     * @param maximum largest score that counts
     * @param decimals digits after the point
     */
    public record ScoreQuestion(String question, String answer, BigDecimal minimum, BigDecimal maximum, int decimals) {
        public ScoreQuestion {
            requireText("score.question", question);
            requireValue("score.answer", answer);
            if (decimals < 0 || decimals > 4) {
                throw new ModelException("score.decimals: " + decimals + " (expected: 0 to 4)");
            }
            if (minimum == null || maximum == null || minimum.signum() < 0 || minimum.compareTo(maximum) >= 0) {
                throw new ModelException(
                        "score.minimum, maximum: " + minimum + ", " + maximum + " (expected: 0 <= minimum < maximum)");
            }
            if (maximum.compareTo(MOST) > 0) {
                throw new ModelException("score.maximum: " + maximum + " (expected: at most " + MOST + ")");
            }
            if (minimum.stripTrailingZeros().scale() > decimals
                    || maximum.stripTrailingZeros().scale() > decimals) {
                throw new ModelException("score.minimum, maximum: " + minimum + ", " + maximum + " (expected: at most "
                        + decimals + " decimals)");
            }
            if (maximum.subtract(minimum).movePointRight(decimals).compareTo(BigDecimal.valueOf(MOST_VALUES)) > 0) {
                throw new ModelException("score: " + minimum + " to " + maximum + " in " + decimals
                        + " decimals (expected: at most " + MOST_VALUES + " values)");
            }
            // 0 and 0.00 are the same number and count as such
            minimum = minimum.setScale(decimals, RoundingMode.UNNECESSARY);
            maximum = maximum.setScale(decimals, RoundingMode.UNNECESSARY);
        }
    }

    /**
     * The question for one attribute.
     *
     * @param answer the whole answer, with {@value #VALUE} where the value stands
     * @param values every answer that counts, in their order
     */
    public record AttributeQuestion(String name, Level level, String question, String answer, List<String> values) {
        public AttributeQuestion {
            requireText("attributes: name", name);
            String where = "attribute " + name + ": ";
            if (level == null) {
                throw new ModelException(where + "level: missing (expected: high, middle or low)");
            }
            requireText(where + "question", question);
            requireValue(where + "answer", answer);
            if (values == null || values.size() < 2 || new HashSet<>(values).size() < values.size()) {
                throw new ModelException(where + "values: " + values + " (expected: at least two, all different)");
            }
            values.forEach(v -> requireText(where + "values", v));
            values = List.copyOf(values);
        }
    }

    /**
     * The question for the regular form.
     *
     * @param answer the whole answer: {@code {score}} and {@code {NAME}} stand for the score and an attribute,
     *     {@code {NAME.reason}} for the reason of an attribute, {@code {NAME.text}} for an attribute in free words. All
     *     else is appended as it stands, never generated
     * @param maxTextTokens the longest reason or free text
     */
    public record FormQuestion(String question, String answer, int maxTextTokens) {
        private static final int DEFAULT_MAX_TEXT_TOKENS = 128;

        public FormQuestion {
            requireText("form.question", question);
            requireText("form.answer", answer);
            maxTextTokens = maxTextTokens == 0 ? DEFAULT_MAX_TEXT_TOKENS : maxTextTokens;
            requireTokens("form.maxTextTokens", maxTextTokens);
        }
    }

    /**
     * The question for prose.
     *
     * @param maxNewTokens the longest answer
     * @param phrases for an attribute, how the prose states it, each with {@value #VALUE} where the value stands;
     *     beside these an attribute counts as stated where the words of its own answer are
     */
    public record ProseQuestion(String question, int maxNewTokens, Map<String, List<String>> phrases) {
        private static final int DEFAULT_MAX_NEW_TOKENS = 1024;

        public ProseQuestion {
            requireText("prose.question", question);
            maxNewTokens = maxNewTokens == 0 ? DEFAULT_MAX_NEW_TOKENS : maxNewTokens;
            requireTokens("prose.maxNewTokens", maxNewTokens);
            phrases = phrases == null ? Map.of() : Collections.unmodifiableMap(new TreeMap<>(phrases));
            phrases.forEach((attribute, of) -> {
                if (of == null || of.isEmpty()) {
                    throw new ModelException(
                            "prose.phrases: " + attribute + ": " + of + " (expected: at least one phrase)");
                }
                of.forEach(p -> requireValue("prose.phrases: " + attribute, p));
            });
        }
    }

    /** A profile without the questions for everything at once. */
    public ScoringProfile(
            String name, String system, ScoreQuestion score, List<AttributeQuestion> attributes, int maxNewTokens) {
        this(name, system, score, attributes, maxNewTokens, null, null);
    }

    public ScoringProfile {
        requireText("name", name);
        // a file may leave these out
        system = system == null ? DEFAULT_SYSTEM : system;
        if (attributes != null && attributes.stream().anyMatch(Objects::isNull)) {
            throw new ModelException("attributes: " + attributes + " (expected: a question for each)");
        }
        attributes = attributes == null ? List.of() : List.copyOf(attributes);
        maxNewTokens = maxNewTokens == 0 ? DEFAULT_MAX_NEW_TOKENS : maxNewTokens;
        requireText("system", system);
        if (score == null) {
            throw new ModelException("score: missing (expected: the question for the score)");
        }
        Set<String> names = new HashSet<>();
        for (AttributeQuestion a : attributes) {
            if (!names.add(a.name())) {
                throw new ModelException("attributes: " + a.name() + ": twice (expected: different names)");
            }
        }
        requireTokens("maxNewTokens", maxNewTokens);
        if (form != null) {
            FormTemplate.parse(form.answer(), names);
        }
        if (prose != null) {
            for (String stated : prose.phrases().keySet()) {
                if (!names.contains(stated)) {
                    throw new ModelException("prose.phrases: " + stated + " (expected: one of the attributes "
                            + new TreeSet<>(names) + ")");
                }
            }
        }
    }

    /**
     * Reads a profile.
     *
     * @throws ModelException if the file is missing, has an unknown key or a value out of range
     */
    public static ScoringProfile read(Path file) {
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw new ModelException(file + ": no regular file (expected: a scoring profile)"); // a pipe would hang
        }
        try {
            ScoringProfile profile = YAML.readValue(Files.readString(file), ScoringProfile.class);
            if (profile == null) {
                throw new ModelException(file + ": empty (expected: a scoring profile)");
            }
            return profile;
        } catch (java.nio.file.NoSuchFileException e) {
            throw new ModelException(file + ": missing (expected: a scoring profile)", e);
        } catch (CharacterCodingException e) {
            throw new ModelException(file + ": not UTF-8 (expected: a scoring profile)", e);
        } catch (UnrecognizedPropertyException e) {
            throw new ModelException(
                    file + ": unknown key " + e.getPropertyName() + " (expected: one of " + e.getKnownPropertyIds()
                            + ")",
                    e);
        } catch (JsonProcessingException e) {
            Throwable cause = e.getCause() instanceof ModelException ? e.getCause() : e;
            String key = cause == e && e instanceof JsonMappingException mapping ? path(mapping) : "";
            throw new ModelException(
                    file + ": " + key + (cause == e ? e.getOriginalMessage() : cause.getMessage())
                            + (e.getLocation() == null
                                    ? ""
                                    : ", line " + e.getLocation().getLineNr()),
                    e);
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": " + e, e);
        }
    }

    private static String path(JsonMappingException e) {
        return e.getPath().stream()
                .map(r -> r.getFieldName() == null ? "[" + r.getIndex() + "]: " : r.getFieldName() + ": ")
                .collect(Collectors.joining());
    }

    /** The profile in a checkpoint's or adapter's folder, if it has one. */
    public static Optional<ScoringProfile> in(Path folder) {
        Path file = folder.resolve(FILE_NAME);
        return Files.exists(file) ? Optional.of(read(file)) : Optional.empty();
    }

    /** Digest of everything in it: {@code sha256:<hex>}. The layout of the file does not count. */
    public String digest() {
        try {
            return Digests.of(JSON.writeValueAsString(this));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The profile as a file that {@link #read} takes. */
    public String toYaml() {
        try {
            return YAML.writeValueAsString(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void requireText(String what, @Nullable String value) {
        if (value == null || value.isBlank()) {
            throw new ModelException(what + ": " + value + " (expected: a text)");
        }
    }

    private static void requireTokens(String what, int tokens) {
        if (tokens < 1 || tokens > 4096) {
            throw new ModelException(what + ": " + tokens + " (expected: 1 to 4096)");
        }
    }

    private static void requireValue(String what, @Nullable String value) {
        if (value == null || value.indexOf(VALUE) < 0 || value.indexOf(VALUE) != value.lastIndexOf(VALUE)) {
            throw new ModelException(what + ": " + value + " (expected: a text with one " + VALUE + ")");
        }
    }
}
