package io.realqa.streams.adapters;

import java.util.BitSet;

/**
 * Tells from a version's first answers whether it has to be taken back: too many are no scores, being no numbers or off
 * the grammar. What the golden images did not show, live traffic does. Thread-safe.
 */
final class LiveAlarm {
    /** Answers that are looked at, the newest. */
    static final int WINDOW = 100;
    /** Fewer say nothing: a single bad image is tried several times. */
    static final int LEAST = 30;
    /** Share of answers that are no scores. Single images may be hopeless; a third of the traffic is not. */
    static final double MOST_FLAWED = 0.3;
    /** Answers after which a version has proved itself. */
    static final int WATCHED = 2_000;

    private final BitSet flawed = new BitSet(WINDOW);
    private long answers;
    private boolean raised;

    /** One more answer. @return true once: the alarm is raised with this one */
    synchronized boolean raises(boolean isFlawed) {
        if (raised || answers >= WATCHED) {
            return false;
        }
        flawed.set((int) (answers % WINDOW), isFlawed);
        answers++;
        raised = answers >= LEAST && flawed.cardinality() > MOST_FLAWED * Math.min(answers, WINDOW);
        return raised;
    }

    /** What was seen, for people. */
    @Override
    public synchronized String toString() {
        return "alarm: " + flawed.cardinality() + " of the last " + Math.min(answers, WINDOW)
                + " answers were no scores (expected: at most " + Math.round(100 * MOST_FLAWED) + " %)";
    }
}
