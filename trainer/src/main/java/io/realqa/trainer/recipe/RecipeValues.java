package io.realqa.trainer.recipe;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.DoublePredicate;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** A recipe's values by key, with errors that name file, key, value and what was expected. Immutable. */
record RecipeValues(String where, JsonNode node) {

    /** A key without a value counts as not there. */
    boolean has(String key) {
        return node.hasNonNull(key) && !node.get(key).asText("list").isBlank();
    }

    /** The value as written; empty if there is none. */
    Optional<String> text(String key) {
        JsonNode value = node.path(key);
        if (!has(key)) {
            return Optional.empty();
        }
        if (value.isContainerNode()) {
            throw error(key, "one value");
        }
        return Optional.of(value.asText().strip());
    }

    String required(String key, String what) {
        return text(key).filter(t -> !t.isEmpty()).orElseThrow(() -> error(key, what));
    }

    /** The first of several names of one key. */
    Optional<String> either(String first, String second) {
        if (has(first) && has(second)) {
            throw new IllegalArgumentException(
                    where + ": " + first + " and " + second + " are both set (expected: one of them)");
        }
        return text(first).or(() -> text(second));
    }

    /** Parts between commas, or the elements of a list. */
    List<String> list(String key) {
        JsonNode value = node.path(key);
        Stream<String> parts = value.isArray()
                ? StreamSupport.stream(value.spliterator(), false).map(JsonNode::asText)
                : text(key).map(t -> Arrays.stream(t.split(",", -1))).orElseGet(Stream::empty);
        List<String> list = parts.map(String::strip).toList();
        if (list.contains("")) {
            throw error(key, "names between commas");
        }
        return list;
    }

    boolean flag(String key, boolean byDefault) {
        return text(key).map(t -> flagValue(key, t)).orElse(byDefault);
    }

    private boolean flagValue(String key, String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "true", "yes", "on" -> true;
            case "false", "no", "off" -> false;
            default -> throw error(key, "true or false");
        };
    }

    double number(String key, double byDefault, DoublePredicate good, String expected) {
        Optional<String> text = text(key);
        if (text.isEmpty()) {
            return byDefault;
        }
        try {
            double value = new BigDecimal(text.get()).doubleValue();
            if (good.test(value)) {
                return value;
            }
        } catch (NumberFormatException e) {
            // the same message as for a number out of range
        }
        throw error(key, expected);
    }

    int integer(String key, int byDefault, int least, String expected) {
        return (int) number(key, byDefault, v -> v >= least && v <= Integer.MAX_VALUE && v == Math.rint(v), expected);
    }

    int positive(String key, int byDefault) {
        return integer(key, byDefault, 1, "a positive integer");
    }

    <E extends Enum<E>> E choice(String key, E byDefault, Class<E> type) {
        return text(key).map(t -> choiceValue(key, t, type)).orElse(byDefault);
    }

    <E extends Enum<E>> E choiceValue(String key, String text, Class<E> type) {
        for (E e : type.getEnumConstants()) {
            if (e.name().equalsIgnoreCase(text)) {
                return e;
            }
        }
        List<String> names = Arrays.stream(type.getEnumConstants())
                .map(e -> e.name().toLowerCase(Locale.ROOT))
                .toList();
        throw error(key, "one of " + names + "; others are not supported");
    }

    IllegalArgumentException error(String key, String expected) {
        JsonNode value = node.path(key);
        String found = value.isContainerNode() ? value.toString() : has(key) ? value.asText() : "missing";
        return new IllegalArgumentException(where + ": " + key + ": " + found + " (expected: " + expected + ")");
    }
}
