package io.realqa.scorer;

import ai.djl.pytorch.jni.IValue;
import io.realqa.scorer.Program.Scope;
import io.realqa.scorer.TrainingTree.Edge;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Trains a model's parameters: the scorer's own program, through libtorch's autograd. Parameters (float32), gradients and
 * AdamW's moments stay on the device; one native call computes a batch's gradients, one takes a step. Which parameters
 * there are, and how the program takes them, is the subclass's.
 *
 * <p>On a CPU batches run side by side, one thread each, and their gradients are added in a fixed order: the same
 * settings, examples and number of workers give the same bits.
 *
 * <p>Owned by one thread. Close it before its checkpoint.
 */
public abstract class ModelTrainer implements AutoCloseable {
    /** No pass takes that long: a device that hangs is told from one that works. */
    private static final long LONGEST_PASSES_HOURS = 2;

    private final Checkpoint checkpoint;
    private final TrainingPaths paths;
    private final TrainingState state;
    private final double dropout;
    private final long seed;
    private final List<IValue> gradients = new ArrayList<>();
    private final ExecutorService workers;
    private int steps;
    private boolean byLayers;

    /**
     * How a step is taken.
     *
     * @param rate learning rate
     * @param decay of the parameters, decoupled
     * @param clip largest norm of the gradient; 0: any
     * @param beta1 AdamW's share of the old in the mean of gradients
     * @param beta2 the same for their squares
     * @param epsilon AdamW's, added to the root of the squares' mean
     */
    public record Step(double rate, double decay, double clip, double beta1, double beta2, double epsilon) {
        /** With the betas .9 and .999 and the epsilon 1e-8. */
        public Step(double rate, double decay, double clip) {
            this(rate, decay, clip, 0.9, 0.999, 1e-8);
        }
    }

    /**
     * What a step found.
     *
     * @param crossEntropy mean over the answers' weighted tokens, nats
     * @param squaredError mean over the images with a score of (expectation - score)², 0 without the expectation loss
     * @param gradientNorm before clipping
     * @param digits as {@link Measured} has them, before the step
     */
    public record Result(double crossEntropy, double squaredError, double gradientNorm, List<double[][]> digits) {}

    /**
     * What the model as it stands says.
     *
     * @param crossEntropy sum over the answers' weighted tokens, nats
     * @param tokens their weights' sum
     * @param digits of each item [digits of its score][10]: log probabilities of 0 to 9 where each digit of a chat's score
     *     stands, the answer so far given; empty where there are none
     */
    public record Measured(double crossEntropy, double tokens, List<double[][]> digits) {}

    /** Sums over the batches, and each item's digits. */
    private record Passes(double crossEntropy, double squaredError, double tokens, List<double[][]> digits) {}

    /** One native call on a batch. */
    private interface Pass {
        float[] run(TrainingBatch part, int worker, int chunk);
    }

    /**
     * Makes room for parameters; the subclass then puts them, and calls {@link #begin}.
     *
     * @param shapes of the parameters, by name
     * @param dropout before each adapter
     * @param seed of the dropout
     */
    ModelTrainer(Checkpoint checkpoint, TrainingPaths paths, Map<String, long[]> shapes, double dropout, long seed) {
        this.checkpoint = checkpoint;
        this.paths = paths;
        this.state = new TrainingState(checkpoint, shapes);
        this.dropout = dropout;
        this.seed = seed;
        int threads = checkpoint.compute().workers();
        for (int i = 0; i < threads; i++) {
            gradients.add(checkpoint.program().newWeights());
        }
        this.workers = Executors.newFixedThreadPool(threads, r -> EngineSettings.steadyThread(r, "realqa-train"));
    }

    /** The tensors that the program takes for the model's. */
    abstract IValue weights();

    /** Some parameters are other tensors than before. */
    void replaced() {}

    /** All parameters are there. */
    final void begin() {
        state.clearMoments();
        replaced();
    }

    final Checkpoint checkpoint() {
        return checkpoint;
    }

    final TrainingState state() {
        return state;
    }

    /**
     * Keeps less: of the way forth only what goes into each layer, and computes one layer at a time again on the way back. A
     * step takes about a third longer, and a large model's activations a twentieth of the memory. Gradients differ by
     * rounding.
     */
    public void computeByLayers() {
        byLayers = true;
    }

    /** Whether it does. */
    public boolean byLayers() {
        return byLayers;
    }

    /** Steps taken so far. */
    public int steps() {
        return steps;
    }

    /** Numbers that are trained. */
    public long parameterCount() {
        return state.count();
    }

    /**
     * What a step will need.
     *
     * @param largest the example with the most tokens
     * @param images in a step
     * @param batch images that one pass holds at most
     */
    public TrainingMemory memory(TrainingItem largest, int images, int batch) {
        int fair = Math.min(batch, (images + gradients.size() - 1) / gradients.size());
        TrainingPath path = paths.of(largest);
        return TrainingMemory.of(
                checkpoint.config(),
                checkpoint.compute(),
                parameterCount(),
                dropout > 0,
                byLayers,
                Math.min(gradients.size(), images),
                fair,
                largest.image().visualTokens(),
                path.before().length + path.after().length + path.tree().size(),
                path.tree().weights().size());
    }

    /** Tokens of an item that are learnt, and tokens in all, the image's included. */
    public int[] tokens(TrainingItem item) {
        return paths.tokens(item);
    }

    /** Batches that are computed at a time. */
    public int workers() {
        return gradients.size();
    }

    /**
     * Takes one step of AdamW over some examples. Their mean gradient does not depend on how they are cut into batches.
     *
     * @param batch images that one pass holds at most; memory grows with it
     * @throws ModelException if the gradient is not finite; nothing was changed then
     */
    public Result step(List<? extends TrainingItem> examples, int batch, Step step) throws InterruptedException {
        Passes passes = gradients(examples, batch);
        double norm;
        try (Scope scope = checkpoint.program().scope()) {
            IValue result = state.call(
                    scope,
                    "optimise",
                    state.parameters(),
                    gradients.get(0),
                    state.first(),
                    state.second(),
                    scope.integer(steps + 1L),
                    scope.number(step.rate()),
                    scope.number(step.decay()),
                    scope.number(step.clip()),
                    scope.number(step.beta1()),
                    scope.number(step.beta2()),
                    scope.number(step.epsilon()));
            norm = scope.tuple(result)[0].toDouble();
        }
        if (!Double.isFinite(norm)) {
            throw new ModelException("step " + (steps + 1) + ": gradient of norm " + norm
                    + " (expected: a finite one; try a smaller learning rate)");
        }
        steps++;
        double error = paths.loss().expectationWeight() > 0
                ? passes.squaredError() / paths.loss().expectationWeight()
                : 0;
        return new Result(passes.crossEntropy(), error, norm, passes.digits());
    }

    /**
     * What the model as it stands says of some items: no dropout, no gradient, nothing is changed.
     *
     * @param batch images that one pass holds at most
     */
    public Measured measure(List<? extends TrainingItem> items, int batch) throws InterruptedException {
        List<TrainingPath> all = paths(items, batch);
        Passes passes = run(all, batch, (part, worker, chunk) -> {
            try (Scope scope = checkpoint.program().scope()) {
                List<IValue> arguments = new ArrayList<>(List.of(weights(), state.parameters(), state.scales()));
                // all but the four arguments of the squared error
                List<IValue> more = part.arguments(scope, paths.leafValues(), 1, 0);
                arguments.addAll(more.subList(0, more.size() - 4));
                return scope.toFloats(state.call(scope, "measure", arguments.toArray(IValue[]::new)));
            }
        });
        return new Measured(passes.crossEntropy(), passes.tokens(), passes.digits());
    }

    /** Adds the examples' gradients to the first dictionary: cross entropy and weighted squared error. */
    double[] accumulate(List<? extends TrainingItem> examples, int batch) throws InterruptedException {
        Passes passes = gradients(examples, batch);
        return new double[] {passes.crossEntropy(), passes.squaredError()};
    }

    private List<TrainingPath> paths(List<? extends TrainingItem> items, int batch) {
        if (items.isEmpty() || batch < 1) {
            throw new IllegalArgumentException(
                    "examples, batch: " + items.size() + ", " + batch + " (expected: at least 1 of each)");
        }
        return items.stream().map(paths::of).toList();
    }

    private Passes gradients(List<? extends TrainingItem> examples, int batch) throws InterruptedException {
        List<TrainingPath> all = paths(examples, batch);
        double tokens = all.stream().mapToDouble(p -> p.tree().totalWeight()).sum();
        long scored = all.stream().filter(p -> !p.tree().leaves().isEmpty()).count();
        double errorWeight = scored == 0 ? 0 : paths.loss().expectationWeight() / scored;
        Passes passes =
                run(all, batch, (part, worker, chunk) -> accumulate(part, worker, chunk, 1 / tokens, errorWeight));
        try (Scope scope = checkpoint.program().scope()) {
            for (int w = 1; w < gradients.size(); w++) {
                state.call(scope, "gather", gradients.get(0), gradients.get(w));
            }
        }
        return passes;
    }

    /** Runs passes side by side, each worker its own in order. */
    private Passes run(List<TrainingPath> all, int batch, Pass pass) throws InterruptedException {
        int fair = (all.size() + gradients.size() - 1) / gradients.size();
        int size = Math.min(batch, fair);
        double[][][] digits = new double[all.size()][][];
        List<Future<double[]>> running = new ArrayList<>();
        for (int w = 0; w < gradients.size(); w++) {
            int worker = w;
            running.add(workers.submit((Callable<double[]>) () -> {
                double[] sums = new double[2];
                for (int chunk = worker; chunk * size < all.size(); chunk += gradients.size()) {
                    int from = chunk * size;
                    int to = Math.min(all.size(), from + size);
                    TrainingBatch part = new TrainingBatch(checkpoint, all.subList(from, to));
                    float[] found = pass.run(part, worker, chunk);
                    sums[0] += found[0];
                    sums[1] += found[1];
                    for (int i = from; i < to; i++) {
                        digits[i] = digits(all.get(i), part, i - from, found);
                    }
                }
                return sums;
            }));
        }
        double[] sums = new double[2];
        RuntimeException failure = null;
        for (Future<double[]> future : running) {
            try {
                double[] part = future.get(LONGEST_PASSES_HOURS, TimeUnit.HOURS);
                sums[0] += part[0];
                sums[1] += part[1];
            } catch (ExecutionException e) {
                failure = e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e);
            } catch (TimeoutException e) {
                throw new IllegalStateException(
                        "step " + (steps + 1) + ": no result within " + LONGEST_PASSES_HOURS + " h", e);
            }
        }
        if (failure != null) {
            throw failure;
        }
        double tokens = all.stream().mapToDouble(p -> p.tree().totalWeight()).sum();
        return new Passes(sums[0], sums[1], tokens, List.of(digits));
    }

    private double[][] digits(TrainingPath path, TrainingBatch part, int item, float[] found) {
        double[][] digits = new double[path.digits().size()][10];
        for (int i = 0; i < digits.length; i++) {
            for (int d = 0; d < 10; d++) {
                digits[i][d] =
                        found[2 + part.column(item, new Edge(path.digits().get(i), paths.digit(d)))];
            }
        }
        return digits;
    }

    private float[] accumulate(TrainingBatch part, int worker, int chunk, double tokenWeight, double errorWeight) {
        try (Scope scope = checkpoint.program().scope()) {
            List<IValue> arguments = new ArrayList<>(List.of(
                    weights(),
                    state.parameters(),
                    state.scales(),
                    gradients.get(worker),
                    scope.number(dropout),
                    scope.integer(maskSeed(chunk))));
            arguments.addAll(part.arguments(scope, paths.leafValues(), tokenWeight, errorWeight));
            String method = byLayers ? "accumulate_by_layers" : "accumulate";
            return scope.toFloats(state.call(scope, method, arguments.toArray(IValue[]::new)));
        }
    }

    /** A seed for a batch's dropout masks, far from those of other batches and steps. */
    private long maskSeed(int chunk) {
        return new SplittableRandom(seed ^ (0x9E3779B97F4A7C15L * (steps + 1)) ^ ((long) chunk << 32)).nextLong() >>> 2;
    }

    /** A parameter by its canonical name, such as {@code text.layers.0.mlp.fc1.A}: a copy. */
    float[] parameter(String name) {
        return state.fetch(state.parameters(), name);
    }

    /** The gradient that {@link #accumulate} left: a copy. */
    float[] gradient(String name) {
        return state.fetch(gradients.get(0), name);
    }

    Map<String, long[]> shapes() {
        return state.shapes();
    }

    /** Replaces a parameter. */
    void setParameter(String name, float[] values) {
        state.put(name, values);
        replaced();
    }

    /**
     * Saves parameters, moments and the number of steps, so that {@link #load} goes on with the same bits. A reader sees
     * the old file or the new one, never half of one.
     *
     * @param notes texts to keep with it
     */
    public void save(Path file, Map<String, String> notes) throws IOException {
        Map<String, String> metadata = new TreeMap<>(notes);
        metadata.put("steps", Integer.toString(steps));
        metadata.put("byLayers", Boolean.toString(byLayers));
        metadata.put("workers", Integer.toString(gradients.size()));
        state.save(file, metadata);
    }

    /**
     * Goes on from what {@link #save} wrote.
     *
     * @return its notes
     * @throws ModelException if the file is of other parameters
     */
    public Map<String, String> load(Path file) {
        Map<String, String> notes = new TreeMap<>(Safetensors.metadata(file));
        state.load(file);
        int saved = Integer.parseInt(notes.getOrDefault("workers", "0"));
        if (saved != gradients.size()) {
            throw new ModelException(file + ": workers: " + saved + " (expected: " + gradients.size()
                    + ", as now: another number adds gradients in another order)");
        }
        replaced();
        byLayers = Boolean.parseBoolean(notes.getOrDefault("byLayers", "false"));
        steps = Integer.parseInt(notes.getOrDefault("steps", "0"));
        return notes;
    }

    @Override
    public void close() {
        workers.shutdown();
        gradients.forEach(IValue::close);
        state.close();
    }
}
