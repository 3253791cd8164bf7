package io.realqa.cli.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.realqa.scorer.Scorer;
import io.realqa.scorer.image.ImageDecoder;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.scorer.image.ImageRejectedException;
import io.realqa.scorer.image.RasterImage;
import io.realqa.scorer.image.VisualInput;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Milliseconds per image of each stage, images per second and model FLOPs utilisation, over batch sizes. */
public final class StageBench {
    private static final double WARM_UP_SECONDS = 1.5;
    private static final double MEASURED_SECONDS = 3;
    private static final int MATRIX = 1024;

    private final Scorer scorer;
    private final BenchImages images;
    private final PrintWriter out;

    public StageBench(Scorer scorer, BenchImages images, PrintWriter out) {
        this.scorer = scorer;
        this.images = images;
        this.out = out;
    }

    public void run(List<Integer> batches) throws ImageRejectedException, InterruptedException {
        for (int batch : batches) {
            if (batch < 1) {
                throw new IllegalArgumentException("--batches: " + batch + " (expected: at least 1)");
            }
        }
        out.println();
        double[] cpu = preparation();
        WarmUp.run(out, "warm-up", 12, round -> measure(batches.get(round % batches.size()), MEASURED_SECONDS));
        double peak = peak();
        out.printf(
                Locale.ROOT,
                "stages, milliseconds per image on one worker (decode %.2f, preprocess %.2f on one core each);"
                        + " images/s of %d worker(s)%n",
                cpu[0],
                cpu[1],
                scorer.checkpoint().compute().workers());
        out.println(" batch   vision  prefill  branches    total  images/s"
                + (Double.isNaN(peak) ? "" : "  FLOPs utilisation"));
        for (int batch : batches) {
            measure(batch, WARM_UP_SECONDS);
            Sums sums = measure(batch, MEASURED_SECONDS);
            String utilisation = Double.isNaN(peak)
                    ? ""
                    : String.format(Locale.ROOT, "  %15.0f %%", 100 * sums.flops / sums.seconds / peak);
            out.printf(
                    Locale.ROOT,
                    "%6d  %7.2f  %7.2f  %8.2f  %7.2f  %8.1f%s%n",
                    batch,
                    sums.vision / 1e6 / sums.images,
                    sums.prefill / 1e6 / sums.images,
                    sums.branches / 1e6 / sums.images,
                    (sums.vision + sums.prefill + sums.branches) / 1e6 / sums.images,
                    sums.images / sums.seconds,
                    utilisation);
            out.flush();
        }
        if (!Double.isNaN(peak)) {
            out.printf(
                    Locale.ROOT,
                    "utilisation is of the %.0f GFLOP/s that a %d x %d matrix product reaches here%n",
                    peak / 1e9,
                    MATRIX,
                    MATRIX);
        }
    }

    /** Sums over all workers. */
    private static final class Sums {
        long vision;
        long prefill;
        long branches;
        long images;
        double flops;
        double seconds;

        synchronized void add(Scorer.Timings t, List<VisualInput> inputs, double operations) {
            vision += t.vision();
            prefill += t.prefill();
            branches += t.branches();
            images += inputs.size();
            flops += operations;
        }
    }

    private Sums measure(int batch, double seconds) throws InterruptedException {
        Sums sums = new Sums();
        long start = System.nanoTime();
        long end = start + (long) (seconds * 1e9);
        Parallel.run(scorer.checkpoint().compute().workers(), worker -> {
            for (int at = worker; System.nanoTime() < end; at += batch) {
                List<VisualInput> inputs = images.batch(at, batch);
                double operations = inputs.stream()
                        .mapToDouble(scorer::floatingPointOperations)
                        .sum();
                sums.add(scorer.score(inputs).timings(), inputs, operations);
            }
        });
        sums.seconds = (System.nanoTime() - start) / 1e9;
        return sums;
    }

    /** Milliseconds per image to decode, and to resize and cut into patches. */
    private double[] preparation() throws ImageRejectedException {
        ImageDecoder decoder = new ImageDecoder(ImageLimits.DEFAULTS);
        double[] nanos = new double[2];
        int n = 0;
        long begin = System.nanoTime();
        for (int i = 0; System.nanoTime() - begin < 2 * MEASURED_SECONDS * 1e9 / 2; i++) {
            long start = System.nanoTime();
            RasterImage image = decoder.decode(images.file(i));
            long decoded = System.nanoTime();
            scorer.checkpoint().preprocessing().apply(image);
            if (System.nanoTime() - begin > WARM_UP_SECONDS * 1e9) {
                nanos[0] += decoded - start;
                nanos[1] += System.nanoTime() - decoded;
                n++;
            }
        }
        return new double[] {nanos[0] / n / 1e6, nanos[1] / n / 1e6};
    }

    /** FLOP/s of large float32 matrix products, one a worker; NaN on a GPU, which computes in another type. */
    private double peak() throws InterruptedException {
        if (scorer.checkpoint().compute().bfloat16()) {
            return Double.NaN;
        }
        int workers = scorer.checkpoint().compute().workers();
        double[] best = new double[workers];
        Parallel.run(workers, worker -> {
            try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
                NDArray a = manager.ones(new Shape(MATRIX, MATRIX), DataType.FLOAT32);
                for (int i = 0; i < 20; i++) {
                    long start = System.nanoTime();
                    try (NDArray product = a.matMul(a)) {
                        product.getFloat(0, 0);
                    }
                    double flops = 2.0 * MATRIX * MATRIX * MATRIX / ((System.nanoTime() - start) / 1e9);
                    best[worker] = Math.max(best[worker], flops);
                }
            }
        });
        return Arrays.stream(best).sum();
    }
}
