package io.realqa.trainer.training;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.hipparchus.stat.correlation.PearsonsCorrelation;
import org.hipparchus.stat.correlation.SpearmansCorrelation;

/**
 * How well predictions agree with labels.
 *
 * @param images with a score label
 * @param srcc Spearman's rank correlation of expectation and label; NaN under three images or for constants
 * @param plcc Pearson's correlation; likewise
 * @param meanAbsoluteError in score points
 * @param bias mean of expectation - label
 * @param calibrationError mean over the bins of {@link #bins} of |mean expectation - mean label|, weighted by size
 * @param coverage share of the labels inside the model's 5 % to 95 % interval
 * @param attributeAccuracy share of right values, for each attribute that is labelled
 */
public record Agreement(
        int images,
        double srcc,
        double plcc,
        double meanAbsoluteError,
        double bias,
        double calibrationError,
        double coverage,
        Map<String, Double> attributeAccuracy) {
    private static final int MOST_BINS = 10;
    private static final int SMALLEST_BIN = 5;

    /** A group of images with similar expectations. */
    public record Bin(int images, double expectation, double label) {}

    /** Measures predictions; those without a score label count for attributes only. */
    public static Agreement of(List<Prediction> all) {
        List<Prediction> scored =
                all.stream().filter(p -> !Double.isNaN(p.label())).toList();
        double[] expectations =
                scored.stream().mapToDouble(Prediction::expectation).toArray();
        double[] labels = scored.stream().mapToDouble(Prediction::label).toArray();
        double absolute = 0;
        double bias = 0;
        double inside = 0;
        for (Prediction p : scored) {
            absolute += Math.abs(p.expectation() - p.label());
            bias += p.expectation() - p.label();
            inside += p.label() >= p.low() && p.label() <= p.high() ? 1 : 0;
        }
        int n = scored.size();
        double calibration = bins(scored).stream()
                        .mapToDouble(b -> b.images() * Math.abs(b.expectation() - b.label()))
                        .sum()
                / n;
        return new Agreement(
                n,
                spearman(expectations, labels),
                pearson(expectations, labels),
                absolute / n,
                bias / n,
                calibration,
                inside / n,
                accuracies(all));
    }

    /** Spearman's rank correlation, NaN under three pairs or where one side is constant. */
    public static double spearman(double[] a, double[] b) {
        return a.length < 3 ? Double.NaN : new SpearmansCorrelation().correlation(a, b);
    }

    /** Pearson's correlation; likewise. */
    public static double pearson(double[] a, double[] b) {
        return a.length < 3 ? Double.NaN : new PearsonsCorrelation().correlation(a, b);
    }

    /** Images with a score label in order of their expectations, in up to ten groups of the same size. */
    public static List<Bin> bins(List<Prediction> all) {
        List<Prediction> sorted = all.stream()
                .filter(p -> !Double.isNaN(p.label()))
                .sorted(Comparator.comparingDouble(Prediction::expectation))
                .toList();
        int count = Math.min(MOST_BINS, Math.max(1, sorted.size() / SMALLEST_BIN));
        List<Bin> bins = new ArrayList<>();
        for (int i = 0; i < count && !sorted.isEmpty(); i++) {
            List<Prediction> bin = sorted.subList(i * sorted.size() / count, (i + 1) * sorted.size() / count);
            bins.add(new Bin(bin.size(), mean(bin, true), mean(bin, false)));
        }
        return bins;
    }

    private static double mean(List<Prediction> all, boolean expectation) {
        return all.stream()
                .mapToDouble(p -> expectation ? p.expectation() : p.label())
                .average()
                .orElse(Double.NaN);
    }

    private static Map<String, Double> accuracies(List<Prediction> all) {
        Map<String, int[]> counts = new TreeMap<>();
        for (Prediction p : all) {
            p.image().label().attributes().forEach((name, value) -> {
                int[] count = counts.computeIfAbsent(name, n -> new int[2]);
                count[0] += value.equals(p.attributes().get(name)) ? 1 : 0;
                count[1]++;
            });
        }
        Map<String, Double> accuracies = new TreeMap<>();
        counts.forEach((name, c) -> accuracies.put(name, (double) c[0] / c[1]));
        return accuracies;
    }
}
