package io.realqa.trainer.data;

import io.realqa.measures.ScoreText;
import io.realqa.scorer.ScoringProfile;
import io.realqa.scorer.ScoringProfile.AttributeQuestion;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Answers in a profile's words: what they state, and how they are written. Immutable. */
public final class ProfileAnswers {
    private final ScoringProfile profile;
    private final Map<String, Words> words = new LinkedHashMap<>();

    private record Words(String before, List<String> longestFirst) {}

    public ProfileAnswers(ScoringProfile profile) {
        this.profile = profile;
        for (AttributeQuestion question : profile.attributes()) {
            List<String> longestFirst = question.values().stream()
                    .sorted(Comparator.comparingInt(String::length).reversed())
                    .toList();
            words.put(question.name(), new Words(beforeValue(question.answer()), longestFirst));
        }
    }

    private static String beforeValue(String answer) {
        return answer.substring(0, answer.indexOf(ScoringProfile.VALUE))
                .stripLeading()
                .toLowerCase(Locale.ROOT);
    }

    /**
     * Attributes that an answer states, alone or within a longer text: the words before the value, then the longest of the
     * attribute's values, upper or lower case. Reasons are passed over.
     */
    public Map<String, String> attributes(String answer) {
        Map<String, String> values = new LinkedHashMap<>();
        String lower = answer.toLowerCase(Locale.ROOT);
        words.forEach((name, w) -> find(lower, w).ifPresent(v -> values.put(name, v)));
        return values;
    }

    /** The score that an answer states: after the profile's own words, else in one of the known forms. */
    public Optional<BigDecimal> score(String answer) {
        String before = beforeValue(profile.score().answer());
        int at = before.isBlank() ? -1 : answer.toLowerCase(Locale.ROOT).indexOf(before);
        if (at >= 0) {
            java.util.regex.Matcher number = java.util.regex.Pattern.compile("\\d+(?:\\.\\d+)?")
                    .matcher(answer)
                    .region(at + before.length(), answer.length());
            if (number.lookingAt()) {
                return Optional.of(new BigDecimal(number.group()));
            }
        }
        return ScoreText.find(answer).map(f -> new BigDecimal(f.number()));
    }

    /** The answer to the score question, rounded half up to the profile's decimals. */
    public String scoreAnswer(double score) {
        String number = BigDecimal.valueOf(score)
                .setScale(profile.score().decimals(), RoundingMode.HALF_UP)
                .toPlainString();
        return profile.score().answer().replace(ScoringProfile.VALUE, number);
    }

    /** The answer to an attribute's question. */
    static String attributeAnswer(AttributeQuestion question, String value) {
        return question.answer().replace(ScoringProfile.VALUE, value);
    }

    private static Optional<String> find(String lower, Words words) {
        String before = words.before();
        for (int at = lower.indexOf(before); at >= 0; at = lower.indexOf(before, at + 1)) {
            boolean inAWord = at > 0 && Character.isLetterOrDigit(lower.charAt(at - 1));
            boolean aReason = lower.substring(0, at).stripTrailing().endsWith("reason for");
            int start = at + before.length();
            if (!inAWord && !aReason) {
                Optional<String> value = words.longestFirst().stream()
                        .filter(v ->
                                lower.startsWith(v.toLowerCase(Locale.ROOT), start) && ends(lower, start + v.length()))
                        .findFirst();
                if (value.isPresent()) {
                    return value;
                }
            }
            if (before.isEmpty()) {
                break; // the value begins the answer, or there is none
            }
        }
        return Optional.empty();
    }

    /** Not amid a word or a number. */
    private static boolean ends(String text, int at) {
        if (at >= text.length()) {
            return true;
        }
        char next = text.charAt(at);
        boolean decimals = next == '.' && at + 1 < text.length() && Character.isDigit(text.charAt(at + 1));
        return !Character.isLetterOrDigit(next) && !decimals;
    }
}
