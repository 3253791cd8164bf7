package io.realqa.streams.replay;

import io.realqa.events.UploadDeadLettered;
import io.realqa.streams.scoring.Reason;
import io.realqa.streams.scoring.Stage;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which dead letters are meant. An empty set and a missing instant leave everything in.
 *
 * @param reasons any of these
 * @param stages any of these
 * @param platforms any of these, letter by letter
 * @param images ids of images
 * @param from failed then or later
 * @param to failed before
 */
public record ReplayFilter(
        Set<Reason> reasons,
        Set<Stage> stages,
        Set<String> platforms,
        Set<String> images,
        @Nullable Instant from,
        @Nullable Instant to) {
    /** All dead letters. */
    public static final ReplayFilter ALL = new ReplayFilter(Set.of(), Set.of(), Set.of(), Set.of(), null, null);

    private static final Pattern AGO = Pattern.compile("(\\d{1,9})([smhd])");

    public ReplayFilter {
        reasons = Set.copyOf(reasons);
        stages = Set.copyOf(stages);
        platforms = Set.copyOf(platforms);
        images = Set.copyOf(images);
        if (from != null && to != null && !from.isBefore(to)) {
            throw new IllegalArgumentException("from: " + from + " (expected: before to, " + to + ")");
        }
    }

    boolean takes(UploadDeadLettered letter) {
        return (reasons.isEmpty() || reasons.stream().anyMatch(r -> r.name().equals(letter.getReason())))
                && (stages.isEmpty() || stages.stream().anyMatch(s -> s.name().equals(letter.getStage())))
                && (platforms.isEmpty() || letter.getPlatform() != null && platforms.contains(letter.getPlatform()))
                && (images.isEmpty() || letter.getImageId() != null && images.contains(letter.getImageId()))
                && (from == null || !letter.getFailedAt().isBefore(from))
                && (to == null || letter.getFailedAt().isBefore(to));
    }

    /** A reason by its code, in any case; an unknown one is refused with the known code that is nearest. */
    public static Reason reason(String code) {
        return named("reason", code, Reason.values());
    }

    /** A stage by its name, in any case; an unknown one is refused with the known name that is nearest. */
    public static Stage stage(String name) {
        return named("stage", name, Stage.values());
    }

    /**
     * A point in time: ISO-8601 with a zone ({@code 2026-11-25T09:30:00Z}, {@code …+01:00}), or how long ago
     * ({@code 90s}, {@code 30m}, {@code 2h}, {@code 7d}).
     *
     * @param what how the error calls it
     */
    public static Instant instant(String what, String text, Instant now) {
        Matcher ago = AGO.matcher(text);
        try {
            if (ago.matches()) {
                long n = Long.parseLong(ago.group(1));
                return now.minus(
                        switch (ago.group(2)) {
                            case "s" -> Duration.ofSeconds(n);
                            case "m" -> Duration.ofMinutes(n);
                            case "h" -> Duration.ofHours(n);
                            default -> Duration.ofDays(n);
                        });
            }
            return OffsetDateTime.parse(text).toInstant();
        } catch (DateTimeParseException e) {
            throw new IllegalArgumentException(badTime(what, text), e);
        } catch (DateTimeException | ArithmeticException e) {
            throw new IllegalArgumentException(badTime(what, text) + ": " + e.getMessage(), e);
        }
    }

    private static String badTime(String what, String text) {
        return what + ": " + text + " (expected: an instant such as 2026-11-25T09:30:00Z, or how long ago: 90s, 30m, 2h"
                + " or 7d)";
    }

    private static <E extends Enum<E>> E named(String what, String text, E[] known) {
        String upper = text.strip().toUpperCase(Locale.ROOT).replace('-', '_');
        return Arrays.stream(known)
                .filter(k -> k.name().equals(upper))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(what + ": " + text + ": unknown (expected: "
                        + Arrays.stream(known)
                                .min(Comparator.comparingInt(k -> distance(upper, k.name())))
                                .orElseThrow()
                                .name()
                        + "? the list is in docs/operations.md)"));
    }

    /** Levenshtein's: the fewest insertions, deletions and replacements of one character. */
    static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        Arrays.setAll(row, j -> j);
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }
}
