package io.realqa.trainer.training;

import io.realqa.scorer.LoraSettings;
import io.realqa.scorer.LossSettings;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How an adapter, or a whole model, is trained.
 *
 * @param lora the adapter; null: all weights are trained
 * @param epochs times that every image is seen
 * @param stepImages images whose mean gradient one step of the optimiser takes
 * @param passImages images that one pass through the model holds at most: memory grows with it, the result does not
 *     change but for rounding
 * @param learningRate the highest, after the warm-up
 * @param warmUp share of the steps in which the rate rises; then it falls as a cosine to 0
 * @param decay of what is trained, decoupled (AdamW)
 * @param clip largest norm of the gradient; 0: any
 * @param questions what is asked of each image
 * @param rehearsal share of the images that are shown spoilt, with a label as much lower as the base model's score is
 * @param baseShare share of the base's weights in a whole model that is written; 0 with an adapter
 * @param seed of initialisation, order, questions and dropout
 */
public record TrainingSettings(
        @Nullable LoraSettings lora,
        LossSettings loss,
        int epochs,
        int stepImages,
        int passImages,
        double learningRate,
        double warmUp,
        double decay,
        double clip,
        QuestionMix questions,
        double rehearsal,
        double baseShare,
        long seed) {

    /**
     * What is asked of an image each time that it is seen; all of it shares the image's prefix.
     *
     * @param plain probability of the profile's score question, where there is a score
     * @param attributes probability of each attribute's question, where there is a label
     * @param form probability of the form, where all that it holds is labelled
     */
    public record QuestionMix(double plain, double attributes, double form, Optional<FormQuestion> formQuestion) {
        public QuestionMix {
            share("questions.plain", plain);
            share("questions.attributes", attributes);
            share("questions.form", form);
            if (plain + attributes + form == 0) {
                throw new IllegalArgumentException("questions: none (expected: at least one share above 0)");
            }
            if (form > 0 && formQuestion.isEmpty()) {
                throw new IllegalArgumentException("questions.form: " + form + " (expected: 0 without a form)");
            }
        }

        private static void share(String name, double value) {
            if (!(value >= 0 && value <= 1)) {
                throw new IllegalArgumentException(name + ": " + value + " (expected: 0 to 1)");
            }
        }
    }

    /**
     * All in one answer.
     *
     * @param answer with {@code {score}} where the score stands and {@code {NAME}} for each attribute
     */
    public record FormQuestion(String question, String answer) {
        public FormQuestion {
            if (question == null || question.isBlank() || answer == null || !answer.contains("{score}")) {
                throw new IllegalArgumentException("form: " + question + ", " + answer
                        + " (expected: a question and an answer with {score} in it)");
            }
        }
    }

    public TrainingSettings {
        if (!(rehearsal >= 0 && rehearsal <= 1)) {
            throw new IllegalArgumentException("rehearsal: " + rehearsal + " (expected: 0 to 1)");
        }
        if (!(baseShare >= 0 && baseShare < 1) || baseShare > 0 && lora != null) {
            throw new IllegalArgumentException("baseShare: " + baseShare
                    + (lora == null ? " (expected: 0 or more and less than 1)" : " (expected: 0 with an adapter)"));
        }
        atLeastOne("epochs", epochs);
        atLeastOne("stepImages", stepImages);
        atLeastOne("passImages", passImages);
        if (!(learningRate > 0 && learningRate <= 1)) {
            throw new IllegalArgumentException("learningRate: " + learningRate + " (expected: above 0, at most 1)");
        }
        if (!(warmUp >= 0 && warmUp < 1)) {
            throw new IllegalArgumentException("warmUp: " + warmUp + " (expected: 0 or more and less than 1)");
        }
        if (!(decay >= 0 && decay < 1)) {
            throw new IllegalArgumentException("decay: " + decay + " (expected: 0 or more and less than 1)");
        }
        if (!(clip >= 0) || Double.isInfinite(clip)) {
            throw new IllegalArgumentException("clip: " + clip + " (expected: 0 or more)");
        }
    }

    private static void atLeastOne(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: at least 1)");
        }
    }
}
