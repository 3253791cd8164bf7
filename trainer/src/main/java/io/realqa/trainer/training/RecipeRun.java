package io.realqa.trainer.training;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.realqa.scorer.Adapter;
import io.realqa.scorer.Checkpoint;
import io.realqa.scorer.Compute;
import io.realqa.scorer.Digests;
import io.realqa.scorer.LoadingListener;
import io.realqa.scorer.LoraSettings;
import io.realqa.scorer.LoraTrainer;
import io.realqa.scorer.ModelException;
import io.realqa.scorer.ModelTrainer;
import io.realqa.scorer.TrainingChat;
import io.realqa.trainer.data.ConversationIndex;
import io.realqa.trainer.data.DataException;
import io.realqa.trainer.data.DatasetInfo;
import io.realqa.trainer.recipe.Recipe;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Does what a recipe says: trains an adapter on conversations, each in its own words, evaluates it on those held out, and
 * leaves it in output_dir with its log. A run that was cut off goes on from its newest checkpoint and, on a CPU, ends with the
 * same bits.
 *
 * <p>Owned by one thread. Close it.
 */
public final class RecipeRun implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Recipe recipe;
    private final RecipePlan plan;
    private final LongSupplier nanoTime;
    private final Checkpoint checkpoint;
    private final ChatRows training;
    private final ChatRows heldOut;
    private final Map<String, String> identity = new TreeMap<>();
    private @Nullable ObjectNode evaluated;
    private int evaluatedAt = -1;
    private double imagesPerSecond;
    private double remaining;

    /**
     * Reads data and checkpoint. Nothing is written yet.
     *
     * @param machine where to compute; the recipe decides the precision on a GPU
     * @param nanoTime clock of progress and rates
     * @param listener told how far the checkpoint is
     * @throws IllegalArgumentException naming the recipe's key, or the data's file and row, for what cannot be done
     */
    public RecipeRun(Recipe recipe, Compute machine, LongSupplier nanoTime, LoadingListener listener) {
        RecipePlan.check(recipe);
        this.recipe = recipe;
        this.nanoTime = nanoTime;
        Recipe.Data data = recipe.data();
        DatasetInfo info = DatasetInfo.in(data.folder());
        ConversationIndex trained =
                index(info, recipe.doTrain() || data.validation() > 0 ? data.datasets() : List.of());
        ConversationIndex judged = index(info, recipe.evaluation().atTheEnd() ? data.evalDatasets() : List.of());
        if (recipe.doTrain() && trained.size() == 0) {
            throw new DataException("dataset: " + data.datasets() + ": no rows (expected: at least one)");
        }
        long seed = recipe.optimisation().seed();
        int[][] split = ChatRows.split(Math.max(1, trained.size()), data.validation(), seed);
        this.checkpoint =
                Checkpoint.load(Path.of(recipe.model().nameOrPath()), RecipePlan.compute(recipe, machine), listener);
        try {
            ImageSource images = new ImageSource(
                    checkpoint.preprocessing(),
                    Runtime.getRuntime().maxMemory() / 4,
                    recipe.model().mostPixels());
            this.training =
                    new ChatRows(trained, recipe.doTrain() ? split[0] : new int[0], images, data.cutoffLength());
            this.heldOut = data.validation() > 0
                    ? new ChatRows(trained, split[1], images, data.cutoffLength())
                    : new ChatRows(judged, IntStream.range(0, judged.size()).toArray(), images, data.cutoffLength());
            this.plan = new RecipePlan(recipe, training.size());
            identify();
        } catch (RuntimeException e) {
            checkpoint.close();
            throw e;
        }
    }

    private ConversationIndex index(DatasetInfo info, List<String> names) {
        return ConversationIndex.open(
                info,
                names,
                recipe.data().mediaFolder(),
                recipe.data().maxSamples().orElse(Long.MAX_VALUE));
    }

    /** Checks every row, and notes what decides the result. */
    private void identify() {
        MessageDigest digest = Digests.sha256();
        training.check(digest);
        heldOut.check(Digests.sha256());
        identity.put("base", checkpoint.digest());
        identity.put("rows", "sha256:" + HexFormat.of().formatHex(digest.digest()));
        identity.put("lora", recipe.lora().toString());
        identity.put("optimisation", recipe.optimisation().toString());
        identity.put("freeze_vision_tower", String.valueOf(recipe.model().freezeVisionTower()));
        identity.put("image_max_pixels", String.valueOf(recipe.model().mostPixels()));
        identity.put("cutoff_len", String.valueOf(recipe.data().cutoffLength()));
        recipe.model().adapter().ifPresent(a -> identity.put("adapter", Adapter.digest(Path.of(a))));
    }

    /** Rows that train. */
    public int trainingRows() {
        return training.size();
    }

    /** Rows that judge. */
    public int heldOutRows() {
        return heldOut.size();
    }

    RecipePlan plan() {
        return plan;
    }

    /**
     * Trains, evaluates and writes, as the recipe says.
     *
     * @return output_dir
     * @throws ModelException if the checkpoint to go on from is of another recipe or other data
     */
    public Path run(TrainingListener listener) throws IOException, InterruptedException {
        return run(listener, recipe.doTrain() ? plan.steps() : 0, true);
    }

    /** Trains up to a step, as a run does that is cut off after it. */
    void runUntil(int step) throws IOException, InterruptedException {
        run(TrainingListener.SILENT, step, false);
    }

    private Path run(TrainingListener listener, int until, boolean finish) throws IOException, InterruptedException {
        RecipeFolder folder = recipe.doTrain()
                ? RecipeFolder.open(recipe.output().folder(), recipe.output().overwrite() && finish)
                : RecipeFolder.open(recipe.output().folder(), false);
        LoraSettings lora = RecipePlan.lora(recipe, checkpoint);
        try (LoraTrainer trainer =
                new LoraTrainer(checkpoint, lora, recipe.optimisation().seed())) {
            recipe.model().adapter().ifPresent(a -> trainer.startFrom(Path.of(a)));
            RecipeLog log = new RecipeLog(folder.path(), plan);
            ObjectNode results = JSON.createObjectNode();
            if (recipe.doTrain()) {
                train(trainer, folder, log, listener, until, results);
            }
            if (finish) {
                finish(trainer, folder, log, listener, results);
            }
            return folder.path();
        }
    }

    private void train(
            LoraTrainer trainer,
            RecipeFolder folder,
            RecipeLog log,
            TrainingListener listener,
            int until,
            ObjectNode results)
            throws IOException, InterruptedException {
        resume(trainer, folder, log);
        int first = trainer.steps();
        long start = nanoTime.getAsLong();
        new TrainingLoop(
                        training,
                        heldOut.size(),
                        plan.schedule(),
                        nanoTime,
                        checkpoint.compute().memory())
                .run(trainer, until, noting(listener), (point, items, result) -> {
                    int step = point.step();
                    log.step(point, means -> means.add(items, result.digits()));
                    if (plan.logs(step)) {
                        log.logged(point, seconds(start), remaining, imagesPerSecond);
                    }
                    if (plan.evaluates(step)) {
                        log.evaluated(step, evaluate(trainer, listener));
                    }
                    if (plan.saves(step)) {
                        Map<String, String> notes = new TreeMap<>(identity);
                        notes.put("log", log.state());
                        folder.save(
                                trainer,
                                recipe.model().nameOrPath(),
                                notes,
                                recipe.output().saveLimit());
                    }
                });
        double seconds = seconds(start);
        results.put("epoch", plan.epochs(trainer.steps())).put("train_loss", log.meanLoss());
        results.put("train_runtime", seconds);
        results.put("train_samples_per_second", imagesPerSecond);
        results.put("train_steps_per_second", (trainer.steps() - first) / Math.max(1e-9, seconds));
    }

    private void resume(LoraTrainer trainer, RecipeFolder folder, RecipeLog log) throws IOException {
        Path state = folder.last().orElse(null);
        if (state == null) {
            log.rewrite();
            return;
        }
        Map<String, String> notes = trainer.load(state);
        identity.forEach((key, value) -> {
            if (!value.equals(notes.get(key))) {
                throw new ModelException(state + ": " + key + ": " + notes.get(key) + " (expected: " + value
                        + ", as now; overwrite_output_dir: true starts anew)");
            }
        });
        log.restore(notes.getOrDefault("log", "{}"));
    }

    private TrainingListener noting(TrainingListener listener) {
        return new TrainingListener() {
            @Override
            public void planned(Plan planned) {
                listener.planned(planned);
            }

            @Override
            public void stepped(Progress progress) {
                imagesPerSecond = progress.imagesPerSecond();
                remaining = progress.remaining().toSeconds();
                listener.stepped(progress);
            }
        };
    }

    private double seconds(long start) {
        return (nanoTime.getAsLong() - start) / 1e9;
    }

    private void finish(
            LoraTrainer trainer, RecipeFolder folder, RecipeLog log, TrainingListener listener, ObjectNode results)
            throws IOException, InterruptedException {
        Path out = folder.path();
        if (recipe.doTrain()) {
            folder.finish(trainer, recipe.model().nameOrPath());
            write(out.resolve("train_results.json"), results);
            Files.writeString(out.resolve("trainer_state.json"), log.trainerState());
        }
        ObjectNode all = results.deepCopy();
        if (recipe.evaluation().atTheEnd() && heldOut.size() > 0) {
            ObjectNode found =
                    evaluated != null && evaluatedAt == trainer.steps() ? evaluated : evaluate(trainer, listener);
            write(out.resolve("eval_results.json"), found);
            all.setAll(found);
        }
        write(out.resolve("all_results.json"), all);
        if (recipe.doTrain() && recipe.output().plotLoss()) {
            LossPlot.write(out.resolve("training_loss.png"), "loss", log.curve("loss"));
            LossPlot.write(out.resolve("training_eval_loss.png"), "eval_loss", log.curve("eval_loss"));
        }
    }

    private static void write(Path file, ObjectNode json) throws IOException {
        Files.writeString(file, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(json) + "\n");
    }

    /** Mean loss over the tokens of the held-out answers, and NCM of those with a score. */
    private ObjectNode evaluate(LoraTrainer trainer, TrainingListener listener) throws InterruptedException {
        int batch = recipe.evaluation().batch();
        int group = batch * trainer.workers();
        double loss = 0;
        double tokens = 0;
        NcmMeans ncm = new NcmMeans();
        for (int from = 0; from < heldOut.size(); from += group) {
            int to = Math.min(heldOut.size(), from + group);
            List<TrainingChat> chats = heldOut.chats(from, to);
            ModelTrainer.Measured measured = trainer.measure(chats, batch);
            loss += measured.crossEntropy();
            tokens += measured.tokens();
            ncm.add(chats, measured.digits());
            listener.evaluating("adapter after step " + trainer.steps(), to, heldOut.size());
        }
        ObjectNode json = JSON.createObjectNode();
        json.put("eval_loss", loss / tokens).put("eval_samples", heldOut.size());
        ncm.write(json, "eval_");
        evaluated = json;
        evaluatedAt = trainer.steps();
        return json;
    }

    @Override
    public void close() {
        checkpoint.close();
    }
}
