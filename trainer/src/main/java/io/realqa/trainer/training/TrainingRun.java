package io.realqa.trainer.training;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.realqa.scorer.Checkpoint;
import io.realqa.scorer.Digests;
import io.realqa.scorer.FullTrainer;
import io.realqa.scorer.LoraSettings;
import io.realqa.scorer.LoraTrainer;
import io.realqa.scorer.ModelException;
import io.realqa.scorer.ModelTrainer;
import io.realqa.scorer.ScoringProfile;
import io.realqa.scorer.TrainingItem;
import io.realqa.scorer.image.VisualInput;
import io.realqa.store.ContentFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Trains an adapter, or all weights, from labelled images, from the first step or from where an earlier run was cut off, and leaves it in
 * a {@link ContentFolder}. Order, questions and dropout follow from the seed and the step alone, so a run that was cut
 * off and resumed ends with the same bits, on a CPU, as one that was not.
 *
 * <p>Owned by one thread.
 */
public final class TrainingRun {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Checkpoint checkpoint;
    private final ScoringProfile profile;
    private final TrainingSettings settings;
    private final HeldOut.Split split;
    private final Path out;
    private final Path state;
    private final int saveEvery;
    private final LongSupplier nanoTime;
    private final ImageSource source;
    private final Questions questions;
    private final List<LossPoint> losses = new ArrayList<>();

    /**
     * @param out folder that the adapter's folder is made in
     * @param state file for resuming, gone when the run is done
     * @param saveEvery steps between two saves
     * @param nanoTime clock of progress and rates
     */
    public TrainingRun(
            Checkpoint checkpoint,
            ScoringProfile profile,
            TrainingSettings settings,
            HeldOut.Split split,
            Path out,
            Path state,
            int saveEvery,
            LongSupplier nanoTime) {
        if (saveEvery < 1) {
            throw new IllegalArgumentException("saveEvery: " + saveEvery + " (expected: at least 1)");
        }
        this.checkpoint = checkpoint;
        this.profile = profile;
        this.settings = settings;
        this.split = split;
        this.out = out;
        this.state = state;
        this.saveEvery = saveEvery;
        this.nanoTime = nanoTime;
        this.source =
                new ImageSource(checkpoint.preprocessing(), Runtime.getRuntime().maxMemory() / 4);
        this.questions = new Questions(profile, settings.questions());
    }

    /** Steps in all. */
    public int steps() {
        return Math.multiplyExact(
                TrainingLoop.Schedule.stepsPerEpoch(split.training().size(), settings.stepImages()), settings.epochs());
    }

    /**
     * Trains, evaluates and writes.
     *
     * @return the folder of the adapter, or of the model
     * @throws ModelException if what an earlier run saved is of other settings, images or checkpoint
     */
    public Path run(TrainingListener listener) throws IOException, InterruptedException {
        try (ModelTrainer trainer = trainer()) {
            resume(trainer);
            train(trainer, listener, steps());
            if (trainer instanceof FullTrainer whole && settings.baseShare() > 0) {
                whole.averageWithBase(settings.baseShare());
            }
            Path made = new TrainingOutput(checkpoint, profile, settings, split, source, losses, identity())
                    .write(trainer, out, listener);
            Files.deleteIfExists(state);
            return made;
        }
    }

    private ModelTrainer trainer() {
        LoraSettings lora = settings.lora();
        return lora == null
                ? new FullTrainer(checkpoint, profile, settings.loss(), settings.seed())
                : new LoraTrainer(checkpoint, profile, lora, settings.loss(), settings.seed());
    }

    /** Trains up to a step and saves there, as a run does that is cut off after it. */
    void runUntil(int step) throws IOException, InterruptedException {
        try (ModelTrainer trainer = trainer()) {
            resume(trainer);
            train(trainer, TrainingListener.SILENT, step);
            save(trainer);
        }
    }

    private void train(ModelTrainer trainer, TrainingListener listener, int until)
            throws IOException, InterruptedException {
        LearningRate rates = new LearningRate(settings.learningRate(), settings.warmUp(), steps());
        TrainingLoop.Schedule schedule = new TrainingLoop.Schedule(
                steps(),
                settings.stepImages(),
                settings.passImages(),
                settings.seed(),
                step -> new ModelTrainer.Step(rates.at(step), settings.decay(), settings.clip()));
        if (settings.rehearsal() == 0) {
            train(trainer, listener, until, schedule, null);
            return;
        }
        try (Rehearsal rehearsal = new Rehearsal(checkpoint, profile, settings.rehearsal())) {
            train(trainer, listener, until, schedule, rehearsal);
        }
    }

    private void train(
            ModelTrainer trainer,
            TrainingListener listener,
            int until,
            TrainingLoop.Schedule schedule,
            @Nullable Rehearsal rehearsal)
            throws IOException, InterruptedException {
        TrainingLoop.Rows rows = new TrainingLoop.Rows() {
            @Override
            public int size() {
                return split.training().size();
            }

            @Override
            public TrainingItem get(int row, SplittableRandom random) {
                LabelledImage image = split.training().get(row);
                VisualInput input = source.get(image);
                Rehearsal.Shown shown = new Rehearsal.Shown(input, image.label());
                if (rehearsal != null) {
                    shown = rehearsal.draw(image, input, random).orElse(shown);
                }
                return questions.example(shown.image(), shown.label(), random);
            }
        };
        new TrainingLoop(
                        rows,
                        split.heldOut().size(),
                        schedule,
                        nanoTime,
                        checkpoint.compute().memory())
                .run(trainer, until, listener, (point, items, result) -> {
                    losses.add(point);
                    if (point.step() % saveEvery == 0 && point.step() < steps()) {
                        save(trainer);
                    }
                });
    }

    private void save(ModelTrainer trainer) throws IOException {
        Map<String, String> notes = new TreeMap<>(identity());
        notes.put("losses", JSON.writeValueAsString(losses));
        Path folder = state.toAbsolutePath().getParent();
        if (folder != null) {
            Files.createDirectories(folder);
        }
        trainer.save(state, notes);
    }

    private void resume(ModelTrainer trainer) throws IOException {
        if (!Files.exists(state)) {
            return;
        }
        Map<String, String> notes = trainer.load(state);
        identity().forEach((key, value) -> {
            if (!value.equals(notes.get(key))) {
                throw new ModelException(state + ": " + key + ": " + notes.get(key) + " (expected: " + value
                        + ", as now; remove the file to start anew)");
            }
        });
        losses.clear();
        losses.addAll(JSON.readValue(notes.getOrDefault("losses", "[]"), new TypeReference<List<LossPoint>>() {}));
    }

    /** What decides the result. */
    private Map<String, String> identity() {
        Map<String, String> identity = new TreeMap<>();
        identity.put("base", checkpoint.digest());
        identity.put("profile", profile.digest());
        identity.put("settings", Digests.of(TrainingSet.settings(settings).toString()));
        identity.put("trainingSet", Digests.of(TrainingSet.lines(split)));
        return identity;
    }
}
