package io.realqa.scorer;

import io.realqa.scorer.image.VisualInput;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Scores a clip by its frames, in the fast mode: the log probabilities of every allowed answer are averaged over the
 * frames, then normalised. That is the softmax of the mean of the answers' logits (a frame's own normaliser is the same
 * for all answers and cancels), and so the geometric mean of the frames' distributions: a score that some frames rule
 * out does not come back through the others.
 *
 * <p>Frames come in batches, in their order, so a clip of any length needs the memory of a batch. {@link #read} may be
 * called from several threads; the rest is one thread's.
 */
public final class ClipScorer {
    /** What an answer has at least in a frame: below it a frame would say no more than "not at all". */
    private static final double LEAST_PROBABILITY = 1e-9;

    private final Scorer scorer;
    private final List<double[]> logs = new ArrayList<>();
    private final List<AnswerValues> values = new ArrayList<>();
    private double[] offGrammar = new double[0];
    private double[] pruned = new double[0];
    private final List<Moment> timeline = new ArrayList<>();
    private int steps;

    /**
     * A frame's own score.
     *
     * @param seconds from the clip's start
     */
    public record Moment(double seconds, Score score) {}

    /**
     * What the model says of a clip.
     *
     * @param score of all frames together; off-grammar and pruned mass are means over the frames
     * @param timeline each frame's own
     */
    public record Clip(Score score, List<Moment> timeline) {
        public Clip {
            timeline = List.copyOf(timeline);
        }
    }

    /** Answers of some frames, not yet counted. */
    public static final class Readings {
        private final List<List<ValueDistribution>> frames;
        private final int steps;

        Readings(List<List<ValueDistribution>> frames, int steps) {
            this.frames = frames;
            this.steps = steps;
        }
    }

    public ClipScorer(Scorer scorer) {
        this.scorer = scorer;
    }

    /** Reads a batch of frames on the device. */
    public Readings read(List<VisualInput> frames) {
        return scorer.read(frames);
    }

    /**
     * Counts frames in.
     *
     * @param seconds when each of them is shown
     */
    public void add(List<Double> seconds, Readings readings) {
        if (seconds.size() != readings.frames.size()) {
            throw new IllegalArgumentException(
                    "seconds: " + seconds.size() + " (expected: " + readings.frames.size() + ", one for each frame)");
        }
        steps += readings.steps;
        for (int f = 0; f < seconds.size(); f++) {
            List<ValueDistribution> frame = readings.frames.get(f);
            timeline.add(new Moment(seconds.get(f), scorer.summarise(frame)));
            if (logs.isEmpty()) {
                frame.forEach(d -> {
                    logs.add(new double[d.values().size()]);
                    values.add(d.answers());
                });
                offGrammar = new double[frame.size()];
                pruned = new double[frame.size()];
            }
            for (int q = 0; q < frame.size(); q++) {
                ValueDistribution d = frame.get(q);
                for (int v = 0; v < d.probabilities().length; v++) {
                    logs.get(q)[v] += Math.log(Math.max(LEAST_PROBABILITY, d.probabilities()[v]));
                }
                offGrammar[q] += d.offGrammarMass();
                pruned[q] += d.prunedMass();
            }
        }
    }

    /**
     * The clip's score from the frames so far.
     *
     * @throws IllegalStateException if there was none
     */
    public Clip score() {
        int frames = timeline.size();
        if (frames == 0) {
            throw new IllegalStateException("frames: 0 (expected: at least one)");
        }
        List<ValueDistribution> together = new ArrayList<>();
        for (int q = 0; q < logs.size(); q++) {
            together.add(new ValueDistribution(
                    values.get(q), softmaxOfMean(logs.get(q), frames), offGrammar[q] / frames, pruned[q] / frames));
        }
        return new Clip(scorer.summarise(together), timeline);
    }

    /** Device steps that followed the prefills of the frames counted so far. */
    public int steps() {
        return steps;
    }

    private static double[] softmaxOfMean(double[] sums, int n) {
        double largest = Arrays.stream(sums).max().orElse(0);
        double[] weights =
                Arrays.stream(sums).map(s -> Math.exp((s - largest) / n)).toArray();
        double total = Arrays.stream(weights).sum();
        return Arrays.stream(weights).map(w -> w / total).toArray();
    }
}
