package io.realqa.trainer.cycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.realqa.scorer.Adapter;
import io.realqa.scorer.Checkpoint;
import io.realqa.scorer.Compute;
import io.realqa.scorer.Digests;
import io.realqa.scorer.LoraSettings;
import io.realqa.scorer.LossSettings;
import io.realqa.store.ContentFolder;
import io.realqa.trainer.Label;
import io.realqa.trainer.cycle.CycleRecord.Stage;
import io.realqa.trainer.cycle.TriggerPolicy.Cause;
import io.realqa.trainer.degradation.Degradation;
import io.realqa.trainer.feedback.AcceptedLabel;
import io.realqa.trainer.feedback.ImageVault;
import io.realqa.trainer.gate.GateSettings;
import io.realqa.trainer.training.TinyModel;
import io.realqa.trainer.training.TrainingListener;
import io.realqa.trainer.training.TrainingSettings;
import io.realqa.trainer.training.TrainingSettings.QuestionMix;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CycleTest {
    private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-02-03T04:05:06Z"), ZoneOffset.UTC);
    private static final TriggerPolicy.Trigger TRIGGER = new TriggerPolicy.Trigger(Cause.LABELS, "16 new labels");

    @TempDir
    Path folder;

    private Checkpoint checkpoint;
    private final List<AcceptedLabel> labels = new ArrayList<>();
    private final Desk desk = new Desk();

    /** Keeps what is released; can lose the answer after it has kept it, as a process does that dies then. */
    private static final class Desk implements ReleaseDesk {
        final List<Release> releases = new ArrayList<>();
        boolean dies;
        Serving serving = new Serving(null, null);

        @Override
        public Serving serving(String platform) {
            return serving;
        }

        @Override
        public OptionalLong released(String platform, String manifest) {
            for (int i = 0; i < releases.size(); i++) {
                if (releases.get(i).manifest().equals(manifest)) {
                    return OptionalLong.of(i + 1);
                }
            }
            return OptionalLong.empty();
        }

        @Override
        public long publish(Release release) {
            releases.add(release);
            if (dies) {
                throw new IllegalStateException("died after the broker had it");
            }
            return releases.size();
        }
    }

    /** Stops the process, as far as a test can, when a step is done. */
    private record DiesAfter(Stage stage) implements CycleListener {
        @Override
        public void reached(CycleRecord cycle) {
            if (cycle.stage() == stage) {
                throw new IllegalStateException("died after " + stage);
            }
        }
    }

    @BeforeEach
    void start() throws IOException {
        checkpoint = Checkpoint.load(TinyModel.checkpoint(folder), Compute.CPU);
        Path images = TinyModel.images(folder, 16);
        ImageVault vault = vault();
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 16; i++) {
            byte[] content = Files.readAllBytes(images.resolve(i + ".png"));
            String sha256 = Digests.hex(content);
            Files.createDirectories(vault.file(sha256).getParent());
            Files.write(vault.file(sha256), content);
            labels.add(new AcceptedLabel(
                    i,
                    "p",
                    "i" + i,
                    sha256,
                    random.nextLong(),
                    "ana",
                    Label.of(
                            "i" + i,
                            OptionalDouble.of(1 + 8.0 * i / 16),
                            OptionalDouble.empty(),
                            Map.of(),
                            TinyModel.PROFILE)));
        }
    }

    @AfterEach
    void close() {
        checkpoint.close();
    }

    private ImageVault vault() {
        return new ImageVault(folder.resolve("home/images"));
    }

    private Cycle cycle(CycleListener listener) {
        TrainingSettings training = new TrainingSettings(
                LoraSettings.of(2, 4, 0),
                LossSettings.PLAIN,
                2,
                4,
                4,
                0.01,
                0.1,
                0,
                1,
                new QuestionMix(1, 0, 0, Optional.empty()),
                0,
                0,
                1);
        GateSettings gate = new GateSettings(3, 20, 0.99, 200, 0.03, 0.03, 0.1, 0.02, 1);
        return new Cycle(
                checkpoint,
                TinyModel.PROFILE,
                new Cycle.Settings(
                        0.4, 6, training, 1, gate, 1, List.of(Degradation.BLUR), ReleaseDesk.Target.CANARY, 0.25),
                folder.resolve("home"),
                vault(),
                desk,
                listener,
                CLOCK);
    }

    private CycleJournal journal() {
        return Cycle.journal(folder.resolve("home"));
    }

    @Test
    void aCycleThatIsCutOffAfterAnyStepGoesOnThereAndReleasesOnce() throws Exception {
        CycleRecord planned = cycle(CycleListener.SILENT).plan("p", TRIGGER, "training.labels", labels);
        assertThat(journal().open()).contains(planned);
        // in the middle of training
        List<Integer> resumed = new ArrayList<>();
        assertThatThrownBy(() -> cycle(new CycleListener() {
                            @Override
                            public TrainingListener training() {
                                return new TrainingListener() {
                                    @Override
                                    public void stepped(Progress progress) {
                                        if (progress.step() == 3) {
                                            throw new IllegalStateException("died in training");
                                        }
                                    }
                                };
                            }
                        })
                        .run(planned))
                .hasMessage("died in training");
        for (Stage stage : List.of(Stage.TRAINED, Stage.JUDGED)) {
            CycleRecord open = journal().open().orElseThrow();
            assertThatThrownBy(() -> cycle(new CycleListener() {
                                @Override
                                public TrainingListener training() {
                                    return new TrainingListener() {
                                        @Override
                                        public void planned(Plan plan) {
                                            resumed.add(plan.resumedAt());
                                        }
                                    };
                                }

                                @Override
                                public void reached(CycleRecord cycle) {
                                    new DiesAfter(stage).reached(cycle);
                                }
                            })
                            .run(open))
                    .hasMessage("died after " + stage);
        }
        assertThat(resumed).containsExactly(2);
        assertThat(desk.releases).isEmpty();
        // the broker had the release, and nobody heard of it
        desk.dies = true;
        CycleRecord judged = journal().open().orElseThrow();
        assertThat(judged.stage()).isEqualTo(Stage.JUDGED);
        assertThatThrownBy(() -> cycle(CycleListener.SILENT).run(judged)).hasMessageContaining("died");
        desk.dies = false;
        CycleRecord ended = cycle(CycleListener.SILENT).run(journal().open().orElseThrow());
        assertThat(ended.stage()).isEqualTo(Stage.RELEASED);
        assertThat(ended.epoch()).isEqualTo(1);
        assertThat(desk.releases).hasSize(1);
        assertThat(journal().open()).isEmpty();
        assertThat(journal().last("p").orElseThrow().labels()).isEqualTo(16);

        ReleaseDesk.Release release = desk.releases.get(0);
        ContentFolder.verify(release.folder());
        assertThat(release.decision()).startsWith(ended.decision() + ": ").contains("SRCC");
        assertThat(release.metrics()).containsKeys("srcc.serving", "srcc.candidate", "ordered.blur.candidate");
        assertThat(release.target())
                .isEqualTo("PROMOTE".equals(ended.decision()) ? ReleaseDesk.Target.CANARY : ReleaseDesk.Target.NONE);
        try (var made = Files.list(Cycle.adapters(folder.resolve("home")))) {
            assertThat(made).as("one adapter, and nothing half made").containsExactly(release.folder());
        }
    }

    @Test
    void aVerdictAgainstWhatDoesNotServeAnyMoreIsAskedForAgain() throws Exception {
        CycleRecord planned = cycle(CycleListener.SILENT).plan("p", TRIGGER, "training.labels", labels);
        assertThatThrownBy(() -> cycle(new DiesAfter(Stage.JUDGED)).run(planned))
                .hasMessage("died after JUDGED");
        CycleRecord judged = journal().open().orElseThrow();
        assertThat(judged.serving()).isNull();
        Path adapter = Cycle.adapters(folder.resolve("home")).resolve(String.valueOf(judged.adapter()));
        desk.serving = new ReleaseDesk.Serving(Adapter.digest(adapter), adapter);
        CycleRecord ended = cycle(CycleListener.SILENT).run(judged);
        assertThat(ended.serving()).isEqualTo(Adapter.digest(adapter));
        // it is compared with itself
        assertThat(ended.numbers().get("srcc.gain")).isZero();
        assertThat(desk.releases).extracting(ReleaseDesk.Release::target).containsExactly(ReleaseDesk.Target.NONE);
    }

    @Test
    void aSetThatIsNotTheSameAnyMoreIsGivenUpWithTheReason() throws Exception {
        CycleRecord planned = cycle(CycleListener.SILENT).plan("p", TRIGGER, "training.labels", labels);
        Files.writeString(vault().file(labels.get(0).sha256()), "another picture");
        CycleRecord ended = cycle(CycleListener.SILENT).run(planned);
        assertThat(ended.stage()).isEqualTo(Stage.FAILED);
        assertThat(ended.reasons().toString()).contains(labels.get(0).sha256());
        assertThat(desk.releases).isEmpty();
        assertThat(journal().open()).isEmpty();
    }
}
