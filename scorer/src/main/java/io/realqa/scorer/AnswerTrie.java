package io.realqa.scorer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The allowed values of one slot as a token trie. Its root stands for the last token before the values differ; a leaf
 * ends a value. Nodes are numbered parents first. Immutable.
 */
final class AnswerTrie {
    static final int ROOT = 0;
    /** A level with more inner nodes than this is followed only where the probability is. */
    private static final int WIDEST_SPECULATION = 16;
    /** Branches with less probability than this are not followed. */
    private static final double SMALLEST_BRANCH = FastReader.SMALLEST_BRANCH;

    private static final int NOT_FED = -2;

    private final AnswerValues values;
    private final List<Long> tokens = new ArrayList<>(List.of(-1L));
    private final List<Integer> parents = new ArrayList<>(List.of(-1));
    private final List<int[]> children = new ArrayList<>();
    private final int[] leaves;
    private final List<Integer> speculated;

    /** A trie of the values' token sequences; none is empty or the beginning of another. */
    AnswerTrie(List<String> values, List<long[]> sequences) {
        this.values = new AnswerValues(values);
        this.leaves = new int[values.size()];
        List<Map<Long, Integer>> maps = new ArrayList<>(List.of(new HashMap<>()));
        for (int v = 0; v < leaves.length; v++) {
            int node = ROOT;
            for (long token : sequences.get(v)) {
                Integer next = maps.get(node).get(token);
                if (next == null) {
                    next = tokens.size();
                    maps.get(node).put(token, next);
                    tokens.add(token);
                    parents.add(node);
                    maps.add(new HashMap<>());
                }
                node = next;
            }
            leaves[v] = node;
        }
        maps.forEach(m -> children.add(
                m.values().stream().sorted().mapToInt(Integer::intValue).toArray()));
        this.speculated = speculate();
    }

    List<String> values() {
        return values.texts();
    }

    long token(int node) {
        return tokens.get(node);
    }

    int parent(int node) {
        return parents.get(node);
    }

    int[] children(int node) {
        return children.get(node);
    }

    private boolean inner(int node) {
        return children(node).length > 0;
    }

    /** The inner nodes of the narrow levels, the root left out: what is fed at once, parents first. */
    private List<Integer> speculate() {
        List<Integer> fed = new ArrayList<>();
        List<Integer> level = List.of(ROOT);
        while (true) {
            List<Integer> next = new ArrayList<>();
            for (int n : level) {
                Arrays.stream(children(n)).filter(this::inner).forEach(next::add);
            }
            if (next.isEmpty() || next.size() > WIDEST_SPECULATION) {
                return List.copyOf(fed);
            }
            fed.addAll(next);
            level = next;
        }
    }

    Reading read() {
        return new Reading();
    }

    /** What is known of one image: which nodes were fed, and the log probability of nodes given their parents. */
    final class Reading {
        private final int[] fedAt = new int[tokens.size()];
        private final double[] log = new double[tokens.size()];
        private boolean started;

        private Reading() {
            Arrays.fill(fedAt, NOT_FED);
            Arrays.fill(log, Double.NaN);
        }

        AnswerTrie trie() {
            return AnswerTrie.this;
        }

        boolean started() {
            return started;
        }

        /** The root's place among the fed tokens. */
        void start(int rootAt) {
            started = true;
            fedAt[ROOT] = rootAt;
        }

        int fedAt(int node) {
            return fedAt[node];
        }

        boolean fed(int node) {
            return fedAt[node] != NOT_FED;
        }

        void fed(int node, int at) {
            fedAt[node] = at;
        }

        void probability(int node, double logGivenParent) {
            log[node] = logGivenParent;
        }

        /** The nodes to feed next, parents first; none once all that matters is known. */
        List<Integer> wanted() {
            return started ? promising() : speculated;
        }

        private List<Integer> promising() {
            List<Integer> wanted = new ArrayList<>();
            int greedy = greedyEnd();
            for (int n = 1; n < fedAt.length; n++) {
                if (open(n) && (n == greedy || probability(n) >= SMALLEST_BRANCH)) {
                    // and what is forced after it
                    for (int m = n; inner(m); m = children(m)[0]) {
                        wanted.add(m);
                        if (children(m).length > 1) {
                            break;
                        }
                    }
                }
            }
            wanted.sort(Integer::compare);
            return wanted;
        }

        /** An inner node whose probability is known and whose children's are not. */
        private boolean open(int node) {
            return inner(node) && !fed(node) && !Double.isNaN(log[node]);
        }

        private double probability(int node) {
            double sum = 0;
            for (int n = node; n != ROOT; n = parent(n)) {
                sum += log[n];
            }
            return Math.exp(sum);
        }

        /** Where the most probable allowed tokens lead, one after the other: a leaf, or a node that was not yet fed. */
        private int greedyEnd() {
            int node = ROOT;
            while (inner(node) && fed(node)) {
                int best = children(node)[0];
                for (int c : children(node)) {
                    best = log[c] > log[best] ? c : best;
                }
                node = best;
            }
            return node;
        }

        /** Nodes from below the root to the value that greedy decoding gives. */
        List<Integer> greedyPath() {
            List<Integer> path = new ArrayList<>();
            for (int n = greedyEnd(); n != ROOT; n = parent(n)) {
                path.add(0, n);
            }
            return path;
        }

        /** The value that greedy decoding gives. */
        String greedyValue() {
            int end = greedyEnd();
            for (int v = 0; v < leaves.length; v++) {
                if (leaves[v] == end) {
                    return values.texts().get(v);
                }
            }
            throw new IllegalStateException("no value ends at node " + end);
        }

        /** Probabilities of all values; the mass of branches that were not followed is spread evenly over them. */
        ValueDistribution distribution() {
            double[] masses = new double[leaves.length];
            double pruned = 0;
            int[] below = new int[fedAt.length];
            for (int leaf : leaves) {
                for (int n = leaf; n != ROOT; n = parent(n)) {
                    below[n]++;
                }
            }
            for (int n = 1; n < fedAt.length; n++) {
                pruned += open(n) ? probability(n) : 0;
            }
            for (int v = 0; v < masses.length; v++) {
                masses[v] = Double.isNaN(log[leaves[v]]) ? share(leaves[v], below) : probability(leaves[v]);
            }
            return ValueDistribution.of(values, masses, pruned);
        }

        private double share(int leaf, int[] below) {
            int n = leaf;
            while (Double.isNaN(log[n])) {
                n = parent(n);
            }
            return probability(n) / below[n];
        }
    }
}
