package io.realqa.trainer.training;

import static org.assertj.core.api.Assertions.assertThat;

import io.realqa.scorer.Checkpoint;
import io.realqa.scorer.Compute;
import io.realqa.scorer.LoraSettings;
import io.realqa.scorer.LoraTrainer;
import io.realqa.scorer.LossSettings;
import io.realqa.scorer.ModelTrainer;
import io.realqa.scorer.TrainingItem;
import io.realqa.trainer.training.TrainingSettings.QuestionMix;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingLoopTest {
    @TempDir
    Path folder;

    /** A run that goes on computes as it did before, whatever the device. */
    @Test
    void whatDoesNotFitTheDeviceIsComputedByLayersAndARunThatGoesOnDoesAsItDid() throws Exception {
        Path images = TinyModel.images(folder, 4);
        List<TrainingListener.Plan> plans = new ArrayList<>();
        TrainingListener listener = new TrainingListener() {
            @Override
            public void planned(Plan plan) {
                plans.add(plan);
            }
        };
        Path state = folder.resolve("state");
        try (Checkpoint checkpoint = Checkpoint.load(TinyModel.checkpoint(folder), Compute.CPU)) {
            TrainingLoop.Rows rows =
                    rows(checkpoint, LabelFile.read(images.resolve("labels.jsonl"), images, TinyModel.PROFILE));
            try (LoraTrainer trainer = trainer(checkpoint)) {
                loop(rows, 1).run(trainer, 1, listener, (point, items, result) -> {});
                assertThat(trainer.byLayers()).isTrue();
                trainer.save(state, Map.of());
            }
            try (LoraTrainer trainer = trainer(checkpoint)) {
                trainer.load(state);
                loop(rows, Long.MAX_VALUE).run(trainer, 2, listener, (point, items, result) -> {});
                assertThat(trainer.byLayers()).isTrue();
            }
            try (LoraTrainer trainer = trainer(checkpoint)) {
                loop(rows, Long.MAX_VALUE).run(trainer, 1, listener, (point, items, result) -> {});
                assertThat(trainer.byLayers()).isFalse();
            }
        }
        assertThat(plans).extracting(p -> p.memory().byLayers()).containsExactly(true, true, false);
        assertThat(plans.get(0).memory().activations())
                .isLessThan(plans.get(2).memory().activations());
    }

    private static LoraTrainer trainer(Checkpoint checkpoint) {
        return new LoraTrainer(checkpoint, TinyModel.PROFILE, LoraSettings.of(2, 4, 0.1), LossSettings.PLAIN, 3);
    }

    private static TrainingLoop loop(TrainingLoop.Rows rows, long deviceMemory) {
        return new TrainingLoop(
                rows,
                0,
                new TrainingLoop.Schedule(2, 2, 2, 1, step -> new ModelTrainer.Step(0.01, 0, 1)),
                System::nanoTime,
                deviceMemory);
    }

    private static TrainingLoop.Rows rows(Checkpoint checkpoint, List<LabelledImage> labelled) {
        Questions questions = new Questions(TinyModel.PROFILE, new QuestionMix(1, 0.5, 0, Optional.empty()));
        ImageSource source = new ImageSource(checkpoint.preprocessing(), 1 << 20);
        return new TrainingLoop.Rows() {
            @Override
            public int size() {
                return labelled.size();
            }

            @Override
            public TrainingItem get(int row, SplittableRandom random) {
                LabelledImage image = labelled.get(row);
                return questions.example(source.get(image), image.label(), random);
            }
        };
    }
}
