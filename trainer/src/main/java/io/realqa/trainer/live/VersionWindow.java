package io.realqa.trainer.live;

import io.realqa.events.ImageLabelled;
import io.realqa.events.ImageScored;
import io.realqa.events.LabelAccepted;
import io.realqa.events.ModelMeasured;
import io.realqa.events.Provenance;
import io.realqa.measures.Agreement;
import io.realqa.measures.Drift;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The newest answers of one version on one platform, and the newest labels that correct them. For one thread. */
final class VersionWindow {
    private static final int BINS = 10;
    /** Scores on each side under which a shift is not computed. */
    private static final int FEWEST_FOR_DRIFT = 50;

    private record Scored(
            double score, double deviation, double entropy, double greedyGap, double offGrammar, Instant at) {}

    private record Labelled(double label, double score, DigitReading.@Nullable Ncm ncm, Map<String, Boolean> right) {}

    private final int size;
    private final Deque<Scored> scores = new ArrayDeque<>();
    private final Deque<Labelled> labels = new ArrayDeque<>();
    private final List<Double> reference = new ArrayList<>();
    private final String platform;
    private Provenance newest;

    /** @param size scores and labels that are kept; as many first scores are the reference for a shift */
    VersionWindow(String platform, Provenance version, int size) {
        this.platform = platform;
        this.newest = version;
        this.size = size;
    }

    void scored(ImageScored s) {
        if (s.getProvenance().getEpoch() >= newest.getEpoch()) {
            newest = s.getProvenance();
        }
        if (!Double.isFinite(s.getScore())) {
            return;
        }
        scores.add(new Scored(
                s.getScore(),
                s.getStandardDeviation(),
                DigitReading.entropy(s.getDigits()),
                Math.abs(s.getScore() - DigitReading.mostProbable(s.getDigits())),
                s.getOffGrammarMass(),
                s.getScoredAt()));
        if (scores.size() > size) {
            scores.remove();
        }
        if (reference.size() < size) {
            reference.add(s.getScore());
        }
    }

    void labelled(LabelAccepted accepted, OptionalDouble label) {
        ImageScored s = accepted.getCorrected();
        ImageLabelled said = accepted.getLabel();
        Map<String, Boolean> right = new TreeMap<>();
        said.getAttributes().forEach((name, value) -> {
            String answer = accepted.getAnswers().get(name);
            if (answer != null) {
                right.put(name, answer.equals(value));
            }
        });
        double of = label.orElse(Double.NaN);
        labels.add(new Labelled(
                of,
                s.getScore(),
                Double.isNaN(of) ? null : DigitReading.ncm(s.getDigits(), of).orElse(null),
                right));
        if (labels.size() > size) {
            labels.remove();
        }
    }

    int scores() {
        return scores.size();
    }

    Instant lastAnswer() {
        return scores.isEmpty() ? Instant.EPOCH : scores.getLast().at();
    }

    /** Every measure that is defined, by its name. */
    Map<String, Double> measures() {
        Map<String, Double> all = new TreeMap<>();
        agreement(all);
        attributes(all);
        drift(all);
        put(all, LiveMeasure.DEVIATION, mean(Scored::deviation));
        put(all, LiveMeasure.DIGIT_ENTROPY, mean(Scored::entropy));
        put(all, LiveMeasure.GREEDY_GAP, mean(Scored::greedyGap));
        put(all, LiveMeasure.OFF_GRAMMAR, mean(Scored::offGrammar));
        all.values().removeIf(v -> !Double.isFinite(v));
        return all;
    }

    private static void put(Map<String, Double> all, LiveMeasure measure, double value) {
        all.put(measure.key(), value);
    }

    private double mean(java.util.function.ToDoubleFunction<Scored> of) {
        return scores.stream().mapToDouble(of).average().orElse(Double.NaN);
    }

    private void agreement(Map<String, Double> all) {
        List<Labelled> scored = labels.stream()
                .filter(l -> !Double.isNaN(l.label()) && Double.isFinite(l.score()))
                .toList();
        if (scored.isEmpty()) {
            return;
        }
        Agreement agreement = Agreement.of(
                scored.stream().mapToDouble(Labelled::label).toArray(),
                scored.stream().mapToDouble(Labelled::score).toArray());
        put(all, LiveMeasure.SRCC, agreement.srcc());
        put(all, LiveMeasure.PLCC, agreement.plcc());
        put(all, LiveMeasure.MAE, agreement.mae());
        List<DigitReading.Ncm> ncm = new ArrayList<>();
        scored.forEach(l -> {
            if (l.ncm() != null) {
                ncm.add(l.ncm());
            }
        });
        put(all, LiveMeasure.NCM_SHARE, (double) ncm.size() / scored.size());
        put(
                all,
                LiveMeasure.NCM,
                ncm.stream()
                        .mapToDouble(DigitReading.Ncm::squaredError)
                        .average()
                        .orElse(Double.NaN));
        put(
                all,
                LiveMeasure.NCM_STAR,
                ncm.stream()
                        .mapToDouble(DigitReading.Ncm::squaredErrorWithoutLabel)
                        .average()
                        .orElse(Double.NaN));
    }

    private void attributes(Map<String, Double> all) {
        Map<String, int[]> counts = new TreeMap<>();
        for (Labelled l : labels) {
            l.right().forEach((name, right) -> {
                int[] count = counts.computeIfAbsent(name, k -> new int[2]);
                count[0] += right ? 1 : 0;
                count[1]++;
            });
        }
        counts.forEach((name, c) -> all.put(LiveMeasure.accuracy(name), (double) c[0] / c[1]));
    }

    private void drift(Map<String, Double> all) {
        // The window must have left the reference behind, or scores would be compared with themselves.
        if (reference.size() < size || scores.size() < FEWEST_FOR_DRIFT) {
            return;
        }
        double[] first = reference.stream().mapToDouble(v -> v).toArray();
        double[] now = scores.stream().mapToDouble(Scored::score).toArray();
        Drift.KolmogorovSmirnov ks = Drift.kolmogorovSmirnov(first, now);
        put(all, LiveMeasure.PSI, Drift.populationStability(first, now, BINS));
        put(all, LiveMeasure.KS, ks.statistic());
        put(all, LiveMeasure.KS_P, ks.p());
    }

    /** The event for the measures' topic. */
    ModelMeasured event(Instant now) {
        return ModelMeasured.newBuilder()
                .setPlatform(platform)
                .setAdapterDigest(newest.getAdapterDigest())
                .setModelDigest(newest.getModelDigest())
                .setProfileDigest(newest.getProfileDigest())
                .setEpoch(newest.getEpoch())
                .setScores(scores.size())
                .setLabels(labels.size())
                .setFrom(scores.isEmpty() ? now : scores.getFirst().at())
                .setTo(scores.isEmpty() ? now : scores.getLast().at())
                .setMeasures(measures())
                .setMeasuredAt(now.truncatedTo(ChronoUnit.MILLIS))
                .build();
    }
}
