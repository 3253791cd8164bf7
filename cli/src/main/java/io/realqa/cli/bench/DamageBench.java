package io.realqa.cli.bench;

import io.realqa.measures.Agreement;
import io.realqa.scorer.Score;
import io.realqa.scorer.Scorer;
import io.realqa.scorer.image.ImageDecoder;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.scorer.image.ImageRejectedException;
import io.realqa.scorer.image.RasterImage;
import io.realqa.scorer.image.VisualInput;
import io.realqa.trainer.degradation.Degradation;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/** How well scores fall as photographs are spoilt more and more. */
public final class DamageBench {
    private static final long SEED = 7;

    private final Scorer scorer;
    private final BenchImages images;
    private final PrintWriter out;

    public DamageBench(Scorer scorer, BenchImages images, PrintWriter out) {
        this.scorer = scorer;
        this.images = images;
        this.out = out;
    }

    /** Prints a line for each degradation that spoils any picture. */
    public void run() throws ImageRejectedException {
        for (Degradation kind : Degradation.UNDISPUTED) {
            out.printf(
                    Locale.ROOT,
                    "damage: %-9s mean Spearman of strength and score over %d images: %.3f%n",
                    kind.label(),
                    images.files().size(),
                    meanSpearman(kind));
            out.flush();
        }
    }

    /** Mean over the images of the rank correlation of strength, 0 to {@link Degradation#STRENGTHS}, and score. */
    public double meanSpearman(Degradation kind) throws ImageRejectedException {
        ImageDecoder decoder = new ImageDecoder(ImageLimits.DEFAULTS);
        double[] strengths = IntStream.rangeClosed(0, Degradation.STRENGTHS)
                .mapToDouble(s -> s)
                .toArray();
        double sum = 0;
        for (byte[] file : images.files()) {
            RasterImage image = decoder.decode(file);
            List<VisualInput> batch = new ArrayList<>();
            for (int strength = 0; strength <= Degradation.STRENGTHS; strength++) {
                RasterImage shown = strength == 0 ? image : kind.apply(image, strength, SEED);
                batch.add(scorer.checkpoint().preprocessing().apply(shown));
            }
            double[] scores = scorer.score(batch).scores().stream()
                    .mapToDouble(Score::expectation)
                    .toArray();
            sum += Agreement.of(strengths, scores).srcc();
        }
        return sum / images.files().size();
    }
}
