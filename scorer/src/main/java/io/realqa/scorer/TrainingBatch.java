package io.realqa.scorer;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.IValue;
import io.realqa.scorer.Program.Scope;
import io.realqa.scorer.TrainingTree.Edge;
import io.realqa.scorer.TrainingTree.Leaf;
import io.realqa.scorer.image.VisualInput;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Some examples packed one after the other, as the program's method {@code accumulate} takes them. Nothing is padded.
 * Where every example asks one question, prefix and question go through the model in one causal pass; otherwise the
 * prefix goes first and the questions after it as a tree.
 */
final class TrainingBatch {
    private final Checkpoint checkpoint;
    private final ModelConfig config;
    private final List<TrainingPath> paths;
    private final List<TrainingTree> trees;
    private final boolean chains;
    /** Of each path, where the log probabilities that were asked for lie in the result's. */
    private final List<Map<Edge, Long>> columns = new ArrayList<>();

    TrainingBatch(Checkpoint checkpoint, List<TrainingPath> paths) {
        this.checkpoint = checkpoint;
        this.config = checkpoint.config();
        this.paths = paths;
        this.trees = paths.stream().map(TrainingPath::tree).toList();
        this.chains = trees.stream().allMatch(TrainingTree::isChain);
    }

    /**
     * Where a token's log probability lies among those that {@code accumulate} returns. Known once the arguments are made.
     *
     * @param edge one that counts, be it nothing
     */
    int column(int path, Edge edge) {
        Long column = columns.get(path).get(edge);
        if (column == null) {
            throw new IllegalArgumentException("edge: " + edge + " (expected: one that was asked for)");
        }
        return Math.toIntExact(column);
    }

    /**
     * The arguments from patches on.
     *
     * @param tokenWeight what one weighted token counts
     * @param errorWeight what one image's squared error counts
     */
    List<IValue> arguments(Scope scope, double[] leafValues, double tokenWeight, double errorWeight) {
        List<IValue> arguments = new ArrayList<>();
        List<VisualInput> images = paths.stream().map(TrainingPath::image).toList();
        arguments.addAll(List.of(BranchSession.images(checkpoint, scope, images)));
        addPrefill(scope, arguments);
        addBranches(scope, arguments);
        addTargets(scope, arguments, leafValues, tokenWeight, errorWeight);
        return arguments;
    }

    private void addPrefill(Scope scope, List<IValue> arguments) {
        int merge = config.vision().mergeSize();
        Tokens tokens = new Tokens();
        List<Long> featureRows = new ArrayList<>();
        long[] lengths = new long[paths.size()];
        for (int b = 0; b < paths.size(); b++) {
            VisualInput in = paths.get(b).image();
            long[] before = paths.get(b).before();
            int start = tokens.size();
            for (int i = 0; i < before.length; i++) {
                tokens.add(before[i], i, i, i);
            }
            // M-RoPE: the image stands at one point in time and spans rows and columns; text goes on after the largest
            int columns = in.gridColumns() / merge;
            for (int i = 0; i < in.visualTokens(); i++) {
                featureRows.add((long) tokens.size());
                int row = before.length + i / columns;
                tokens.add(config.imageToken(), before.length, row, before.length + i % columns);
            }
            long next = firstAfterImage(paths.get(b));
            for (long token : paths.get(b).after()) {
                tokens.add(token, next, next, next);
                next++;
            }
            if (chains) {
                tokens.add(trees.get(b), next);
            }
            lengths[b] = tokens.size() - start;
        }
        arguments.add(tokens.ids(scope));
        arguments.add(scope.longs(longs(featureRows), featureRows.size()));
        arguments.add(tokens.positions(scope));
        arguments.add(scope.integers(lengths));
    }

    private long firstAfterImage(TrainingPath path) {
        int merge = config.vision().mergeSize();
        VisualInput in = path.image();
        return path.before().length + (long) Math.max(in.gridRows() / merge, in.gridColumns() / merge);
    }

    private void addBranches(Scope scope, List<IValue> arguments) {
        Tokens tokens = new Tokens();
        List<Long> rows = new ArrayList<>();
        long[] lengths = new long[chains ? 0 : trees.size()];
        long[] rowCounts = new long[trees.size()];
        List<PtNDArray> masks = new ArrayList<>();
        int start = 0;
        for (int b = 0; b < trees.size(); b++) {
            TrainingTree tree = trees.get(b);
            TrainingPath path = paths.get(b);
            int prefix = path.before().length + path.image().visualTokens() + path.after().length;
            int first = chains ? start + prefix : start;
            tree.weights().keySet().forEach(n -> rows.add((long) first + n));
            rowCounts[b] = tree.weights().size();
            if (!chains) {
                tokens.add(tree, firstAfterImage(path) + path.after().length);
                lengths[b] = tree.size();
                masks.add(mask(scope, tree));
            }
            start = first + tree.size();
        }
        arguments.add(tokens.ids(scope));
        arguments.add(tokens.positions(scope));
        arguments.add(scope.integers(lengths));
        arguments.add(scope.tensors(masks.toArray(PtNDArray[]::new)));
        arguments.add(scope.longs(longs(rows), rows.size()));
        arguments.add(scope.integers(rowCounts));
    }

    private static PtNDArray mask(Scope scope, TrainingTree tree) {
        int n = tree.size();
        boolean[] mask = new boolean[Math.multiplyExact(n, n)];
        for (int i = 0; i < n; i++) {
            for (int j = i; j != TrainingTree.ROOT; j = tree.parent(j)) {
                mask[i * n + j] = true;
            }
        }
        return scope.booleans(mask, n, n);
    }

    private void addTargets(
            Scope scope, List<IValue> arguments, double[] leafValues, double tokenWeight, double errorWeight) {
        int rows = trees.stream().mapToInt(t -> t.weights().size()).sum();
        int width = trees.stream()
                .flatMap(t -> t.weights().values().stream())
                .mapToInt(Map::size)
                .max()
                .orElseThrow();
        long[] targets = new long[rows * width];
        float[] weights = new float[rows * width];
        List<List<List<Long>>> leaves = new ArrayList<>();
        List<Float> goals = new ArrayList<>();
        columns.clear();
        int row = 0;
        for (int b = 0; b < trees.size(); b++) {
            TrainingTree tree = trees.get(b);
            Map<Edge, Long> indices = new HashMap<>();
            for (Map.Entry<Integer, Map<Long, Double>> read : tree.weights().entrySet()) {
                int column = row * width;
                for (Map.Entry<Long, Double> target : read.getValue().entrySet()) {
                    indices.put(new Edge(read.getKey(), target.getKey()), (long) column);
                    targets[column] = target.getKey();
                    weights[column] = (float) (target.getValue() * tokenWeight);
                    column++;
                }
                row++;
            }
            columns.add(indices);
            if (!tree.leaves().isEmpty()) {
                leaves.add(tree.leaves().stream()
                        .map(leaf -> indices(leaf, indices))
                        .toList());
                goals.add((float) paths.get(b).mean().orElseThrow());
            }
        }
        arguments.add(scope.longs(targets, rows, width));
        arguments.add(scope.floats(weights, rows, width));
        addLeaves(scope, arguments, leaves, leafValues, (long) rows * width);
        float[] goal = new float[goals.size()];
        float[] worth = new float[goals.size()];
        for (int i = 0; i < goal.length; i++) {
            goal[i] = goals.get(i);
            worth[i] = (float) errorWeight;
        }
        arguments.add(scope.floats(goal, goal.length));
        arguments.add(scope.floats(worth, worth.length));
    }

    private static List<Long> indices(Leaf leaf, Map<Edge, Long> indices) {
        return leaf.path().stream().map(indices::get).toList();
    }

    private static void addLeaves(
            Scope scope, List<IValue> arguments, List<List<List<Long>>> leaves, double[] leafValues, long nothing) {
        int depth =
                leaves.stream().flatMap(List::stream).mapToInt(List::size).max().orElse(0);
        long[] edges = new long[leaves.size() * leafValues.length * depth];
        Arrays.fill(edges, nothing);
        int at = 0;
        for (List<List<Long>> image : leaves) {
            for (List<Long> path : image) {
                for (int i = 0; i < path.size(); i++) {
                    edges[at + i] = path.get(i);
                }
                at += depth;
            }
        }
        float[] values = new float[leafValues.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) leafValues[i];
        }
        arguments.add(scope.longs(edges, leaves.size(), leafValues.length, depth));
        arguments.add(scope.floats(values, values.length));
    }

    private static long[] longs(List<Long> values) {
        return values.stream().mapToLong(Long::longValue).toArray();
    }

    /** Token ids with their positions in time, rows and columns. */
    private static final class Tokens {
        private final List<Long> ids = new ArrayList<>();
        private final List<Long> times = new ArrayList<>();
        private final List<Long> rows = new ArrayList<>();
        private final List<Long> columns = new ArrayList<>();

        void add(long id, long time, long row, long column) {
            ids.add(id);
            times.add(time);
            rows.add(row);
            columns.add(column);
        }

        void add(TrainingTree tree, long first) {
            for (int n = 0; n < tree.size(); n++) {
                long position = first + tree.depth(n);
                add(tree.token(n), position, position, position);
            }
        }

        int size() {
            return ids.size();
        }

        IValue ids(Scope scope) {
            return scope.longs(longs(ids), ids.size());
        }

        IValue positions(Scope scope) {
            List<Long> all = new ArrayList<>(times);
            all.addAll(rows);
            all.addAll(columns);
            return scope.longs(longs(all), 3, ids.size());
        }
    }
}
