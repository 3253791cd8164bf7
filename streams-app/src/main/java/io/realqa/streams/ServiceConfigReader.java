package io.realqa.streams;

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
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Reads settings from YAML. What is wrong is told by its key, its value and what was expected. */
final class ServiceConfigReader {
    private static final ObjectMapper YAML = new ObjectMapper(YAMLFactory.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT);

    /** What the settings are called here, by the names that the policies behind them report. */
    private static final Map<String, String> KEYS = Map.of(
            "maxBytes", "limits.imageBytes",
            "maxPixels", "limits.imagePixels",
            "fileRoots", "content.fileRoots",
            "httpHosts", "content.httpHosts",
            "readTimeout", "content.timeout",
            "maxRedirects", "content.redirects",
            "attempts", "content.attempts");

    private ServiceConfigReader() {}

    static ServiceConfig read(Path file) {
        try {
            ServiceConfig config = YAML.readValue(Files.readString(file), ServiceConfig.class);
            if (config == null) {
                throw new ConfigException(file + ": empty (expected: the service's settings)");
            }
            config.check();
            return config;
        } catch (java.nio.file.NoSuchFileException e) {
            throw new ConfigException(file + ": no such file (expected: a YAML file)", e);
        } catch (UnrecognizedPropertyException e) {
            String known = String.valueOf(e.getKnownPropertyIds());
            throw new ConfigException(file + ": " + path(e) + ": unknown key (expected: one of " + known + ")", e);
        } catch (JsonMappingException e) {
            String message = e.getCause() instanceof ConfigException c ? c.getMessage() : mismatch(e);
            throw new ConfigException(file + ": " + message, e);
        } catch (JsonProcessingException e) {
            throw new ConfigException(file + ": " + e.getOriginalMessage() + " (expected: YAML, each key once)", e);
        } catch (IllegalArgumentException e) {
            throw new ConfigException(file + ": " + named(String.valueOf(e.getMessage())), e);
        } catch (IOException e) {
            throw new ConfigException(file + ": " + e, e);
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
        if (type == Integer.class || type == Long.class) {
            return "a whole number";
        }
        if (type == Double.class) {
            return "a number";
        }
        if (type == String.class) {
            return "a text";
        }
        return List.class.isAssignableFrom(type) ? "a list" : "settings by key";
    }

    /** A message that begins with a policy's own name for a setting, with the setting's key instead. */
    private static String named(String message) {
        int colon = message.indexOf(':');
        String key = colon < 0 ? null : KEYS.get(message.substring(0, colon));
        return key == null ? message : key + message.substring(colon);
    }

    private static String path(JsonMappingException e) {
        return e.getPath().stream()
                .map(r -> r.getFieldName() == null ? "[" + r.getIndex() + "]" : r.getFieldName())
                .collect(Collectors.joining("."));
    }
}
