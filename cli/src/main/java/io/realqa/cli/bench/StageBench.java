package io.realqa.cli.bench;

import io.realqa.scorer.Compute;
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
    /** A GPU needs more to be at work with. */
    private static final int MATRIX_CPU = 1024;

    private static final int MATRIX_GPU = 8192;

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
        WarmUp.run(out, "warm-up", 12, round -> measure(batches.get(round % batches.size()), MEASURED_SECONDS, false));
        double peak = peak();
        out.printf(
                Locale.ROOT,
                "stages, milliseconds per image on one worker (decode %.2f, preprocess %.2f on one core each);"
                        + " images/s of %d worker(s)%n",
                cpu[0],
                cpu[1],
                scorer.checkpoint().compute().workers());
        out.println(" batch   vision  prefill  branches    total  images/s  FLOPs utilisation");
        for (int batch : batches) {
            measure(batch, WARM_UP_SECONDS, false);
            Sums stages = measure(batch, MEASURED_SECONDS, true);
            Sums whole = measure(batch, MEASURED_SECONDS, false);
            out.printf(
                    Locale.ROOT,
                    "%6d  %7.2f  %7.2f  %8.2f  %7.2f  %8.1f  %15.0f %%%n",
                    batch,
                    stages.vision / 1e6 / stages.images,
                    stages.prefill / 1e6 / stages.images,
                    stages.branches / 1e6 / stages.images,
                    (stages.vision + stages.prefill + stages.branches) / 1e6 / stages.images,
                    whole.images / whole.seconds,
                    100 * whole.flops / whole.seconds / peak);
            out.flush();
        }
        out.printf(
                Locale.ROOT,
                "utilisation is of the %.0f GFLOP/s that a %d x %d matrix product in %s reaches here%n",
                peak / 1e9,
                matrix(),
                matrix(),
                compute().precision());
    }

    private Compute compute() {
        return scorer.checkpoint().compute();
    }

    private int matrix() {
        return compute().onCpu() ? MATRIX_CPU : MATRIX_GPU;
    }

    /** Sums over all workers. */
    private static final class Sums {
        long vision;
        long prefill;
        long branches;
        long images;
        double flops;
        double seconds;

        synchronized void add(Scorer.Timings t) {
            vision += t.vision();
            prefill += t.prefill();
            branches += t.branches();
        }

        synchronized void add(List<VisualInput> inputs, double operations) {
            images += inputs.size();
            flops += operations;
        }
    }

    /** @param staged whether to time the stages, rather than the whole only */
    private Sums measure(int batch, double seconds, boolean staged) throws InterruptedException {
        Sums sums = new Sums();
        long start = System.nanoTime();
        long end = start + (long) (seconds * 1e9);
        Parallel.run(scorer.checkpoint().compute().workers(), worker -> {
            for (int at = worker; System.nanoTime() < end; at += batch) {
                List<VisualInput> inputs = images.batch(at, batch);
                double operations = inputs.stream()
                        .mapToDouble(scorer::floatingPointOperations)
                        .sum();
                if (staged) {
                    sums.add(scorer.time(inputs));
                } else {
                    scorer.score(inputs);
                }
                sums.add(inputs, operations);
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

    /** FLOP/s of large matrix products, one a worker. */
    private double peak() throws InterruptedException {
        double[] best = new double[compute().workers()];
        Parallel.run(best.length, worker -> best[worker] = scorer.checkpoint().productRate(matrix(), 20));
        return Arrays.stream(best).sum();
    }
}
