package io.realqa.cli.evaluate;

import io.realqa.scorer.ScoringProfile;
import io.realqa.scorer.ScoringProfile.AttributeQuestion;
import io.realqa.trainer.data.ProfileAnswers;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Attributes that an answer's text states. */
interface AttributeText {
    /** Attribute name to value. */
    Map<String, String> read(String answer);

    /** Classes of an attribute in their order, where they are known beforehand. */
    List<String> classes(String attribute);

    /** Reads what a profile asks for, in its own words and values. */
    static AttributeText of(ScoringProfile profile) {
        return new Profiled(profile);
    }

    /** Reads every {@code Name: value}, as in RealQA's answers, whatever the names. */
    static AttributeText anyNames() {
        return new AnyNames();
    }

    /** By a profile. */
    final class Profiled implements AttributeText {
        private final ProfileAnswers answers;
        private final ScoringProfile profile;

        Profiled(ScoringProfile profile) {
            this.profile = profile;
            this.answers = new ProfileAnswers(profile);
        }

        @Override
        public Map<String, String> read(String answer) {
            return answers.attributes(answer);
        }

        @Override
        public List<String> classes(String attribute) {
            return profile.attributes().stream()
                    .filter(a -> a.name().equals(attribute))
                    .findFirst()
                    .map(AttributeQuestion::values)
                    .orElse(List.of());
        }
    }

    /** By the shape of the text alone. */
    final class AnyNames implements AttributeText {
        private static final String NAME = "[A-Z][\\p{L}'/&-]*+(?: [\\p{L}'/&-]++){0,5}+";
        private static final Pattern ENDING = Pattern.compile(
                "(?:the )?(?:final score|score of this image) is.*", Pattern.CASE_INSENSITIVE | Pattern.DOTALL);
        /** Between items: a new line, a number such as 1.2 before a name, or punctuation before a name and its colon. */
        private static final Pattern BETWEEN = Pattern.compile(
                "[\\r\\n]+|[,;.]?\\s{0,4}(?<![\\d.])\\d{1,2}\\.\\d{1,2}\\.?\\s{1,4}(?=\\p{Lu})|[,;.]\\s{1,4}(?=" + NAME
                        + ":\\s)");

        private static final Pattern ITEM = Pattern.compile("\\s*+(" + NAME + "):\\s++(.+?)[\\s.,;]*", Pattern.DOTALL);
        private static final int LONGEST_VALUE = 100;
        /** Longer than any name and value. */
        private static final int LONGEST_ITEM = 400;

        @Override
        public Map<String, String> read(String answer) {
            Map<String, String> values = new LinkedHashMap<>();
            if (answer.indexOf(": ") < 0) {
                return values;
            }
            for (String part : BETWEEN.split(ENDING.matcher(answer).replaceFirst(""), -1)) {
                Matcher item = ITEM.matcher(part);
                if (part.length() <= LONGEST_ITEM
                        && item.matches()
                        && !item.group(1).startsWith("Reason")
                        && item.group(2).length() <= LONGEST_VALUE) {
                    values.putIfAbsent(item.group(1), item.group(2).strip());
                }
            }
            return values;
        }

        @Override
        public List<String> classes(String attribute) {
            return List.of();
        }
    }
}
