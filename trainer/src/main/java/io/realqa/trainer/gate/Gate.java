package io.realqa.trainer.gate;

import io.realqa.trainer.gate.Evidence.Judged;
import io.realqa.trainer.gate.Evidence.RightOrWrong;
import io.realqa.trainer.gate.Evidence.Series;
import io.realqa.trainer.gate.PairedBootstrap.Interval;
import io.realqa.trainer.gate.Verdict.Decision;
import io.realqa.trainer.training.Agreement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Decides on a candidate. It is promoted if its SRCC on the held-out images is higher for certain (the paired
 * bootstrap's interval lies above 0) and nothing guarded is worse for certain: the SRCC of a slice, an attribute's
 * accuracy, the mean absolute error, the order within degradation series. It is rejected if it is worse for certain, or
 * something guarded is. Otherwise more labels are needed.
 *
 * <p>Pure: the same evidence and settings give the same verdict.
 */
public final class Gate {
    private final GateSettings settings;

    public Gate(GateSettings settings) {
        this.settings = settings;
    }

    /** What a verdict is collected in. */
    private static final class Findings {
        final List<String> against = new ArrayList<>();
        final List<String> open = new ArrayList<>();
        final List<String> inFavour = new ArrayList<>();
        final Map<String, Double> numbers = new TreeMap<>();
    }

    /** Decides. */
    public Verdict decide(Evidence evidence) {
        Findings found = new Findings();
        List<Judged> images = evidence.images();
        for (Judged j : images) {
            if (!Double.isFinite(j.candidate())) {
                found.against.add(
                        j.image() + ": the candidate's score is " + j.candidate() + " (expected: a finite number)");
                return verdict(Decision.REJECT, found);
            }
        }
        found.numbers.put("images", (double) images.size());
        if (images.size() < settings.minimumImages()) {
            found.open.add(images.size() + " held-out images (expected: at least " + settings.minimumImages() + ")");
            return verdict(Decision.NEED_MORE, found);
        }
        compare(images, found);
        guardSlices(images, found);
        guardAttributes(images, found);
        guardCalibration(images, found);
        guardMonotonicity(evidence.series(), found);
        if (!found.against.isEmpty()) {
            return verdict(Decision.REJECT, found);
        }
        return verdict(found.open.isEmpty() ? Decision.PROMOTE : Decision.NEED_MORE, found);
    }

    private static Verdict verdict(Decision decision, Findings found) {
        List<String> reasons = new ArrayList<>(found.against);
        reasons.addAll(found.open);
        reasons.addAll(found.inFavour);
        found.numbers.values().removeIf(v -> v.isNaN());
        return new Verdict(decision, reasons, found.numbers);
    }

    private void compare(List<Judged> images, Findings found) {
        double before = srcc(images, all(images.size()), false);
        double after = srcc(images, all(images.size()), true);
        Interval gain = srccGain(images);
        found.numbers.put("srcc.serving", before);
        found.numbers.put("srcc.candidate", after);
        put(found, "srcc.gain", gain);
        String text = String.format(
                Locale.ROOT,
                "SRCC on %d held-out images %.4f, serving %.4f: %s",
                images.size(),
                after,
                before,
                text(gain));
        if (Double.isNaN(after) && !Double.isNaN(before)) {
            found.against.add("the candidate gives every held-out image the same score (expected: scores that differ)");
        } else if (Double.isNaN(gain.low())) {
            found.open.add(text + ", undefined for constant scores");
        } else if (gain.low() > 0) {
            found.inFavour.add(text + ", better for certain");
        } else if (gain.high() < 0) {
            found.against.add(text + ", worse for certain");
        } else {
            found.open.add(text + ", which may be chance");
        }
    }

    private void guardSlices(List<Judged> images, Findings found) {
        Map<String, List<Judged>> slices = new TreeMap<>();
        for (Judged j : images) {
            j.slices()
                    .forEach((kind, value) -> slices.computeIfAbsent(kind + " " + value, k -> new ArrayList<>())
                            .add(j));
        }
        slices.forEach((name, slice) -> {
            if (slice.size() < settings.minimumSliceImages()) {
                return;
            }
            Interval gain = srccGain(slice);
            put(found, "slice." + name, gain);
            if (gain.high() < -settings.sliceTolerance()) {
                found.against.add(String.format(
                        Locale.ROOT,
                        "%s: SRCC on %d images %s (expected: a loss of at most %s)",
                        name,
                        slice.size(),
                        text(gain),
                        settings.sliceTolerance()));
            }
        });
    }

    private void guardAttributes(List<Judged> images, Findings found) {
        Map<String, List<RightOrWrong>> answers = new TreeMap<>();
        for (Judged j : images) {
            j.attributes()
                    .forEach((name, answer) -> answers.computeIfAbsent(name, k -> new ArrayList<>())
                            .add(answer));
        }
        answers.forEach((name, all) -> {
            if (all.size() < settings.minimumSliceImages()) {
                return;
            }
            Interval gain = bootstrap(all.size(), drawn -> {
                double sum = 0;
                for (int i : drawn) {
                    sum += (all.get(i).candidate() ? 1 : 0) - (all.get(i).serving() ? 1 : 0);
                }
                return sum / drawn.length;
            });
            put(found, "accuracy." + name, gain);
            if (gain.high() < -settings.accuracyTolerance()) {
                found.against.add(String.format(
                        Locale.ROOT,
                        "%s: accuracy on %d images %s (expected: a loss of at most %s)",
                        name,
                        all.size(),
                        text(gain),
                        settings.accuracyTolerance()));
            }
        });
    }

    private void guardCalibration(List<Judged> images, Findings found) {
        Interval growth = bootstrap(images.size(), drawn -> {
            double sum = 0;
            for (int i : drawn) {
                Judged j = images.get(i);
                sum += Math.abs(j.candidate() - j.label()) - Math.abs(j.serving() - j.label());
            }
            return sum / drawn.length;
        });
        put(found, "meanAbsoluteError.growth", growth);
        if (growth.low() > settings.calibrationTolerance()) {
            found.against.add(String.format(
                    Locale.ROOT,
                    "calibration: mean absolute error %s points (expected: a growth of at most %s)",
                    text(growth),
                    settings.calibrationTolerance()));
        }
    }

    /** Share of the pairs of strengths, in all series, whose stronger degradation has the lower score. */
    private void guardMonotonicity(List<Series> series, Findings found) {
        Map<String, List<Series>> kinds = new TreeMap<>();
        series.forEach(s ->
                kinds.computeIfAbsent(s.degradation(), k -> new ArrayList<>()).add(s));
        kinds.forEach((name, all) -> {
            double before = ordered(all.stream().map(Series::serving).toList());
            double after = ordered(all.stream().map(Series::candidate).toList());
            found.numbers.put("ordered." + name + ".serving", before);
            found.numbers.put("ordered." + name + ".candidate", after);
            if (after < before - settings.monotonicityTolerance()) {
                found.against.add(String.format(
                        Locale.ROOT,
                        "%s: %.1f %% of the pairs of strengths in order, serving %.1f %% (expected: a loss of at most"
                                + " %.1f %%)",
                        name,
                        100 * after,
                        100 * before,
                        100 * settings.monotonicityTolerance()));
            }
        });
    }

    private static double ordered(List<List<Double>> series) {
        long pairs = 0;
        long right = 0;
        for (List<Double> scores : series) {
            for (int i = 0; i < scores.size(); i++) {
                for (int j = i + 1; j < scores.size(); j++) {
                    pairs++;
                    right += scores.get(j) < scores.get(i) ? 1 : 0;
                }
            }
        }
        return (double) right / pairs;
    }

    private Interval srccGain(List<Judged> images) {
        return bootstrap(images.size(), drawn -> srcc(images, drawn, true) - srcc(images, drawn, false));
    }

    private Interval bootstrap(int images, java.util.function.ToDoubleFunction<int[]> difference) {
        return PairedBootstrap.of(images, settings.confidence(), settings.resamples(), settings.seed(), difference);
    }

    private static double srcc(List<Judged> images, int[] drawn, boolean candidate) {
        double[] labels = new double[drawn.length];
        double[] scores = new double[drawn.length];
        for (int i = 0; i < drawn.length; i++) {
            Judged j = images.get(drawn[i]);
            labels[i] = j.label();
            scores[i] = candidate ? j.candidate() : j.serving();
        }
        return Agreement.spearman(scores, labels);
    }

    private static int[] all(int n) {
        return java.util.stream.IntStream.range(0, n).toArray();
    }

    private static void put(Findings found, String name, Interval interval) {
        found.numbers.put(name, interval.difference());
        found.numbers.put(name + ".low", interval.low());
        found.numbers.put(name + ".high", interval.high());
    }

    private String text(Interval interval) {
        return String.format(
                Locale.ROOT,
                "%+.4f (%.0f %% interval %+.4f to %+.4f)",
                interval.difference(),
                100 * settings.confidence(),
                interval.low(),
                interval.high());
    }
}
