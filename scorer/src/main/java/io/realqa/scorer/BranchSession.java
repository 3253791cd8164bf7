package io.realqa.scorer;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.IValue;
import io.realqa.scorer.Program.Scope;
import io.realqa.scorer.image.Normalisation;
import io.realqa.scorer.image.VisualInput;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * One batch of images through the model: the vision tower, one prefill of system text and image, then any number of
 * branches that share it. Fed tokens form a tree per image; each sees the prefill and its own ancestors.
 *
 * <p>Owned by one thread. Closing it frees all native memory of the batch.
 */
final class BranchSession implements AutoCloseable {
    /** Parent of a token that follows the prefill directly. */
    static final int PREFILL = -1;

    /**
     * What one image feeds in one step.
     *
     * @param tokens token ids
     * @param parents for each the index of the token before it, counted over all that this image has fed since the
     *     prefill, or {@link #PREFILL}
     * @param reads ascending indices into tokens: whose next token is wanted
     */
    record Feed(long[] tokens, int[] parents, int[] reads) {}

    private final Program program;
    private final Scope scope;
    private final IValue weights;
    private final IValue lora;
    private final int hiddenSize;
    private final int images;
    private final List<PtNDArray> cache = new ArrayList<>();
    private final List<Integer> cached = new ArrayList<>();
    private final long[] base;
    private final List<List<Integer>> parents = new ArrayList<>();
    private final List<List<Integer>> depths = new ArrayList<>();
    private long visionNanos;
    private long prefillNanos;
    private int steps;

    /**
     * Runs the vision tower and the prefill.
     *
     * @param lora the adapter's matrices, or an empty dictionary
     * @param before what comes before the image, computed with the same adapter
     * @param after tokens after the image that belong to the shared prefix
     */
    BranchSession(Checkpoint checkpoint, IValue lora, List<VisualInput> inputs, Prefix before, long[] after) {
        this(checkpoint, lora, inputs, before, after, false);
    }

    /**
     * As above.
     *
     * @param timed whether to wait for the device after vision tower and prefill, so that their times are their own: a
     *     GPU is only handed its work, and goes on by itself
     */
    BranchSession(
            Checkpoint checkpoint, IValue lora, List<VisualInput> inputs, Prefix before, long[] after, boolean timed) {
        this.program = checkpoint.program();
        this.weights = checkpoint.weights();
        this.lora = lora;
        this.hiddenSize = checkpoint.config().hiddenSize();
        this.images = inputs.size();
        this.base = new long[images];
        this.scope = program.scope();
        for (int i = 0; i < images; i++) {
            parents.add(new ArrayList<>());
            depths.add(new ArrayList<>());
        }
        try {
            long start = System.nanoTime();
            IValue features = vision(checkpoint, scope, lora, inputs);
            if (timed) {
                await(features);
            }
            visionNanos = System.nanoTime() - start;
            prefill(checkpoint.config(), features, inputs, before, after);
            if (timed) {
                await(scope.tensor(cache.get(cache.size() - 1)));
            }
            prefillNanos = System.nanoTime() - start - visionNanos;
        } catch (RuntimeException | Error e) {
            scope.close();
            throw e;
        }
    }

    private void await(IValue result) {
        scope.toFloats(program.call(scope, "first", result));
    }

    /** Embeddings of the visual tokens of all images: [M, D]. */
    static IValue vision(Checkpoint checkpoint, Scope scope, IValue lora, List<VisualInput> inputs) {
        IValue[] images = images(checkpoint, scope, inputs);
        return checkpoint.program().call(scope, "vision", checkpoint.weights(), lora, images[0], images[1], images[2]);
    }

    /** Images as the program's method {@code vision} takes them: patches, their places, and how many each image has. */
    static IValue[] images(Checkpoint checkpoint, Scope scope, List<VisualInput> inputs) {
        ModelConfig.Vision v = checkpoint.config().vision();
        int size = v.channels() * v.patchSize() * v.patchSize();
        long total = 0;
        for (VisualInput in : inputs) {
            check(in, checkpoint);
            total += patchCount(in);
        }
        if (total > Integer.MAX_VALUE / size) {
            throw new IllegalArgumentException("images: " + inputs.size() + " of " + total
                    + " patches (expected: at most " + Integer.MAX_VALUE / size + " patches in a batch)");
        }
        int patches = (int) total;
        long[] places = new long[patches * 2];
        int at = 0;
        for (VisualInput in : inputs) {
            at = places(in, v.mergeSize(), places, at);
        }
        return new IValue[] {
            scope.bytes(inputs.stream().map(VisualInput::pixels).toList(), patches, size),
            scope.longs(places, patches, 2),
            scope.integers(inputs.stream().mapToLong(BranchSession::patchCount).toArray())
        };
    }

    /** Fails unless an image is cut and normalised as the checkpoint's preprocessing does. */
    private static void check(VisualInput in, Checkpoint checkpoint) {
        ModelConfig.Vision v = checkpoint.config().vision();
        int patchSize = v.channels() * v.patchSize() * v.patchSize();
        int merge = v.mergeSize();
        boolean fits = in.gridRows() > 0
                && in.gridColumns() > 0
                && in.gridRows() % merge == 0
                && in.gridColumns() % merge == 0
                && in.visualTokens() * merge * merge == patchCount(in)
                && in.pixels().length == (long) patchCount(in) * patchSize;
        if (!fits) {
            throw new IllegalArgumentException("image: " + in.gridRows() + " x " + in.gridColumns() + " patches, "
                    + in.visualTokens() + " visual tokens, " + in.pixels().length + " numbers (expected: patches of "
                    + patchSize + " numbers, merged " + merge + " x " + merge + ", as the checkpoint's preprocessing)");
        }
        Normalisation expected = checkpoint.preprocessing().normalisation();
        if (!in.normalisation().equals(expected)) {
            throw new IllegalArgumentException("image: " + in.normalisation() + " (expected: " + expected
                    + ", as the checkpoint's preprocessing)");
        }
    }

    private static int patchCount(VisualInput in) {
        return in.gridRows() * in.gridColumns();
    }

    /** Row and column of each patch; the patches of one visual token stand one after the other. */
    private static int places(VisualInput in, int merge, long[] places, int at) {
        for (int row = 0; row < in.gridRows(); row += merge) {
            for (int column = 0; column < in.gridColumns(); column += merge) {
                for (int i = 0; i < merge * merge; i++) {
                    places[2 * at] = row + i / merge;
                    places[2 * at + 1] = column + i % merge;
                    at++;
                }
            }
        }
        return at;
    }

    private void prefill(ModelConfig config, IValue features, List<VisualInput> inputs, Prefix before, long[] after) {
        int visual = inputs.stream().mapToInt(VisualInput::visualTokens).sum();
        int total = visual + images * after.length;
        long[] ids = new long[total];
        long[] positions = new long[3 * total];
        long[] featureRows = new long[visual];
        long[] lengths = new long[images];
        int merge = config.vision().mergeSize();
        int at = 0;
        int row = 0;
        for (int b = 0; b < images; b++) {
            VisualInput in = inputs.get(b);
            int start = at;
            // M-RoPE: the image stands at one point in time and spans rows and columns; text goes on after the largest
            int columns = in.gridColumns() / merge;
            int time = before.length();
            for (int i = 0; i < in.visualTokens(); i++, at++) {
                ids[at] = config.imageToken();
                featureRows[row++] = at;
                position(positions, total, at, time, time + i / columns, time + i % columns);
            }
            long next = time + (long) Math.max(in.gridRows() / merge, columns);
            for (long token : after) {
                ids[at] = token;
                position(positions, total, at, next, next, next);
                at++;
                next++;
            }
            base[b] = next;
            lengths[b] = at - start;
            cached.add(before.length() + at - start);
        }
        IValue whole = program.call(
                scope,
                "prefill",
                weights,
                lora,
                before.cache(),
                scope.longs(ids, total),
                features,
                scope.longs(featureRows, visual),
                scope.longs(positions, 3, total),
                scope.integers(lengths));
        cache.addAll(Arrays.asList(scope.arrays(whole)));
    }

    private static void position(long[] positions, int total, int at, long time, long row, long column) {
        positions[at] = time;
        positions[total + at] = row;
        positions[2 * total + at] = column;
    }

    /**
     * Feeds one step of tokens for each image, in the order of the images.
     *
     * @return the last hidden states of the tokens to be read, image after image: [R, D]
     */
    IValue feed(List<Feed> feeds) {
        steps++;
        int total = feeds.stream().mapToInt(f -> f.tokens.length).sum();
        long[] ids = new long[total];
        long[] positions = new long[3 * total];
        long[] lengths = new long[images];
        long[] rowCounts = new long[images];
        long[] rows = new long[feeds.stream().mapToInt(f -> f.reads.length).sum()];
        List<PtNDArray> masks = new ArrayList<>();
        int at = 0;
        int r = 0;
        for (int b = 0; b < images; b++) {
            Feed feed = feeds.get(b);
            lengths[b] = feed.tokens.length;
            rowCounts[b] = feed.reads.length;
            for (int read : feed.reads) {
                rows[r++] = at + read;
            }
            List<Integer> depth = depths.get(b);
            for (int i = 0; i < feed.tokens.length; i++, at++) {
                int parent = feed.parents[i];
                int d = parent == PREFILL ? 0 : depth.get(parent) + 1;
                depth.add(d);
                parents.get(b).add(parent);
                ids[at] = feed.tokens[i];
                position(positions, total, at, base[b] + d, base[b] + d, base[b] + d);
            }
            masks.add(b > 0 && sameTree(b, feeds) ? masks.get(b - 1) : mask(b, feed.tokens.length));
        }
        return step(
                scope.longs(ids, total),
                scope.floats(new float[0], 0, hiddenSize),
                scope.longs(new long[0], 0),
                scope.longs(positions, 3, total),
                lengths,
                masks,
                rows,
                rowCounts);
    }

    /** Whether an image has fed the same tree as the one before it, so that they share a mask. */
    private boolean sameTree(int b, List<Feed> feeds) {
        return feeds.get(b).tokens.length == feeds.get(b - 1).tokens.length
                && parents.get(b).equals(parents.get(b - 1));
    }

    private PtNDArray mask(int b, int fresh) {
        List<Integer> all = parents.get(b);
        int seen = all.size();
        boolean[] mask = new boolean[Math.multiplyExact(fresh, seen)];
        for (int i = 0; i < fresh; i++) {
            for (int n = seen - fresh + i; n != PREFILL; n = all.get(n)) {
                mask[i * seen + n] = true;
            }
        }
        return scope.booleans(mask, fresh, seen);
    }

    private IValue step(
            IValue ids,
            IValue features,
            IValue featureRows,
            IValue positions,
            long[] lengths,
            List<PtNDArray> masks,
            long[] rows,
            long[] rowCounts) {
        IValue result = program.call(
                scope,
                "step",
                weights,
                lora,
                scope.tensors(cache.toArray(PtNDArray[]::new)),
                scope.integers(cached),
                ids,
                features,
                featureRows,
                positions,
                scope.integers(lengths),
                scope.tensors(masks.toArray(PtNDArray[]::new)),
                scope.longs(rows, rows.length),
                scope.integers(rowCounts));
        IValue[] parts = scope.tuple(result);
        cache.addAll(Arrays.asList(scope.arrays(parts[1])));
        for (long n : lengths) {
            cached.add((int) n);
        }
        return parts[0];
    }

    /**
     * Log probabilities over the full vocabulary at some tokens.
     *
     * @param hidden [R, D]
     * @param targets [R * width] token ids
     * @return [R * width]
     */
    float[] logProbabilities(IValue hidden, long[] targets, int width) {
        return scope.toFloats(program.call(
                scope, "log_probabilities", weights, hidden, scope.longs(targets, targets.length / width, width)));
    }

    /** The most probable next token of each row: [R]. */
    long[] mostProbable(IValue hidden) {
        return scope.toLongs(program.call(scope, "most_probable", weights, hidden));
    }

    /** Scores of every token of the vocabulary: [R * vocabulary]. */
    float[] logits(IValue hidden) {
        return scope.toFloats(program.call(scope, "logits", weights, hidden));
    }

    /** Device steps since the prefill. */
    int steps() {
        return steps;
    }

    long visionNanos() {
        return visionNanos;
    }

    long prefillNanos() {
        return prefillNanos;
    }

    @Override
    public void close() {
        scope.close();
    }
}
