package io.realqa.scorer;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The tokens that one image feeds after its prefix in training, as a trie: turns that begin alike share their nodes.
 * Each edge that counts has a weight: what the log probability of a token after a node is worth. The token itself needs
 * to be fed only if something counts after it.
 *
 * <p>Owned by one thread while it is built.
 */
final class TrainingTree {
    /** Stands for the prefix, which has no node. */
    static final int ROOT = BranchSession.PREFILL;

    /** A token after a node. */
    record Edge(int node, long token) {}

    /** A range of scores: the edges that lead to it. */
    record Leaf(List<Edge> path) {}

    private final List<Long> tokens = new ArrayList<>();
    private final List<Integer> parents = new ArrayList<>();
    private final List<Integer> depths = new ArrayList<>();
    private final Map<Edge, Integer> children = new HashMap<>();
    private final Map<Integer, Map<Long, Double>> weights = new TreeMap<>();
    private final List<Leaf> leaves = new ArrayList<>();

    /** The node of a token after another, made if it is new. */
    int child(int parent, long token) {
        return children.computeIfAbsent(new Edge(parent, token), e -> {
            tokens.add(token);
            parents.add(parent);
            depths.add(parent == ROOT ? 0 : depths.get(parent) + 1);
            return tokens.size() - 1;
        });
    }

    /** Makes an edge count this much more. */
    void weigh(Edge edge, double weight) {
        if (edge.node == ROOT) {
            throw new IllegalArgumentException("an answer without a question (expected: at least one token before it)");
        }
        weights.computeIfAbsent(edge.node, n -> new TreeMap<>()).merge(edge.token, weight, Double::sum);
    }

    /** Adds a range of scores; its edges are read, and count nothing by themselves. */
    void addLeaf(Leaf leaf) {
        leaf.path.forEach(e -> weigh(e, 0));
        leaves.add(leaf);
    }

    int size() {
        return tokens.size();
    }

    long token(int node) {
        return tokens.get(node);
    }

    int parent(int node) {
        return parents.get(node);
    }

    int depth(int node) {
        return depths.get(node);
    }

    /** Nodes after which something is read, ascending, each with its tokens and their weights. */
    Map<Integer, Map<Long, Double>> weights() {
        return weights;
    }

    List<Leaf> leaves() {
        return leaves;
    }

    double totalWeight() {
        return weights.values().stream()
                .flatMap(m -> m.values().stream())
                .mapToDouble(w -> w)
                .sum();
    }

    /** Whether every node follows the one before it: one question alone. */
    boolean isChain() {
        for (int n = 0; n < size(); n++) {
            if (parent(n) != n - 1) {
                return false;
            }
        }
        return true;
    }
}
