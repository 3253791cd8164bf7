package io.realqa.trainer.service.config;

import static io.realqa.settings.Values.elements;
import static io.realqa.settings.Values.or;

import io.realqa.scorer.LoraSettings;
import io.realqa.scorer.LossSettings;
import io.realqa.trainer.training.TrainingSettings;
import io.realqa.trainer.training.TrainingSettings.QuestionMix;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** How a candidate is trained, as the options of {@code realqa train}. */
public record TrainingSection(
        @Nullable Integer rank,
        @Nullable Double alpha,
        @Nullable Double dropout,
        @Nullable Boolean rankStabilised,
        @Nullable List<String> targets,
        @Nullable List<Double> digitWeights,
        @Nullable Double expectationWeight,
        @Nullable Boolean softLabels,
        @Nullable Integer epochs,
        @Nullable Integer batch,
        @Nullable Integer pass,
        @Nullable Double learningRate,
        @Nullable Double warmUp,
        @Nullable Double decay,
        @Nullable Double clip,
        @Nullable Double plain,
        @Nullable Double attributes,
        @Nullable Double rehearsal,
        @Nullable Long seed,
        @Nullable Integer saveEvery) {
    public static final TrainingSection DEFAULTS = new TrainingSection(
            null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
            null, null);

    static final int DEFAULT_SAVE_EVERY = 20;

    public TrainingSettings settings() {
        return new TrainingSettings(
                lora(),
                new LossSettings(
                        elements("training.digitWeights", digitWeights, List.of()),
                        or(expectationWeight, 0.0),
                        or(softLabels, false)),
                or(epochs, 3),
                or(batch, 16),
                or(pass, 8),
                or(learningRate, 1e-4),
                or(warmUp, 0.1),
                or(decay, 0.0),
                or(clip, 1.0),
                new QuestionMix(or(plain, 1.0), or(attributes, 0.5), 0, Optional.empty()),
                or(rehearsal, 0.0),
                0,
                or(seed, 1L));
    }

    private LoraSettings lora() {
        int r = or(rank, 16);
        return new LoraSettings(
                r,
                or(alpha, 2.0 * r),
                or(dropout, 0.05),
                or(rankStabilised, false),
                elements("training.targets", targets, LoraSettings.ALL_BUT_THE_MERGER),
                List.of(),
                Map.of(),
                Map.of());
    }

    /** Steps between two states that a cycle can go on from. */
    public int stepsBetweenStates() {
        return or(saveEvery, DEFAULT_SAVE_EVERY);
    }
}
