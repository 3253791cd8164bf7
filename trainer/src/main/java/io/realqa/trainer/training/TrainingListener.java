package io.realqa.trainer.training;

import io.realqa.scorer.TrainingMemory;
import java.time.Duration;

/** Is told how training goes. Called by the thread that trains. */
public interface TrainingListener {
    /**
     * What is about to run.
     *
     * @param resumedAt steps that an earlier run has taken; 0: none
     */
    record Plan(
            int trainingImages,
            int heldOutImages,
            int steps,
            int resumedAt,
            long parameters,
            int workers,
            TrainingMemory memory) {}

    /**
     * One step.
     *
     * @param step from 1
     * @param epoch from 1
     * @param imagesPerSecond since this run began
     * @param remaining time for the steps to come, at that rate
     */
    record Progress(int step, int steps, int epoch, LossPoint loss, double imagesPerSecond, Duration remaining) {}

    /** Nothing. */
    TrainingListener SILENT = new TrainingListener() {};

    default void planned(Plan plan) {}

    default void stepped(Progress progress) {}

    /** Images scored so far with the base model or the adapter. */
    default void evaluating(String model, int done, int of) {}
}
