package io.realqa.scorer;

import ai.djl.pytorch.jni.IValue;
import io.realqa.scorer.BranchSession.Feed;
import io.realqa.scorer.QuestionTree.Question;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The fast mode: reads the probability of every allowed answer off the model, without generating anything. All questions
 * go through the model at once; then, round by round, the branches of the score's digits that still hold probability.
 *
 * <p>The probability of an answer is the product of its tokens' softmax probabilities over the full vocabulary, from the
 * point on where allowed answers differ. Immutable, safe for any thread.
 */
final class FastReader {
    /** Branches with less probability than this are not followed. */
    static final double SMALLEST_BRANCH = 0.001;

    private final QuestionTree tree;
    private final List<Integer> speculated;
    private final boolean[] answering;
    /** For each question, the values below each of its inner nodes. */
    private final List<Map<Integer, int[]>> valuesBelow = new ArrayList<>();

    private final GreedyDigits digits;

    FastReader(QuestionTree tree) {
        this.tree = tree;
        this.speculated = tree.speculated();
        this.answering = new boolean[tree.size()];
        for (Question q : tree.questions()) {
            tree.below(q.lead()).forEach(n -> answering[n] = tree.internal(n));
            valuesBelow.add(tree.valuesBelow(q));
        }
        this.digits = new GreedyDigits(tree, tree.questions().get(0));
    }

    /** Tokens that every image feeds after the prefill. */
    int speculatedTokens() {
        return speculated.size();
    }

    /** What is known of one image: which nodes were fed, and the log probability of nodes given their parents. */
    private static final class Reading {
        final int[] fedAt;
        final double[] log;
        int fed;

        Reading(int size) {
            fedAt = new int[size];
            Arrays.fill(fedAt, BranchSession.PREFILL);
            log = new double[size];
            Arrays.fill(log, Double.NaN);
        }
    }

    /** For every image, the distribution of each question's values, in the order of the tree's questions. */
    List<List<ValueDistribution>> read(BranchSession session, int images) {
        List<Reading> readings = new ArrayList<>();
        List<List<Integer>> wanted = new ArrayList<>();
        for (int b = 0; b < images; b++) {
            readings.add(new Reading(tree.size()));
            wanted.add(speculated);
        }
        while (wanted.stream().anyMatch(w -> !w.isEmpty())) {
            feed(session, readings, wanted);
            for (int b = 0; b < images; b++) {
                wanted.set(b, promising(readings.get(b)));
            }
        }
        return readings.stream().map(this::distributions).toList();
    }

    private void feed(BranchSession session, List<Reading> readings, List<List<Integer>> wanted) {
        List<Feed> feeds = new ArrayList<>();
        int rows = 0;
        int width = 1;
        for (int b = 0; b < readings.size(); b++) {
            Reading reading = readings.get(b);
            List<Integer> nodes = wanted.get(b);
            long[] tokens = new long[nodes.size()];
            int[] parents = new int[nodes.size()];
            List<Integer> reads = new ArrayList<>();
            for (int i = 0; i < tokens.length; i++) {
                int node = nodes.get(i);
                tokens[i] = tree.token(node);
                parents[i] = reading.fedAt[tree.parent(node)];
                reading.fedAt[node] = reading.fed++;
                if (answering[node]) {
                    reads.add(i);
                    width = Math.max(width, tree.children(node).length);
                }
            }
            rows += reads.size();
            feeds.add(new Feed(
                    tokens, parents, reads.stream().mapToInt(Integer::intValue).toArray()));
        }
        IValue hidden = session.feed(feeds);
        long[] targets = new long[rows * width];
        int row = 0;
        for (int b = 0; b < readings.size(); b++) {
            for (int read : feeds.get(b).reads()) {
                int[] children = tree.children(wanted.get(b).get(read));
                for (int c = 0; c < children.length; c++) {
                    targets[row * width + c] = tree.token(children[c]);
                }
                row++;
            }
        }
        float[] log = session.logProbabilities(hidden, targets, width);
        row = 0;
        for (int b = 0; b < readings.size(); b++) {
            for (int read : feeds.get(b).reads()) {
                int[] children = tree.children(wanted.get(b).get(read));
                for (int c = 0; c < children.length; c++) {
                    if (Float.isNaN(log[row * width + c])) {
                        throw new ModelException("the model's probabilities are not numbers (expected: finite weights, "
                                + "and activations that the type of computation can hold)");
                    }
                    readings.get(b).log[children[c]] = log[row * width + c];
                }
                row++;
            }
        }
    }

    /** Nodes that were reached, not yet fed, and hold enough probability; each with what is forced after it. */
    private List<Integer> promising(Reading reading) {
        Set<Integer> nodes = new LinkedHashSet<>();
        for (int i = 0; i < valuesBelow.size(); i++) {
            int lead = tree.questions().get(i).lead();
            for (int n : valuesBelow.get(i).keySet()) {
                if (open(reading, n) && probability(reading, n, lead) >= SMALLEST_BRANCH) {
                    nodes.addAll(tree.forced(n));
                }
            }
        }
        return List.copyOf(nodes);
    }

    private boolean open(Reading reading, int node) {
        return answering[node] && reading.fedAt[node] == BranchSession.PREFILL && !Double.isNaN(reading.log[node]);
    }

    /** Probability of the tokens from the question's lead to the node. */
    private double probability(Reading reading, int node, int lead) {
        double log = 0;
        for (int n = node; n != lead; n = tree.parent(n)) {
            log += reading.log[n];
        }
        return Math.exp(log);
    }

    private List<ValueDistribution> distributions(Reading reading) {
        List<ValueDistribution> all = new ArrayList<>();
        for (int i = 0; i < tree.questions().size(); i++) {
            Question q = tree.questions().get(i);
            double[] masses = new double[q.values().size()];
            for (int v = 0; v < masses.length; v++) {
                int leaf = q.leaves()[v];
                masses[v] = Double.isNaN(reading.log[leaf]) ? 0 : probability(reading, leaf, q.lead());
            }
            double pruned = 0;
            for (var inner : valuesBelow.get(i).entrySet()) {
                if (open(reading, inner.getKey())) {
                    double mass = probability(reading, inner.getKey(), q.lead());
                    for (int v : inner.getValue()) {
                        masses[v] += mass / inner.getValue().length;
                    }
                    pruned += mass;
                }
            }
            ValueDistribution d = ValueDistribution.of(q.answers(), masses, pruned);
            all.add(i == 0 ? d.withGreedy(digits.of(reading.log)) : d);
        }
        return all;
    }
}
