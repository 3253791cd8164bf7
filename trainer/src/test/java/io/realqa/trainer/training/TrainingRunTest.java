package io.realqa.trainer.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.realqa.scorer.Adapter;
import io.realqa.scorer.Checkpoint;
import io.realqa.scorer.Compute;
import io.realqa.scorer.LoraSettings;
import io.realqa.scorer.LossSettings;
import io.realqa.scorer.ModelException;
import io.realqa.store.ContentFolder;
import io.realqa.trainer.training.TrainingSettings.QuestionMix;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingRunTest {
    @TempDir
    Path folder;

    private Checkpoint checkpoint;
    private Path images;

    @BeforeEach
    void load() throws IOException {
        checkpoint = Checkpoint.load(TinyModel.checkpoint(folder), Compute.CPU);
        images = TinyModel.images(folder, 14);
    }

    @AfterEach
    void close() {
        checkpoint.close();
    }

    private static TrainingSettings settings(long seed, double dropout) {
        return new TrainingSettings(
                LoraSettings.of(2, 4, dropout),
                new LossSettings(List.of(3.0, 2.0, 1.0), 0.1, true),
                4,
                4,
                2,
                0.01,
                0.1,
                0.01,
                1,
                new QuestionMix(1, 0.5, 0, Optional.empty()),
                0,
                0,
                seed);
    }

    private TrainingRun run(TrainingSettings settings, String name) throws IOException {
        HeldOut.Split split =
                HeldOut.split(LabelFile.read(images.resolve("labels.jsonl"), images, TinyModel.PROFILE), 0.3);
        Path out = folder.resolve(name);
        return new TrainingRun(
                checkpoint, TinyModel.PROFILE, settings, split, out, out.resolve("state"), 3, System::nanoTime);
    }

    @Test
    void aRunThatWasCutOffAndResumedTwiceLeavesTheSameBitsAsOneThatWasNot() throws Exception {
        TrainingSettings settings = settings(5, 0.2);
        Path whole = run(settings, "whole").run(TrainingListener.SILENT);
        run(settings, "parts").runUntil(3);
        run(settings, "parts").runUntil(7);
        Path parts = run(settings, "parts").run(TrainingListener.SILENT);
        // the name is the digest of everything: adapter, metrics, golden scores, report
        assertThat(parts.getFileName()).isEqualTo(whole.getFileName());
        assertThat(folder.resolve("parts/state")).doesNotExist();
        ContentFolder.verify(parts);
        assertThat(run(settings(6, 0.2), "other").run(TrainingListener.SILENT).getFileName())
                .isNotEqualTo(whole.getFileName());
    }

    @Test
    void trainingLowersTheLossAndTheAdapterMovesTheScores() throws Exception {
        List<LossPoint> losses = new ArrayList<>();
        List<TrainingListener.Plan> plans = new ArrayList<>();
        Path made = run(settings(1, 0), "out").run(new TrainingListener() {
            @Override
            public void planned(Plan plan) {
                plans.add(plan);
            }

            @Override
            public void stepped(Progress progress) {
                losses.add(progress.loss());
            }
        });
        assertThat(plans).hasSize(1);
        assertThat(losses).hasSize(plans.get(0).steps());
        assertThat(losses.get(losses.size() - 1).crossEntropy())
                .isLessThan(0.93 * losses.get(0).crossEntropy());
        JsonNode metrics =
                new ObjectMapper().readTree(made.resolve("metrics.json").toFile());
        assertThat(metrics.path("adapter").path("meanAbsoluteError").asDouble())
                .isNotEqualTo(metrics.path("base").path("meanAbsoluteError").asDouble());
        for (String file : List.of(
                "adapter_config.json",
                "adapter_model.safetensors",
                "scoring-profile.yaml",
                "training-set.jsonl",
                "predictions.jsonl",
                "golden/golden.json",
                "report/index.html",
                "report/loss.png",
                "report/predicted.png",
                "report/calibration.png")) {
            assertThat(made.resolve(file)).isNotEmptyFile();
        }
        JsonNode manifest =
                new ObjectMapper().readTree(made.resolve("manifest.json").toFile());
        assertThat(manifest.path("base").asText()).isEqualTo(checkpoint.digest());
        try (Adapter adapter = Adapter.load(checkpoint, made)) {
            assertThat(manifest.path("adapter").asText()).isEqualTo(adapter.digest());
        }
    }

    /** The same settings but for the adapter, if any, and rehearsal. */
    private static TrainingSettings like(TrainingSettings s, @Nullable LoraSettings lora, double rehearsal) {
        return new TrainingSettings(
                lora,
                s.loss(),
                s.epochs(),
                s.stepImages(),
                s.passImages(),
                s.learningRate(),
                s.warmUp(),
                s.decay(),
                s.clip(),
                s.questions(),
                rehearsal,
                s.baseShare(),
                s.seed());
    }

    private static TrainingSettings rehearsing(double share) {
        TrainingSettings s = settings(5, 0);
        return like(s, s.lora(), share);
    }

    @Test
    void aRunThatRehearsesIsAnotherOneAndResumesToTheSameBits() throws Exception {
        Path whole = run(rehearsing(0.5), "whole").run(TrainingListener.SILENT);
        run(rehearsing(0.5), "parts").runUntil(3);
        assertThat(run(rehearsing(0.5), "parts").run(TrainingListener.SILENT).getFileName())
                .isEqualTo(whole.getFileName());
        Path without = run(rehearsing(0), "without").run(TrainingListener.SILENT);
        assertThat(Files.readAllBytes(without.resolve("adapter_model.safetensors")))
                .isNotEqualTo(Files.readAllBytes(whole.resolve("adapter_model.safetensors")));
    }

    private static TrainingSettings full() {
        return like(settings(3, 0), null, 0);
    }

    @Test
    void allWeightsAreTrainedByTheSameLoopIntoACheckpointOfItsOwn() throws Exception {
        Path whole = run(full(), "whole").run(TrainingListener.SILENT);
        run(full(), "parts").runUntil(3);
        assertThat(run(full(), "parts").run(TrainingListener.SILENT).getFileName())
                .isEqualTo(whole.getFileName());
        ContentFolder.verify(whole);
        assertThat(whole.resolve("adapter_config.json")).doesNotExist();
        JsonNode manifest =
                new ObjectMapper().readTree(whole.resolve("manifest.json").toFile());
        JsonNode metrics =
                new ObjectMapper().readTree(whole.resolve("metrics.json").toFile());
        assertThat(metrics.path("model").path("meanAbsoluteError").asDouble())
                .isLessThan(metrics.path("base").path("meanAbsoluteError").asDouble());
        try (Checkpoint made = Checkpoint.load(whole, Compute.CPU)) {
            assertThat(manifest.path("checkpoint").asText())
                    .isEqualTo(made.digest())
                    .isNotEqualTo(checkpoint.digest());
        }
    }

    @Test
    void whatWasSavedIsNotTakenUpByARunWithOtherSettings() throws Exception {
        run(settings(1, 0), "out").runUntil(2);
        assertThatThrownBy(() -> run(settings(2, 0), "out").run(TrainingListener.SILENT))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("state: settings: sha256:")
                .hasMessageContaining("remove the file to start anew");
    }
}
