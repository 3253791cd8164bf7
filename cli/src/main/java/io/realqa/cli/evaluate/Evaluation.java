package io.realqa.cli.evaluate;

import io.realqa.measures.Agreement;
import io.realqa.measures.Bootstrap;
import io.realqa.measures.Comparison;
import io.realqa.measures.Interval;
import io.realqa.measures.IsotonicMap;
import io.realqa.measures.LogisticMap;
import io.realqa.measures.MonotoneMap;
import io.realqa.measures.Reliability;
import io.realqa.measures.ScorePairs;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * What one predictions file measures.
 *
 * @param scores empty where no row has both scores
 */
record Evaluation(PredictionsFile file, Optional<Scores> scores) {
    private static final int CALIBRATION_BINS = 10;

    enum MapKind {
        LOGISTIC,
        ISOTONIC
    }

    /**
     * Of the scores.
     *
     * @param raw as predicted
     * @param rawIntervals of each measure, in order
     * @param map fitted on these very rows, as the field reports it; PLCC and the errors after it are optimistic
     * @param mapped after the map
     * @param mappedIntervals of PLCC and the errors; the map is not fitted again in the resamples
     * @param notes what is undefined, and why
     */
    record Scores(
            ScorePairs pairs,
            Bootstrap bootstrap,
            Agreement raw,
            List<Interval> rawIntervals,
            MonotoneMap map,
            Agreement mapped,
            List<Interval> mappedIntervals,
            Reliability reliability,
            List<String> notes) {}

    static Evaluation of(PredictionsFile file, MapKind kind, Optional<Integer> resamples, long seed) {
        double[][] scored = file.scored();
        if (scored[0].length == 0) {
            return new Evaluation(file, Optional.empty());
        }
        ScorePairs pairs = new ScorePairs(scored[0], scored[1]);
        Bootstrap bootstrap = bootstrap(pairs.size(), resamples, seed);
        MonotoneMap map = kind == MapKind.LOGISTIC
                ? LogisticMap.fit(scored[1], scored[0])
                : IsotonicMap.fit(scored[1], scored[0]);
        ScorePairs mapped = pairs.withPredictions(map.apply(scored[1]));
        return new Evaluation(
                file,
                Optional.of(new Scores(
                        pairs,
                        bootstrap,
                        Agreement.of(pairs),
                        bootstrap.intervals(pairs),
                        map,
                        Agreement.of(mapped),
                        bootstrap.intervalsWithoutRanks(mapped),
                        Reliability.of(pairs, CALIBRATION_BINS),
                        notes(pairs))));
    }

    private static Bootstrap bootstrap(int rows, Optional<Integer> resamples, long seed) {
        Bootstrap byDefault = Bootstrap.forRows(rows, seed);
        return resamples
                .map(r -> new Bootstrap(r, seed, byDefault.confidence()))
                .orElse(byDefault);
    }

    private static List<String> notes(ScorePairs pairs) {
        List<String> notes = new ArrayList<>();
        if (pairs.size() < 3) {
            notes.add(pairs.size() + " scored rows: correlations mean nothing (expected: at least 3)");
        }
        if (pairs.size() > 1 && pairs.labelsAreConstant()) {
            notes.add("all labels are " + pairs.labels()[0] + ": correlations are undefined");
        }
        if (pairs.size() > 1 && pairs.predictionsAreConstant()) {
            notes.add("all predictions are " + pairs.predictions()[0] + ": correlations are undefined");
        }
        return List.copyOf(notes);
    }

    /**
     * This file against another one with the same rows in the same order; rows that either lacks are left out.
     *
     * @throws IllegalArgumentException if the rows are not the same
     */
    Comparison compare(Evaluation other, Optional<Integer> resamples, long seed) {
        PredictionsFile a = file;
        PredictionsFile b = other.file;
        if (a.rows() != b.rows()) {
            throw new IllegalArgumentException(b.path() + ": " + b.rows() + " rows (expected: " + a.rows() + ", as "
                    + a.path() + " has; a comparison needs the same rows in the same order)");
        }
        double[] labels = new double[a.rows()];
        double[] first = new double[a.rows()];
        double[] second = new double[a.rows()];
        int count = 0;
        for (int i = 0; i < a.rows(); i++) {
            if (Double.isNaN(a.labels()[i]) || Double.isNaN(b.labels()[i])) {
                continue;
            }
            if (a.labels()[i] != b.labels()[i]) {
                throw new IllegalArgumentException(b.path() + ": label " + b.labels()[i] + " in row " + (i + 1)
                        + " (expected: " + a.labels()[i] + ", as " + a.path()
                        + " has; a comparison needs the same rows in the same order)");
            }
            labels[count] = a.labels()[i];
            first[count] = a.predictions()[i];
            second[count++] = b.predictions()[i];
        }
        if (count == 0) {
            throw new IllegalArgumentException(
                    a.path() + " and " + b.path() + ": no row is scored in both (expected: at least 1)");
        }
        ScorePairs one = new ScorePairs(Arrays.copyOf(labels, count), Arrays.copyOf(first, count));
        return Comparison.of(one, one.withPredictions(Arrays.copyOf(second, count)), bootstrap(count, resamples, seed));
    }
}
