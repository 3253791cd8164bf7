package io.realqa.scorer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A JSON object read with errors that name the file, the key, its value and what was expected. */
record Json(String where, JsonNode node) {
    private static final ObjectMapper MAPPER = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    static Json read(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new ModelException(file + ": missing (expected: a JSON file)");
        }
        try {
            return parse(file.toString(), Files.readString(file));
        } catch (CharacterCodingException e) {
            throw new ModelException(file + ": not UTF-8 (expected: a JSON file)", e);
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": " + e, e);
        }
    }

    static Json parse(String where, String text) {
        try {
            JsonNode node = MAPPER.readTree(text);
            if (node == null || !node.isObject()) {
                throw new ModelException(where + ": not a JSON object (expected: {…})");
            }
            return new Json(where, node);
        } catch (JsonProcessingException e) {
            throw new ModelException(where + ": not JSON: " + e.getOriginalMessage() + " (expected: a JSON object)", e);
        }
    }

    boolean has(String key) {
        return node.hasNonNull(key);
    }

    Json object(String key) {
        JsonNode value = node.path(key);
        if (!value.isObject()) {
            throw error(key, "an object");
        }
        return new Json(where + ", " + key, value);
    }

    int positiveInt(String key) {
        JsonNode value = node.path(key);
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() <= 0) {
            throw error(key, "a positive integer");
        }
        return value.intValue();
    }

    int positiveInt(String key, int byDefault) {
        return has(key) ? positiveInt(key) : byDefault;
    }

    double number(String key) {
        JsonNode value = node.path(key);
        if (!value.isNumber()) {
            throw error(key, "a number");
        }
        return value.doubleValue();
    }

    double number(String key, double byDefault) {
        return has(key) ? number(key) : byDefault;
    }

    boolean flag(String key, boolean byDefault) {
        JsonNode value = node.path(key);
        if (value.isMissingNode() || value.isNull()) {
            return byDefault;
        }
        if (!value.isBoolean()) {
            throw error(key, "true or false");
        }
        return value.booleanValue();
    }

    String text(String key, String byDefault) {
        JsonNode value = node.path(key);
        if (value.isMissingNode() || value.isNull()) {
            return byDefault;
        }
        if (!value.isTextual()) {
            throw error(key, "a string");
        }
        return value.textValue();
    }

    /** What is said when the value of the key is not what was expected. */
    ModelException error(String key, String expected) {
        JsonNode value = node.path(key);
        return new ModelException(where + ": " + key + ": " + (value.isMissingNode() ? "missing" : value)
                + " (expected: " + expected + ")");
    }
}
