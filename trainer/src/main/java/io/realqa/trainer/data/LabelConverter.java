package io.realqa.trainer.data;

import io.realqa.scorer.ScoringProfile;
import io.realqa.scorer.ScoringProfile.AttributeQuestion;
import io.realqa.trainer.Label;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Conversations to labels and back, in the words of a scoring profile. A label becomes one conversation for its score and one
 * for each attribute; conversations one after the other about the same image become one label. There and back, everything
 * stays but the decimals beyond the profile's. Immutable.
 */
public final class LabelConverter {
    private final ScoringProfile profile;
    private final ProfileAnswers answers;

    public LabelConverter(ScoringProfile profile) {
        this.profile = profile;
        this.answers = new ProfileAnswers(profile);
    }

    /**
     * One question and answer about one image.
     *
     * @param image as the label names it
     * @param deviation of the opinions, at the score's question
     */
    public record Question(String image, String question, String answer, OptionalDouble deviation) {}

    /** A label's questions and answers: the score first, then the attributes in the profile's order. */
    public List<Question> toQuestions(Label label) {
        List<Question> questions = new ArrayList<>();
        if (label.score().isPresent()) {
            questions.add(new Question(
                    label.imageId(),
                    profile.score().question(),
                    answers.scoreAnswer(label.score().getAsDouble()),
                    label.deviation()));
        }
        for (AttributeQuestion a : profile.attributes()) {
            String value = label.attributes().get(a.name());
            if (value != null) {
                questions.add(new Question(
                        label.imageId(),
                        a.question(),
                        ProfileAnswers.attributeAnswer(a, value),
                        OptionalDouble.empty()));
            }
        }
        return questions;
    }

    /**
     * What a conversation's answer says of its image.
     *
     * @throws DataException if the conversation has no answer or not one image, or the answer states nothing of the profile
     *     or a score outside its range
     */
    public Label toLabel(Conversation conversation) {
        String where = conversation.where() + ": ";
        if (conversation.imageNames().size() != 1) {
            throw new DataException(where + "images: "
                    + conversation.imageNames().size() + " (expected: 1, the image that the label is of)");
        }
        String answer = conversation
                .answer()
                .orElseThrow(() -> new DataException(where + "no answer (expected: one; a label is made of it)"));
        Optional<AttributeQuestion> asked = profile.attributes().stream()
                .filter(a -> a.question().equals(conversation.question()))
                .findFirst();
        Map<String, String> attributes = answers.attributes(answer);
        Optional<BigDecimal> score = asked.isPresent() ? Optional.empty() : answers.score(answer);
        if (asked.isPresent() && !attributes.containsKey(asked.get().name())) {
            throw new DataException(where + "answer: " + answer + " (expected: "
                    + asked.get().answer() + " with one of " + asked.get().values() + ")");
        }
        if (score.isEmpty() && attributes.isEmpty()) {
            throw new DataException(where + "answer: " + answer + " (expected: a score or attributes of the profile)");
        }
        score.ifPresent(s -> {
            if (s.compareTo(profile.score().minimum()) < 0
                    || s.compareTo(profile.score().maximum()) > 0) {
                throw new DataException(where + "score: " + s + " (expected: "
                        + profile.score().minimum() + " to " + profile.score().maximum() + ")");
            }
        });
        return new Label(
                conversation.imageNames().get(0),
                score.isPresent() ? OptionalDouble.of(score.get().doubleValue()) : OptionalDouble.empty(),
                score.isPresent() ? conversation.deviation() : OptionalDouble.empty(),
                Map.copyOf(attributes));
    }

    /**
     * Two labels of one image as one.
     *
     * @throws DataException if they contradict each other
     */
    public static Label merge(Label first, Label second) {
        Map<String, String> attributes = new LinkedHashMap<>(first.attributes());
        second.attributes().forEach((name, value) -> {
            String other = attributes.putIfAbsent(name, value);
            if (other != null && !other.equals(value)) {
                throw new DataException(
                        first.imageId() + ": " + name + ": " + other + " and " + value + " (expected: one value)");
            }
        });
        if (first.score().isPresent()
                && second.score().isPresent()
                && first.score().getAsDouble() != second.score().getAsDouble()) {
            throw new DataException(first.imageId() + ": score: "
                    + first.score().getAsDouble() + " and " + second.score().getAsDouble() + " (expected: one score)");
        }
        return new Label(
                first.imageId(),
                first.score().isPresent() ? first.score() : second.score(),
                first.deviation().isPresent() ? first.deviation() : second.deviation(),
                Map.copyOf(attributes));
    }
}
