package io.realqa.settings;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.InputCoercionException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A YAML file that holds one record of settings. */
public final class SettingsFile {
    /** Settings are a page or two: what is larger is another file. */
    private static final long MOST_BYTES = 1 << 20;

    private static final YAMLFactory FACTORY = YAMLFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(YAMLParser.Feature.EMPTY_STRING_AS_NULL)
            .build();

    private static final ObjectMapper YAML = YAMLMapper.builder(FACTORY)
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
            .withCoercionConfigDefaults(c -> c.setCoercion(CoercionInputShape.EmptyString, CoercionAction.Fail))
            .build();

    private static final Pattern QUOTED_LINE = Pattern.compile(" in 'reader', line (\\d+), column");

    /** How Java writes a duration, which no file does. */
    private static final Pattern ISO_DURATION = Pattern.compile("\\bPT-?\\d[\\dHMS.]*");

    private SettingsFile() {}

    /**
     * Reads a file: each key once, none that the record does not have, every value where it stands.
     *
     * @param check derives what follows from the settings, so that what is wrong is told when they are read
     * @param keys what settings are called in the file, by the names that begin the messages of {@code check}
     * @throws SettingsException naming the file, the key, its value and what was expected, in one line
     */
    public static <T> T read(Path file, Class<T> type, Consumer<T> check, Map<String, String> keys) {
        try {
            T settings = bound(tree(file), type);
            check.accept(settings);
            return settings;
        } catch (IllegalArgumentException e) {
            throw new SettingsException(file + ": " + oneLine(named(String.valueOf(e.getMessage()), keys)), e);
        }
    }

    private static JsonNode tree(Path file) {
        try {
            if (Files.isDirectory(file)) {
                throw new SettingsException("a folder (expected: a YAML file)");
            }
            if (Files.size(file) > MOST_BYTES) {
                throw new SettingsException(
                        Files.size(file) + " bytes (expected: settings, at most " + MOST_BYTES + " bytes)");
            }
            String text = Files.readString(file);
            refuseAliases(text);
            JsonNode tree = YAML.readTree(text);
            if (tree.isMissingNode() || tree.isNull()) {
                throw new SettingsException("empty (expected: settings)");
            }
            return tree;
        } catch (NoSuchFileException e) {
            throw new SettingsException("no such file (expected: a YAML file)", e);
        } catch (CharacterCodingException e) {
            throw new SettingsException("not UTF-8 (expected: a YAML file in UTF-8)", e);
        } catch (MismatchedInputException e) {
            throw new SettingsException(line(e) + "a second document (expected: one document of settings)", e);
        } catch (JsonProcessingException e) {
            throw new SettingsException(line(e) + problem(e) + " (expected: YAML, each key once)", e);
        } catch (IOException e) {
            throw new SettingsException(e + " (expected: a readable file)", e);
        }
    }

    /** The parser gives an alias as a text, which would be taken for the value. */
    private static void refuseAliases(String text) throws IOException {
        try (YAMLParser parser = FACTORY.createParser(text)) {
            while (parser.nextToken() != null) {
                if (parser.isCurrentAlias()) {
                    throw new SettingsException(
                            "line " + parser.currentTokenLocation().getLineNr() + ": *" + parser.getText()
                                    + " (expected: the value itself; aliases are not followed)");
                }
            }
        }
    }

    /** Where it is: as the parser quotes it, else where the last token was. */
    private static String line(JsonProcessingException e) {
        String line =
                e.getLocation() == null ? "" : Integer.toString(e.getLocation().getLineNr());
        Matcher quoted = QUOTED_LINE.matcher(e.getOriginalMessage());
        while (quoted.find()) {
            line = quoted.group(1);
        }
        return line.isEmpty() ? "" : "line " + line + ": ";
    }

    /** What a parser says, without the piece of the file that it quotes. */
    private static String problem(JsonProcessingException e) {
        return e.getOriginalMessage()
                .lines()
                .filter(l -> !l.startsWith(" "))
                .map(String::strip)
                .filter(l -> !l.isEmpty())
                .distinct()
                .collect(Collectors.joining(", "));
    }

    private static <T> T bound(JsonNode tree, Class<T> type) {
        try {
            return YAML.treeToValue(tree, type);
        } catch (UnrecognizedPropertyException e) {
            String known = e.getKnownPropertyIds().stream()
                    .map(String::valueOf)
                    .sorted()
                    .collect(Collectors.joining(", "));
            throw new SettingsException(path(e) + ": unknown key (expected: one of " + known + ")", e);
        } catch (JsonMappingException e) {
            if (e.getCause() instanceof IllegalArgumentException cause) {
                throw new SettingsException(String.valueOf(cause.getMessage()), e);
            }
            String key = path(e).isEmpty() ? "the file" : path(e);
            throw new SettingsException(key + ": " + found(tree, e) + " (expected: " + expected(e) + ")", e);
        } catch (JsonProcessingException e) {
            throw new SettingsException(e.getOriginalMessage() + " (expected: settings)", e);
        }
    }

    /** The value at the place that an error names. */
    private static String found(JsonNode tree, JsonMappingException e) {
        JsonNode at = tree;
        for (JsonMappingException.Reference r : e.getPath()) {
            at = r.getFieldName() == null ? at.path(r.getIndex()) : at.path(r.getFieldName());
        }
        return at.isMissingNode()
                ? "missing"
                : at.isArray() ? "a list" : at.isObject() ? "settings by key" : at.isTextual() ? text(at) : at.asText();
    }

    private static String text(JsonNode node) {
        return node.textValue().isEmpty() ? "\"\"" : node.textValue();
    }

    private static String expected(JsonMappingException e) {
        if (e.getCause() instanceof InputCoercionException c) {
            return c.getTargetType() == long.class || c.getTargetType() == Long.class
                    ? "a whole number from " + Long.MIN_VALUE + " to " + Long.MAX_VALUE
                    : "a whole number from " + Integer.MIN_VALUE + " to " + Integer.MAX_VALUE;
        }
        return e instanceof MismatchedInputException m ? typeName(m.getTargetType()) : "a value of another kind";
    }

    private static String typeName(@Nullable Class<?> type) {
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
        return type != null && List.class.isAssignableFrom(type) ? "a list" : "settings by key";
    }

    /** A message that begins with another name for a setting, with the setting's key instead. */
    private static String named(String message, Map<String, String> keys) {
        int colon = message.indexOf(':');
        String key = colon < 0 ? null : keys.get(message.substring(0, colon));
        return key == null ? message : key + message.substring(colon);
    }

    /** Values may hold anything: a message is one line, and no terminal's command. Durations are written as files do. */
    private static String oneLine(String message) {
        String shown = ISO_DURATION.matcher(message).replaceAll(m -> Values.written(Duration.parse(m.group())));
        return shown.codePoints()
                .mapToObj(c -> c == '\n' || c == '\t' ? " " : Character.isISOControl(c) ? "?" : Character.toString(c))
                .collect(Collectors.joining());
    }

    private static String path(JsonMappingException e) {
        return e.getPath().stream()
                .map(r -> r.getFieldName() == null ? "[" + r.getIndex() + "]" : r.getFieldName())
                .collect(Collectors.joining("."));
    }
}
