package io.realqa.cli.bench;

import io.realqa.scorer.Scorer;
import io.realqa.scorer.image.ImageDecoder;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.scorer.image.ImageRejectedException;
import io.realqa.scorer.image.VisualInput;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Resident memory after half of the images and after all of them: what leaks shows. */
public final class MemoryBench {
    private static final int BATCH = 8;
    private static final Path STATUS = Path.of("/proc/self/status");

    private final Scorer scorer;
    private final BenchImages images;
    private final PrintWriter out;

    public MemoryBench(Scorer scorer, BenchImages images, PrintWriter out) {
        this.scorer = scorer;
        this.images = images;
        this.out = out;
    }

    public void run(int count) throws IOException, ImageRejectedException {
        ImageDecoder decoder = new ImageDecoder(ImageLimits.DEFAULTS);
        long half = 0;
        for (int at = 0; at < count; at += BATCH) {
            List<VisualInput> batch = new ArrayList<>();
            for (int i = at; i < Math.min(count, at + BATCH); i++) {
                batch.add(scorer.checkpoint().preprocessing().apply(decoder.decode(images.file(i))));
            }
            scorer.score(batch);
            if (half == 0 && at + BATCH >= count / 2) {
                half = residentKib();
                out.printf(Locale.ROOT, "%nmemory: %d MiB resident after %d images%n", half >> 10, count / 2);
                out.flush();
            }
        }
        long all = residentKib();
        out.printf(
                Locale.ROOT,
                "memory: %d MiB resident after %d images; %+.1f %%%n",
                all >> 10,
                count,
                100.0 * (all - half) / half);
        out.flush();
    }

    private static long residentKib() throws IOException {
        return Files.readAllLines(STATUS).stream()
                .filter(l -> l.startsWith("VmRSS:"))
                .mapToLong(l -> Long.parseLong(l.replaceAll("\\D", "")))
                .findFirst()
                .orElseThrow(() -> new IOException(STATUS + ": no VmRSS (expected: Linux)"));
    }
}
