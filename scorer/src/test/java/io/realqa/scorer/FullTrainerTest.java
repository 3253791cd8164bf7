package io.realqa.scorer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.realqa.scorer.TrainingExample.Kind;
import io.realqa.scorer.TrainingExample.ScoreGoal;
import io.realqa.scorer.TrainingExample.Turn;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** All weights are trained by the right gradients, and what is written is the model that was trained. */
class FullTrainerTest {
    private static final ScoringProfile PROFILE =
            ScoringProfile.in(Reference.DEMO).orElseThrow();
    private static final LossSettings LOSS = new LossSettings(List.of(3.0, 2.0, 1.0), 0.5, false);

    @TempDir
    Path temporary;

    private Checkpoint checkpoint(String name) throws IOException {
        try (Stream<Path> files = Files.list(Reference.PARITY.resolve(name))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.copy(file, temporary.resolve(file.getFileName().toString()));
            }
        }
        Files.copy(Reference.PARITY.resolve("tokenizer.json"), temporary.resolve("tokenizer.json"));
        return Checkpoint.load(temporary, Compute.CPU);
    }

    private static List<TrainingExample> examples(String name) {
        List<TrainingExample> examples = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            List<Turn> turns = List.of(
                    Turn.of(PROFILE.score().question(), PROFILE.score().answer(), i + 3 + ".25", Kind.SCORE),
                    Turn.of("Is it exposed well?", "Exposure: {value}.", i == 0 ? "good" : "poor", Kind.TEXT));
            examples.add(new TrainingExample(
                    new Reference(name).input(i),
                    turns,
                    new ScoreGoal(OptionalDouble.of(3.25), OptionalDouble.empty())));
        }
        return examples;
    }

    /**
     * With B = 0 the gradient of B is scale · G · Aᵀ, where G is the gradient of the module's own weight (chain rule of W +
     * scale · B · A); those of LoRA are PEFT's ({@link TrainingParityTest}).
     */
    @ParameterizedTest
    @ValueSource(strings = {"nested-memory-4x4", "flat-hub-6x2"})
    void gradientsOfTheLinearLayersOfBothTowersAreThoseThatLorasFollowFrom(String name) throws Exception {
        try (Checkpoint checkpoint = checkpoint(name);
                LoraTrainer lora = new LoraTrainer(
                        checkpoint,
                        PROFILE,
                        new LoraSettings(3, 6, 0, false, List.of("all-linear"), List.of(), Map.of(), Map.of()),
                        LOSS,
                        5);
                FullTrainer full = new FullTrainer(checkpoint, PROFILE, LOSS, 5)) {
            double[] expected = lora.accumulate(examples(name), 2);
            assertThat(full.accumulate(examples(name), 2)).containsExactly(expected, within(1e-4));
            List<String> modules = lora.shapes().keySet().stream()
                    .filter(p -> p.endsWith(".B"))
                    .map(p -> p.substring(0, p.length() - 2))
                    .toList();
            assertThat(modules).anyMatch(m -> m.startsWith("visual.")).anyMatch(m -> m.startsWith("text."));
            for (String module : modules) {
                float[] a = lora.parameter(module + ".A");
                float[] right = lora.gradient(module + ".B");
                float[] g = full.gradient(module + ".weight");
                int rank = 3;
                int in = a.length / rank;
                double off = 0;
                double norm = 0;
                for (int row = 0; row < right.length / rank; row++) {
                    for (int r = 0; r < rank; r++) {
                        double sum = 0;
                        for (int i = 0; i < in; i++) {
                            sum += 2.0 * g[row * in + i] * a[r * in + i];
                        }
                        off += Math.pow(sum - right[row * rank + r], 2);
                        norm += Math.pow(right[row * rank + r], 2);
                    }
                }
                assertThat(Math.sqrt(off)).as(module).isLessThan(1e-3 * Math.sqrt(norm) + 1e-9);
            }
        }
    }

    /** The loss rises along a parameter's gradient as fast as the gradient's norm says: central differences. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "text.embed_tokens.weight", "text.norm.weight", "text.layers.0.input_layernorm.weight",
                "visual.patch_embed.proj.weight", "visual.merger.ln_q.bias", "visual.blocks.0.attn.qkv.bias"
            })
    void gradientsOfAllElseAreTheSlopesOfTheLoss(String parameter) throws Exception {
        try (Checkpoint checkpoint = checkpoint("nested-memory-4x4");
                FullTrainer full = new FullTrainer(checkpoint, PROFILE, LOSS, 5)) {
            slopeIsTheGradient(full, parameter);
        }
    }

    private static void slopeIsTheGradient(ModelTrainer trainer, String parameter) throws Exception {
        List<TrainingExample> examples = examples("nested-memory-4x4");
        trainer.accumulate(examples, 2);
        float[] gradient = trainer.gradient(parameter);
        float[] values = trainer.parameter(parameter);
        double norm = norm(gradient);
        double step = 3e-3;
        double[] losses = new double[2];
        for (int side = 0; side < 2; side++) {
            float[] moved = values.clone();
            for (int i = 0; i < moved.length; i++) {
                moved[i] += (float) ((side == 0 ? step : -step) * gradient[i] / norm);
            }
            trainer.setParameter(parameter, moved);
            double[] loss = trainer.accumulate(examples, 2);
            losses[side] = loss[0] + loss[1];
        }
        double slope = (losses[0] - losses[1]) / (2 * step);
        assertThat(slope).isCloseTo(norm, within(0.03 * norm + 2e-4));
    }

    private static double norm(float[] a) {
        return distance(a, new float[a.length]);
    }

    private static double distance(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += ((double) a[i] - b[i]) * ((double) a[i] - b[i]);
        }
        return Math.sqrt(sum);
    }

    @ParameterizedTest
    @ValueSource(strings = {"nested-memory-4x4", "flat-hub-6x2"})
    void computedByLayersAllGradientsAreTheSame(String name) throws Exception {
        try (Checkpoint checkpoint = checkpoint(name);
                FullTrainer whole = new FullTrainer(checkpoint, PROFILE, LOSS, 5);
                FullTrainer layers = new FullTrainer(checkpoint, PROFILE, LOSS, 5)) {
            layers.computeByLayers();
            double[] expected = whole.accumulate(examples(name), 2);
            assertThat(layers.accumulate(examples(name), 2)).containsExactly(expected, within(1e-5));
            for (String parameter : whole.shapes().keySet()) {
                assertThat(distance(layers.gradient(parameter), whole.gradient(parameter)))
                        .as(parameter)
                        .isLessThan(1e-4 * norm(whole.gradient(parameter)) + 1e-9);
            }
        }
    }

    /** A conversation has one branch, which is part of the prefill. */
    @Test
    void computedByLayersAConversationsGradientsAreTheSame() throws Exception {
        String name = "nested-memory-4x4";
        List<TrainingChat> chats = List.of(
                chat(name, 0, "The score of this image is 3.25."), chat(name, 1, "It is exposed well, I should say."));
        LoraSettings all = new LoraSettings(3, 6, 0, false, List.of("all-linear"), List.of(), Map.of(), Map.of());
        try (Checkpoint checkpoint = checkpoint(name);
                LoraTrainer whole = new LoraTrainer(checkpoint, all, 5);
                LoraTrainer layers = new LoraTrainer(checkpoint, all, 5)) {
            layers.computeByLayers();
            assertThat(layers.accumulate(chats, 2)).containsExactly(whole.accumulate(chats, 2), within(1e-5));
            for (String parameter : whole.shapes().keySet()) {
                assertThat(distance(layers.gradient(parameter), whole.gradient(parameter)))
                        .as(parameter)
                        .isLessThan(1e-4 * norm(whole.gradient(parameter)) + 1e-9);
            }
        }
    }

    private static TrainingChat chat(String name, int image, String answer) {
        return new TrainingChat(
                "chat " + image,
                new Reference(name).input(image),
                "<|im_start|>user\n",
                List.of(new TrainingChat.Exchange(
                        "How good is it?<|im_end|>\n<|im_start|>assistant\n", answer + "<|im_end|>", 0, 0)),
                512);
    }

    /** The masks of the way forth are those of the way back: otherwise the gradient would be of another function. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "text.layers.0.self_attn.q_proj.B",
                "text.layers.1.mlp.down_proj.B",
                "visual.blocks.0.attn.qkv.B",
                "visual.merger.mlp.0.B",
                "visual.patch_embed.proj.B"
            })
    void computedByLayersGradientsUnderDropoutAreTheSlopesOfTheLoss(String parameter) throws Exception {
        String everything = LoraSettings.REGEX + ".*(proj|qkv|fc[12]|mlp\\.[02])";
        try (Checkpoint checkpoint = checkpoint("nested-memory-4x4");
                LoraTrainer lora = new LoraTrainer(
                        checkpoint,
                        PROFILE,
                        new LoraSettings(3, 6, 0.4, false, List.of(everything), List.of(), Map.of(), Map.of()),
                        LOSS,
                        5)) {
            lora.computeByLayers();
            slopeIsTheGradient(lora, parameter);
        }
    }

    @Test
    void theMeanWithTheBaseIsWeightByWeight() throws Exception {
        try (Checkpoint checkpoint = checkpoint("nested-memory-4x4");
                FullTrainer full = new FullTrainer(checkpoint, PROFILE, LossSettings.PLAIN, 5)) {
            String name = "text.layers.0.mlp.up_proj.weight";
            float[] base = full.parameter(name);
            float[] moved = base.clone();
            moved[7] += 1;
            full.setParameter(name, moved);
            full.averageWithBase(0.25);
            float[] mean = full.parameter(name);
            assertThat(mean[7] - base[7]).isCloseTo(0.75f, within(1e-6f));
            assertThat(mean[8]).isEqualTo(base[8]);
            assertThatThrownBy(() -> full.averageWithBase(1)).hasMessageContaining("share: 1.0");
        }
    }

    @Test
    void whatIsWrittenIsTheModelThatWasTrainedAndTheBaseStaysAsItIs() throws Exception {
        String name = "nested-memory-4x4";
        try (Checkpoint checkpoint = checkpoint(name);
                FullTrainer full = new FullTrainer(checkpoint, PROFILE, LossSettings.PLAIN, 5)) {
            List<TrainingExample> examples = examples(name);
            double before = full.measure(examples, 2).crossEntropy();
            for (int i = 0; i < 5; i++) {
                full.step(examples, 2, new ModelTrainer.Step(0.01, 0, 1));
            }
            double after = full.measure(examples, 2).crossEntropy();
            assertThat(after).isLessThan(0.9 * before);
            Path written = Files.createDirectory(temporary.resolve("written"));
            full.writeCheckpoint(written);
            try (Checkpoint made = Checkpoint.load(written, Compute.CPU);
                    FullTrainer again = new FullTrainer(made, PROFILE, LossSettings.PLAIN, 5)) {
                for (String parameter : full.shapes().keySet()) {
                    assertThat(again.parameter(parameter)).as(parameter).isEqualTo(full.parameter(parameter));
                }
                assertThat(again.measure(examples, 2).crossEntropy()).isEqualTo(after);
            }
            try (FullTrainer base = new FullTrainer(checkpoint, PROFILE, LossSettings.PLAIN, 5)) {
                assertThat(base.measure(examples, 2).crossEntropy()).isEqualTo(before);
            }
        }
    }

    @Test
    void goingOnFromWhatWasSavedTakesTheSameSteps() throws Exception {
        String name = "flat-hub-6x2";
        ModelTrainer.Step how = new ModelTrainer.Step(0.003, 0.01, 1);
        try (Checkpoint checkpoint = checkpoint(name);
                FullTrainer whole = new FullTrainer(checkpoint, PROFILE, LOSS, 5);
                FullTrainer second = new FullTrainer(checkpoint, PROFILE, LOSS, 5)) {
            List<TrainingExample> examples = examples(name);
            whole.step(examples, 2, how);
            Path state = temporary.resolve("state");
            whole.save(state, Map.of("note", "kept"));
            whole.step(examples, 2, how);
            assertThat(second.load(state)).containsEntry("note", "kept");
            second.step(examples, 2, how);
            for (String parameter : whole.shapes().keySet()) {
                assertThat(second.parameter(parameter)).as(parameter).isEqualTo(whole.parameter(parameter));
            }
        }
    }

    @Test
    void bfloat16IsRefused() throws Exception {
        checkpoint("nested-memory-4x4").close();
        try (Checkpoint checkpoint = Checkpoint.load(temporary, new Compute("cpu", true))) {
            assertThatThrownBy(() -> new FullTrainer(checkpoint, PROFILE, LOSS, 1))
                    .hasMessageContaining("compute: bfloat16 (expected: float32");
        }
    }
}
