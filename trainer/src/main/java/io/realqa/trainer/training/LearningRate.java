package io.realqa.trainer.training;

/** Learning rate of each step: a linear warm-up, then half a cosine to 0, as transformers' cosine schedule has it. */
final class LearningRate {
    private final double highest;
    private final int warmUp;
    private final int steps;

    /**
     * @param warmUpShare share of the steps in which the rate rises
     * @param steps in all
     */
    LearningRate(double highest, double warmUpShare, int steps) {
        this.highest = highest;
        this.warmUp = (int) Math.ceil(warmUpShare * steps);
        this.steps = steps;
    }

    /** Rate of a step, counted from 0. */
    double at(int step) {
        if (step < warmUp) {
            return highest * step / warmUp;
        }
        double along = (double) (step - warmUp) / Math.max(1, steps - warmUp);
        return highest * Math.max(0, 0.5 * (1 + Math.cos(Math.PI * along)));
    }
}
