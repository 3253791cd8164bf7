package io.realqa.trainer.cycle;

import io.realqa.trainer.training.TrainingListener;

/** Is told how a cycle goes. Called by the thread that runs it. */
public interface CycleListener {
    /** Nothing. */
    CycleListener SILENT = new CycleListener() {};

    /** A cycle begins, or goes on where an earlier process left it. */
    default void begun(CycleRecord cycle, int trainingImages, int heldOutImages, int left) {}

    /** Where training's progress goes. */
    default TrainingListener training() {
        return TrainingListener.SILENT;
    }

    /** Images scored so far for the gate with the serving model or the candidate. */
    default void judging(String model, int done, int of) {}

    /** A step is done. */
    default void reached(CycleRecord cycle) {}
}
