package io.realqa.settings;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What is common to settings: defaults, durations, and values that must be there. */
public final class Values {
    private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(ms|s|m|h|d)");

    /** Longer than anything that is to happen. */
    private static final Duration LONGEST = Duration.ofDays(3650);

    private Values() {}

    /** The value, or where there is none the default. */
    public static <T> T or(@Nullable T value, T byDefault) {
        return value == null ? byDefault : value;
    }

    /**
     * A duration such as {@code 20ms}, {@code 5s}, {@code 1m}, {@code 12h} or {@code 7d}, of ten years at most.
     *
     * @param key what the setting is called, for the error
     * @throws SettingsException if it is written otherwise, or longer
     */
    public static Duration duration(String key, @Nullable String text, Duration byDefault) {
        if (text == null) {
            return byDefault;
        }
        Matcher m = DURATION.matcher(text);
        if (!m.matches()) {
            throw new SettingsException(key + ": " + text + " (expected: a duration such as 20ms, 5s, 1m, 12h or 7d)");
        }
        long n = Long.parseLong(m.group(1));
        Duration duration = switch (m.group(2)) {
            case "ms" -> Duration.ofMillis(n);
            case "s" -> Duration.ofSeconds(n);
            case "m" -> Duration.ofMinutes(n);
            case "h" -> Duration.ofHours(n);
            default -> Duration.ofDays(n);
        };
        if (duration.compareTo(LONGEST) > 0) {
            throw new SettingsException(key + ": " + text + " (expected: at most " + written(LONGEST) + ")");
        }
        return duration;
    }

    /** A duration as {@link #duration} reads it, in the largest unit that it is a multiple of. */
    public static String written(Duration duration) {
        long millis = duration.toMillis();
        if (millis == 0) {
            return "0s";
        }
        if (millis % 86_400_000 == 0) {
            return millis / 86_400_000 + "d";
        }
        if (millis % 3_600_000 == 0) {
            return millis / 3_600_000 + "h";
        }
        if (millis % 60_000 == 0) {
            return millis / 60_000 + "m";
        }
        return millis % 1000 == 0 ? millis / 1000 + "s" : millis + "ms";
    }

    /**
     * A path.
     *
     * @param key what the setting is called, for the error
     * @throws SettingsException if no file can be called so, or the text is empty: that would be the working directory
     */
    public static Path path(String key, String text) {
        if (text.isBlank()) {
            throw new SettingsException(key + ": \"" + text + "\" (expected: a path)");
        }
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw new SettingsException(key + ": " + text + " (expected: a path): " + e.getReason(), e);
        }
    }

    /**
     * Refuses a port that there is not; null: none is set.
     *
     * @throws SettingsException naming key and port
     */
    public static void port(String key, @Nullable Integer port) {
        if (port != null && (port < 0 || port > 65_535)) {
            throw new SettingsException(key + ": " + port + " (expected: 0 to 65535)");
        }
    }

    /**
     * Refuses an address to listen on that names nothing; null: none is set.
     *
     * @throws SettingsException naming key and address
     */
    public static void host(String key, @Nullable String host) {
        if (host != null && host.isBlank()) {
            throw new SettingsException(key + ": \"" + host + "\" (expected: an address of this machine)");
        }
    }

    /**
     * A section that must hold an address.
     *
     * @throws SettingsException if it does not, or a value in it is missing
     */
    public static Map<String, String> withAddress(@Nullable Map<String, String> section, String name, String key) {
        if (section == null || section.get(key) == null) {
            throw new SettingsException(name + "." + key + ": missing (expected: an address)");
        }
        return present(section, name);
    }

    /**
     * A section whose every key has a value; none: empty.
     *
     * @throws SettingsException naming the key that has none
     */
    public static Map<String, String> present(@Nullable Map<String, @Nullable String> section, String name) {
        if (section == null) {
            return Map.of();
        }
        section.forEach((key, value) -> {
            if (value == null) {
                throw new SettingsException(name + "." + key + ": null (expected: a value)");
            }
        });
        return Map.copyOf(section);
    }

    /**
     * A list without empty elements; none: the default.
     *
     * @throws SettingsException if one is null, or a text without letters
     */
    public static <T> List<T> elements(String key, @Nullable List<@Nullable T> values, List<T> byDefault) {
        if (values == null) {
            return byDefault;
        }
        List<T> all = new ArrayList<>();
        for (T value : values) {
            if (value == null) {
                throw new SettingsException(key + ": null (expected: no empty element)");
            }
            if (value instanceof String text && text.isBlank()) {
                throw new SettingsException(key + ": \"" + text + "\" (expected: no empty element)");
            }
            all.add(value);
        }
        return List.copyOf(all);
    }

    /**
     * Refuses a key that is none of the known ones.
     *
     * @throws SettingsException naming it
     */
    public static void known(String section, Collection<String> keys, Collection<String> known) {
        for (String key : keys) {
            if (!known.contains(key)) {
                throw new SettingsException(section + "." + key + ": unknown (expected: one of "
                        + known.stream().sorted().collect(Collectors.joining(", ")) + ")");
            }
        }
    }
}
