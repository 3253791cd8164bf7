package io.realqa.trainer.training;

import io.realqa.scorer.EngineSettings;
import io.realqa.scorer.ModelTrainer;
import io.realqa.scorer.TrainingItem;
import io.realqa.scorer.TrainingMemory;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.IntFunction;
import java.util.function.LongSupplier;

/**
 * Steps through rows, epoch by epoch in another order each, and prepares the next step's images meanwhile. Order and random
 * numbers follow from the seed and the step alone, so that a run can be cut off anywhere.
 *
 * <p>Owned by one thread.
 */
final class TrainingLoop {
    private static final long LONGEST_PREPARATION_SECONDS = 300;
    /** Share of the device's memory that the estimate may take; the rest is for what it does not know of. */
    private static final double MOST_MEMORY = 0.85;

    /** What is learnt from. Called by several threads. */
    interface Rows {
        int size();

        /**
         * A row, ready for the model.
         *
         * @param random the same for the same row of the same epoch
         */
        TrainingItem get(int row, SplittableRandom random);
    }

    /** Is told of each step, after the listener. */
    interface AfterStep {
        void stepped(LossPoint point, List<TrainingItem> items, ModelTrainer.Result result)
                throws IOException, InterruptedException;
    }

    /**
     * When and how steps are taken.
     *
     * @param steps in all
     * @param stepRows rows of one step; an epoch's last step takes what is left
     * @param passRows rows of one pass at most: memory, not the result
     * @param seed of order and random numbers
     * @param step how a step, counted from 0, is taken
     */
    record Schedule(int steps, int stepRows, int passRows, long seed, IntFunction<ModelTrainer.Step> step) {
        /** Steps that take each row once. */
        static int stepsPerEpoch(int rows, int stepRows) {
            return (rows + stepRows - 1) / stepRows;
        }
    }

    private final Rows rows;
    private final int heldOut;
    private final Schedule schedule;
    private final int stepsPerEpoch;
    private final LongSupplier nanoTime;
    private final long deviceMemory;

    /**
     * @param heldOut rows that judge, for the listener
     * @param nanoTime clock of progress and rates
     * @param deviceMemory bytes: where a step needs more, layers are computed again on the way back
     */
    TrainingLoop(Rows rows, int heldOut, Schedule schedule, LongSupplier nanoTime, long deviceMemory) {
        this.rows = rows;
        this.heldOut = heldOut;
        this.schedule = schedule;
        this.stepsPerEpoch = Schedule.stepsPerEpoch(rows.size(), schedule.stepRows());
        this.nanoTime = nanoTime;
        this.deviceMemory = deviceMemory;
    }

    /** Goes on from where the trainer stands until so many steps are taken. */
    void run(ModelTrainer trainer, int until, TrainingListener listener, AfterStep after)
            throws IOException, InterruptedException {
        // rows may ask a model, whose answers have to be the same bits each time
        ExecutorService preparer =
                Executors.newFixedThreadPool(2, r -> EngineSettings.steadyThread(r, "realqa-prepare"));
        try {
            int first = trainer.steps();
            if (first >= until) {
                return;
            }
            long start = nanoTime.getAsLong();
            long images = 0;
            Future<List<TrainingItem>> next = preparer.submit(() -> items(first));
            listener.planned(plan(trainer, get(next)));
            while (trainer.steps() < until) {
                int step = trainer.steps();
                List<TrainingItem> items = get(next);
                if (step + 1 < until) {
                    next = preparer.submit(() -> items(step + 1));
                }
                ModelTrainer.Step how = schedule.step().apply(step);
                ModelTrainer.Result result = trainer.step(items, schedule.passRows(), how);
                LossPoint point = new LossPoint(
                        step + 1, result.crossEntropy(), result.squaredError(), result.gradientNorm(), how.rate());
                images += items.size();
                double seconds = (nanoTime.getAsLong() - start) / 1e9;
                long left = Math.round(seconds / (step + 1 - first) * (schedule.steps() - step - 1));
                listener.stepped(new TrainingListener.Progress(
                        step + 1,
                        schedule.steps(),
                        step / stepsPerEpoch + 1,
                        point,
                        images / seconds,
                        Duration.ofSeconds(left)));
                after.stepped(point, items, result);
            }
        } finally {
            preparer.shutdownNow();
        }
    }

    private TrainingListener.Plan plan(ModelTrainer trainer, List<TrainingItem> items) {
        TrainingItem largest = items.stream()
                .max(Comparator.comparingInt(e -> e.image().visualTokens()))
                .orElseThrow();
        TrainingMemory memory = trainer.memory(largest, schedule.stepRows(), schedule.passRows());
        // A run that goes on does as it did.
        if (trainer.steps() == 0 && memory.total() > MOST_MEMORY * deviceMemory) {
            trainer.computeByLayers();
            memory = trainer.memory(largest, schedule.stepRows(), schedule.passRows());
        }
        return new TrainingListener.Plan(
                rows.size(),
                heldOut,
                schedule.steps(),
                trainer.steps(),
                trainer.parameterCount(),
                trainer.workers(),
                memory);
    }

    /** The items of a step, counted from 0. Depends on nothing else. */
    private List<TrainingItem> items(int step) {
        int epoch = step / stepsPerEpoch;
        int[] order = order(epoch);
        int from = step % stepsPerEpoch * schedule.stepRows();
        int to = Math.min(order.length, from + schedule.stepRows());
        List<TrainingItem> items = new ArrayList<>();
        for (int i = from; i < to; i++) {
            items.add(rows.get(order[i], random(epoch, order[i] + 1)));
        }
        return items;
    }

    /** A random order of the rows, another in each epoch (Fisher and Yates). */
    private int[] order(int epoch) {
        int[] order = new int[rows.size()];
        SplittableRandom random = random(epoch, 0);
        for (int i = 0; i < order.length; i++) {
            int j = random.nextInt(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        return order;
    }

    private SplittableRandom random(int epoch, int purpose) {
        return new SplittableRandom(new SplittableRandom(schedule.seed() + 0x632BE59BD9B4E019L * (epoch + 1)).nextLong()
                + 0x9E3779B97F4A7C15L * purpose);
    }

    private static List<TrainingItem> get(Future<List<TrainingItem>> future) throws InterruptedException {
        try {
            return future.get(LONGEST_PREPARATION_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
        } catch (TimeoutException e) {
            throw new IllegalStateException(
                    "a step's images were not ready within " + LONGEST_PREPARATION_SECONDS + " s", e);
        }
    }
}
