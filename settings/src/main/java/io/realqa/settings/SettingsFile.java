package io.realqa.settings;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.exc.InvalidFormatException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** A YAML file that holds one record of settings. */
public final class SettingsFile {
    private static final ObjectMapper YAML = new ObjectMapper(YAMLFactory.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT);

    private SettingsFile() {}

    /**
     * Reads a file: each key once, none that the record does not have.
     *
     * @param check derives what follows from the settings, so that what is wrong is told when they are read
     * @param keys what settings are called in the file, by the names that begin the messages of {@code check}
     * @throws SettingsException naming the file, the key, its value and what was expected
     */
    public static <T> T read(Path file, Class<T> type, Consumer<T> check, Map<String, String> keys) {
        try {
            T settings = YAML.readValue(Files.readString(file), type);
            if (settings == null) {
                throw new SettingsException("empty (expected: settings)");
            }
            check.accept(settings);
            return settings;
        } catch (NoSuchFileException e) {
            throw new SettingsException(file + ": no such file (expected: a YAML file)", e);
        } catch (UnrecognizedPropertyException e) {
            String known = e.getKnownPropertyIds().stream()
                    .map(String::valueOf)
                    .sorted()
                    .collect(Collectors.joining(", "));
            throw new SettingsException(file + ": " + path(e) + ": unknown key (expected: one of " + known + ")", e);
        } catch (JsonMappingException e) {
            String message = e.getCause() instanceof IllegalArgumentException cause
                    ? String.valueOf(cause.getMessage())
                    : mismatch(e);
            throw new SettingsException(file + ": " + message, e);
        } catch (JsonProcessingException e) {
            throw new SettingsException(file + ": " + e.getOriginalMessage() + " (expected: YAML, each key once)", e);
        } catch (IllegalArgumentException e) {
            throw new SettingsException(file + ": " + named(String.valueOf(e.getMessage()), keys), e);
        } catch (IOException e) {
            throw new SettingsException(file + ": " + e, e);
        }
    }

    private static String mismatch(JsonMappingException e) {
        String key = path(e).isEmpty() ? "the file" : path(e);
        if (e instanceof InvalidFormatException f) {
            return key + ": " + f.getValue() + " (expected: " + typeName(f.getTargetType()) + ")";
        }
        if (e instanceof MismatchedInputException m && m.getTargetType() != null) {
            return key + ": " + e.getOriginalMessage() + " (expected: " + typeName(m.getTargetType()) + ")";
        }
        return key + ": " + e.getOriginalMessage() + " (expected: one YAML document of settings)";
    }

    private static String typeName(Class<?> type) {
        if (type == Integer.class || type == int.class || type == Long.class || type == long.class) {
            return "a whole number";
        }
        if (type == Double.class || type == double.class) {
            return "a number";
        }
        if (type == Boolean.class || type == boolean.class) {
            return "true or false";
        }
        if (type == String.class) {
            return "a text";
        }
        return List.class.isAssignableFrom(type) ? "a list" : "settings by key";
    }

    /** A message that begins with another name for a setting, with the setting's key instead. */
    private static String named(String message, Map<String, String> keys) {
        int colon = message.indexOf(':');
        String key = colon < 0 ? null : keys.get(message.substring(0, colon));
        return key == null ? message : key + message.substring(colon);
    }

    private static String path(JsonMappingException e) {
        return e.getPath().stream()
                .map(r -> r.getFieldName() == null ? "[" + r.getIndex() + "]" : r.getFieldName())
                .collect(Collectors.joining("."));
    }
}
