package io.realqa.scorer;

import io.realqa.scorer.ScoringProfile.AttributeQuestion;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Reads score and attributes out of generated prose. Tolerant of spelling (case, spaces, missing brackets or points),
 * never of meaning: what the text does not state, states twice in different ways or negates, is absent. Immutable.
 *
 * <p>The score is looked for in three forms, the first that the text has counts, and of several the last:
 *
 * <ol>
 *   <li>{@code <6.59>}: RealQA's step-by-step ending;
 *   <li>{@code final score is 6.59}: the same without its brackets;
 *   <li>{@code score of this image is 6.59}: the plain form.
 * </ol>
 */
final class ProseParser {
    private static final String NUMBER = "(?<![\\d.,-])(\\d+(?:\\.\\d+)?)(?![\\d%]|[.,]\\d)";
    private static final String IS =
            "\\s*(?:\\b(?:is|was|of|to be|would be|equals)\\b|[:=])\\s*(?:about\\s+|approximately\\s+)?";
    private static final List<Pattern> SCORES = List.of(
            pattern("<\\s*" + NUMBER + "\\s*>"),
            pattern("\\b(?:final|overall)\\s+score" + IS + "[<(\\[*\"]*\\s*" + NUMBER),
            pattern("\\bscore\\s+(?:of|for)\\s+(?:this|the)\\s+(?:image|picture|photo|photograph)" + IS
                    + "[<(\\[*\"]*\\s*" + NUMBER));
    /** What may stand between an attribute's words and its value. */
    private static final String LINK = link("|level");
    /** The same without a word that may be the value: "Level Shot: level". */
    private static final String LINK_WITHOUT_LEVEL = link("");

    private static final Pattern SENTENCE_END = Pattern.compile("[.!?;](?=\\s|$)|\\n");

    private final ScoringProfile profile;
    private final List<Attribute> attributes;

    /** How one attribute is stated: the words before the value, and what follows it. */
    private record Statement(Pattern before, @Nullable Pattern after) {}

    private record Attribute(AttributeQuestion question, List<Statement> statements, List<String> longestFirst) {}

    ProseParser(ScoringProfile profile) {
        this.profile = profile;
        Map<String, List<String>> phrases =
                profile.prose() == null ? Map.of() : profile.prose().phrases();
        this.attributes = profile.attributes().stream()
                .map(a -> attribute(a, phrases.getOrDefault(a.name(), List.of())))
                .toList();
    }

    private static Attribute attribute(AttributeQuestion question, List<String> phrases) {
        List<Statement> statements = new ArrayList<>();
        for (String phrase : phrases) {
            int at = phrase.indexOf(ScoringProfile.VALUE);
            String after = phrase.substring(at + ScoringProfile.VALUE.length());
            statements.add(new Statement(
                    pattern(words(phrase.substring(0, at)) + "\\s*"),
                    after.isBlank() ? null : pattern("\\s*" + words(after))));
        }
        Set<String> names = new LinkedHashSet<>();
        names.add(label(question.answer().substring(0, question.answer().indexOf(ScoringProfile.VALUE))));
        names.add(label(question.name()));
        names.stream().filter(n -> !n.isEmpty()).forEach(n -> {
            statements.add(new Statement(pattern("\\b" + words(n) + "\\b" + LINK), null));
            statements.add(new Statement(pattern("\\b" + words(n) + "\\b" + LINK_WITHOUT_LEVEL), null));
        });
        List<String> longestFirst = question.values().stream()
                .sorted(Comparator.comparingInt(String::length).reversed())
                .toList();
        return new Attribute(question, statements, longestFirst);
    }

    /** The words of a label, without its punctuation. */
    private static String label(String text) {
        return text.replaceAll("[^\\p{L}\\p{N}]+", " ").strip();
    }

    /** A text's words with anything but letters and digits between them. */
    private static String words(String text) {
        return java.util.Arrays.stream(label(text).split(" ", -1))
                .map(Pattern::quote)
                .collect(Collectors.joining("[\\s_-]+"));
    }

    private static String link(String more) {
        String marks = "[\\s*\"'<(\\[]*";
        return marks + "(?:(?:is|was|are|appears|appears to be|seems|seems to be|looks|at|as|rated|rated as|rated at|of"
                + "|score|overall|quite|rather|also" + more + "|:|=|,|-)" + marks + ")*";
    }

    private static Pattern pattern(String regex) {
        return Pattern.compile(regex, Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE);
    }

    /** Score and attributes of a text; the expectation is NaN where the text states no score in range. */
    Score parse(String text) {
        List<Score.Attribute> found = new ArrayList<>();
        for (Attribute a : attributes) {
            Set<String> values = new LinkedHashSet<>();
            for (Statement statement : a.statements) {
                collect(text, a, statement, values);
            }
            if (values.size() == 1) {
                found.add(new Score.Attribute(
                        a.question.name(),
                        a.question.level(),
                        values.iterator().next(),
                        Map.of(),
                        OptionalDouble.empty(),
                        Double.NaN));
            }
        }
        return Score.ofText(number(text), found, text);
    }

    private static void collect(String text, Attribute of, Statement statement, Set<String> values) {
        Matcher m = statement.before.matcher(text);
        while (m.find()) {
            if (SENTENCE_END.matcher(m.group()).find()) {
                continue;
            }
            for (String value : of.longestFirst) {
                int end = m.end() + value.length();
                if (text.regionMatches(true, m.end(), value, 0, value.length())
                        && standsAlone(text, m.end(), end)
                        && (statement.after == null
                                || statement
                                        .after
                                        .matcher(text)
                                        .region(end, text.length())
                                        .lookingAt())) {
                    values.add(value);
                    break;
                }
            }
        }
    }

    /** Whether the characters from start to end are no part of a longer word or number. */
    private static boolean standsAlone(String text, int start, int end) {
        boolean before = start == 0 || !Character.isLetterOrDigit(text.charAt(start - 1));
        boolean after = end == text.length() || !Character.isLetterOrDigit(text.charAt(end));
        boolean decimal = end + 1 < text.length()
                && (text.charAt(end) == '.' || text.charAt(end) == ',')
                && Character.isDigit(text.charAt(end - 1))
                && Character.isDigit(text.charAt(end + 1));
        return before && after && !decimal;
    }

    private double number(String text) {
        for (Pattern form : SCORES) {
            Matcher m = form.matcher(text);
            double last = Double.NaN;
            while (m.find()) {
                double value = Double.parseDouble(m.group(1));
                if (value >= profile.score().minimum().doubleValue()
                        && value <= profile.score().maximum().doubleValue()) {
                    last = value;
                }
            }
            if (!Double.isNaN(last)) {
                return last;
            }
        }
        return Double.NaN;
    }
}
