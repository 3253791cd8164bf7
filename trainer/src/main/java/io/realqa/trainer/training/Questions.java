package io.realqa.trainer.training;

import io.realqa.scorer.ScoringProfile;
import io.realqa.scorer.ScoringProfile.AttributeQuestion;
import io.realqa.scorer.TrainingExample;
import io.realqa.scorer.TrainingExample.Kind;
import io.realqa.scorer.TrainingExample.ScoreGoal;
import io.realqa.scorer.TrainingExample.Turn;
import io.realqa.scorer.image.VisualInput;
import io.realqa.trainer.Label;
import io.realqa.trainer.training.TrainingSettings.FormQuestion;
import io.realqa.trainer.training.TrainingSettings.QuestionMix;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/** Draws what is asked of an image. Pure: the same label and random numbers give the same questions. */
final class Questions {
    private static final String FORM_SCORE = "{score}";

    private final ScoringProfile profile;
    private final QuestionMix mix;

    Questions(ScoringProfile profile, QuestionMix mix) {
        this.profile = profile;
        this.mix = mix;
        mix.formQuestion().ifPresent(f -> {
            for (AttributeQuestion a : profile.attributes()) {
                if (f.answer().indexOf(placeholder(a)) != f.answer().lastIndexOf(placeholder(a))) {
                    throw new IllegalArgumentException(
                            "form: " + placeholder(a) + ": twice (expected: each placeholder once)");
                }
            }
        });
    }

    TrainingExample example(VisualInput image, Label label, SplittableRandom random) {
        List<Turn> turns = new ArrayList<>();
        // every number is drawn whether it is needed or not, so that one label's fields do not change another's luck
        boolean plain = random.nextDouble() < mix.plain();
        boolean form = random.nextDouble() < mix.form();
        if (plain && label.score().isPresent()) {
            turns.add(scoreTurn(label));
        }
        List<Turn> possible = new ArrayList<>();
        for (AttributeQuestion a : profile.attributes()) {
            boolean asked = random.nextDouble() < mix.attributes();
            String value = label.attributes().get(a.name());
            if (value != null) {
                Turn turn = Turn.of(a.question(), a.answer(), value, Kind.TEXT);
                possible.add(turn);
                if (asked) {
                    turns.add(turn);
                }
            }
        }
        if (form) {
            mix.formQuestion().flatMap(f -> formTurn(f, label)).ifPresent(turns::add);
        }
        if (turns.isEmpty()) {
            // nothing was drawn: an image that is there is asked something
            turns.add(label.score().isPresent() ? scoreTurn(label) : possible.get(0));
        }
        return new TrainingExample(image, turns, new ScoreGoal(label.score(), label.deviation()));
    }

    private Turn scoreTurn(Label label) {
        return Turn.of(profile.score().question(), profile.score().answer(), number(label), Kind.SCORE);
    }

    /** The label's score as the answer writes it. */
    private String number(Label label) {
        return BigDecimal.valueOf(label.score().orElseThrow())
                .setScale(profile.score().decimals(), RoundingMode.HALF_EVEN)
                .max(profile.score().minimum())
                .min(profile.score().maximum())
                .toPlainString();
    }

    private Optional<Turn> formTurn(FormQuestion form, Label label) {
        if (label.score().isEmpty()) {
            return Optional.empty();
        }
        String answer = form.answer();
        for (AttributeQuestion a : profile.attributes()) {
            if (answer.contains(placeholder(a))) {
                String value = label.attributes().get(a.name());
                if (value == null) {
                    return Optional.empty();
                }
                answer = answer.replace(placeholder(a), value);
            }
        }
        return Optional.of(
                Turn.of(form.question(), answer.replace(FORM_SCORE, ScoringProfile.VALUE), number(label), Kind.NUMBER));
    }

    private static String placeholder(AttributeQuestion a) {
        return "{" + a.name() + "}";
    }
}
