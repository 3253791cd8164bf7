package io.realqa.trainer.training;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.realqa.scorer.Checkpoint;
import io.realqa.scorer.LoraTrainer;
import io.realqa.scorer.ModelException;
import io.realqa.scorer.ScoringProfile;
import io.realqa.scorer.TrainingExample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;

/**
 * Trains an adapter from labelled images, from the first step or from where an earlier run was cut off, and leaves it in
 * a {@link ContentFolder}. Order, questions and dropout follow from the seed and the step alone, so a run that was cut
 * off and resumed ends with the same bits, on a CPU, as one that was not.
 *
 * <p>Owned by one thread.
 */
public final class TrainingRun {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long LONGEST_PREPARATION_SECONDS = 300;

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

    private int stepsPerEpoch() {
        return (split.training().size() + settings.stepImages() - 1) / settings.stepImages();
    }

    /** Steps in all. */
    public int steps() {
        return Math.multiplyExact(stepsPerEpoch(), settings.epochs());
    }

    /**
     * Trains, evaluates and writes.
     *
     * @return the adapter's folder
     * @throws ModelException if what an earlier run saved is of other settings, images or checkpoint
     */
    public Path run(TrainingListener listener) throws IOException, InterruptedException {
        try (LoraTrainer trainer =
                new LoraTrainer(checkpoint, profile, settings.lora(), settings.loss(), settings.seed())) {
            resume(trainer);
            train(trainer, listener, steps());
            Path made = new TrainingOutput(checkpoint, profile, settings, split, source, losses, identity())
                    .write(trainer, out, listener);
            Files.deleteIfExists(state);
            return made;
        }
    }

    /** Trains up to a step and saves there, as a run does that is cut off after it. */
    void runUntil(int step) throws IOException, InterruptedException {
        try (LoraTrainer trainer =
                new LoraTrainer(checkpoint, profile, settings.lora(), settings.loss(), settings.seed())) {
            resume(trainer);
            train(trainer, TrainingListener.SILENT, step);
            save(trainer);
        }
    }

    private void train(LoraTrainer trainer, TrainingListener listener, int until)
            throws IOException, InterruptedException {
        LearningRate rates = new LearningRate(settings.learningRate(), settings.warmUp(), steps());
        ExecutorService preparer = Executors.newFixedThreadPool(2, r -> {
            Thread thread = new Thread(r, "realqa-prepare");
            thread.setDaemon(true);
            return thread;
        });
        try {
            int first = trainer.steps();
            long start = nanoTime.getAsLong();
            long images = 0;
            Future<List<TrainingExample>> next = preparer.submit(() -> examples(first));
            if (first < until) {
                listener.planned(plan(trainer, get(next)));
            }
            while (trainer.steps() < until) {
                int step = trainer.steps();
                List<TrainingExample> examples = get(next);
                if (step + 1 < until) {
                    next = preparer.submit(() -> examples(step + 1));
                }
                double rate = rates.at(step);
                LoraTrainer.Result result = trainer.step(
                        examples, settings.passImages(), new LoraTrainer.Step(rate, settings.decay(), settings.clip()));
                LossPoint point = new LossPoint(
                        step + 1, result.crossEntropy(), result.squaredError(), result.gradientNorm(), rate);
                losses.add(point);
                images += examples.size();
                double seconds = (nanoTime.getAsLong() - start) / 1e9;
                long left = Math.round(seconds / (step + 1 - first) * (steps() - step - 1));
                listener.stepped(new TrainingListener.Progress(
                        step + 1,
                        steps(),
                        step / stepsPerEpoch() + 1,
                        point,
                        images / seconds,
                        Duration.ofSeconds(left)));
                if ((step + 1) % saveEvery == 0 && step + 1 < steps()) {
                    save(trainer);
                }
            }
        } finally {
            preparer.shutdownNow();
        }
    }

    private TrainingListener.Plan plan(LoraTrainer trainer, List<TrainingExample> examples) {
        TrainingExample largest = examples.stream()
                .max(java.util.Comparator.comparingInt(e -> e.image().visualTokens()))
                .orElseThrow();
        return new TrainingListener.Plan(
                split.training().size(),
                split.heldOut().size(),
                steps(),
                trainer.steps(),
                trainer.parameterCount(),
                trainer.workers(),
                trainer.memory(largest, settings.stepImages(), settings.passImages()));
    }

    /** The examples of a step, counted from 0. Depends on nothing else. */
    private List<TrainingExample> examples(int step) {
        int epoch = step / stepsPerEpoch();
        int[] order = order(epoch);
        int from = step % stepsPerEpoch() * settings.stepImages();
        int to = Math.min(order.length, from + settings.stepImages());
        List<TrainingExample> examples = new ArrayList<>();
        for (int i = from; i < to; i++) {
            LabelledImage image = split.training().get(order[i]);
            SplittableRandom random = random(epoch, order[i] + 1);
            examples.add(questions.example(source.get(image), image.label(), random));
        }
        return examples;
    }

    /** A random order of the training images, another in each epoch (Fisher and Yates). */
    private int[] order(int epoch) {
        int[] order = new int[split.training().size()];
        SplittableRandom random = random(epoch, 0);
        for (int i = 0; i < order.length; i++) {
            int j = random.nextInt(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        return order;
    }

    private SplittableRandom random(int epoch, int purpose) {
        return new SplittableRandom(new SplittableRandom(settings.seed() + 0x632BE59BD9B4E019L * (epoch + 1)).nextLong()
                + 0x9E3779B97F4A7C15L * purpose);
    }

    private static List<TrainingExample> get(Future<List<TrainingExample>> future) throws InterruptedException {
        try {
            return future.get(LONGEST_PREPARATION_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
        } catch (TimeoutException e) {
            throw new IllegalStateException(
                    "a step's images were not ready within " + LONGEST_PREPARATION_SECONDS + " s", e);
        }
    }

    private void save(LoraTrainer trainer) throws IOException {
        Map<String, String> notes = new TreeMap<>(identity());
        notes.put("losses", JSON.writeValueAsString(losses));
        Path folder = state.toAbsolutePath().getParent();
        if (folder != null) {
            Files.createDirectories(folder);
        }
        trainer.save(state, notes);
    }

    private void resume(LoraTrainer trainer) throws IOException {
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
        identity.put("settings", sha256(TrainingSet.settings(settings).toString()));
        identity.put("trainingSet", sha256(TrainingSet.lines(split)));
        return identity;
    }

    static String sha256(String text) {
        try {
            return "sha256:"
                    + HexFormat.of()
                            .formatHex(MessageDigest.getInstance("SHA-256")
                                    .digest(text.getBytes(java.nio.charset.StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
