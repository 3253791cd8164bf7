package io.realqa.cli.calibrate;

import io.realqa.measures.calibration.Calibration;
import io.realqa.scorer.ScoringProfile;
import io.realqa.streams.calibration.Calibrations;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.DoubleUnaryOperator;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Fits a platform's map from labels, into a file that its digest names. */
@Command(
        name = "fit",
        mixinStandardHelpOptions = true,
        description = {
            "Fits the map from raw scores to a platform's own scale from its labels; few will do.",
            "FILE: JSON Lines with label, and score or predict. Or --labels (image, score) and --scores (what realqa"
                    + " score prints): they are joined by image."
        })
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class FitCommand implements Callable<Integer> {
    private static final int NAMED_DIGITS = 16;
    /** Of the platform: file systems take names of 255 bytes. */
    private static final int NAMED_CHARACTERS = 100;

    /** RealQA's scale: one digit, two decimals. */
    private static final double SMALLEST = 0;

    private static final double LARGEST = 9.99;

    @Parameters(paramLabel = "FILE", arity = "0..1", description = "JSON Lines with label, and score or predict")
    private @Nullable Path file;

    @Option(names = "--labels", paramLabel = "FILE", description = "JSON Lines with image and score (or ratings)")
    private @Nullable Path labels;

    @Option(names = "--scores", paramLabel = "FILE", description = "JSON Lines with imageId, score and provenance")
    private @Nullable Path scores;

    @Option(
            names = "--platform",
            required = true,
            paramLabel = "NAME",
            description = "whose labels they are; *: of all that have no calibration of their own")
    private String platform;

    @Option(names = "--out", required = true, paramLabel = "FOLDER", description = "where the calibration goes")
    private Path out;

    @Option(names = "--profile", paramLabel = "FILE", description = "scoring profile, for the range of scores")
    private @Nullable Path profile;

    @Option(names = "--minimum", paramLabel = "N", description = "smallest score, without --profile (default: 0)")
    private @Nullable Double minimum;

    @Option(names = "--maximum", paramLabel = "N", description = "largest score, without --profile (default: 9.99)")
    private @Nullable Double maximum;

    @Option(names = "--any-model", description = "the map is for scores of whatever model")
    private boolean anyModel;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        ScorePairs.Read read = read();
        List<ScorePair> pairs = read.pairs();
        if (pairs.isEmpty()) {
            throw new IllegalArgumentException("pairs of score and label: 0, and " + read.withoutScore()
                    + " labels of images without a score (expected: at least 1)");
        }
        double[] raw = pairs.stream().mapToDouble(ScorePair::score).toArray();
        double[] given = pairs.stream().mapToDouble(ScorePair::label).toArray();
        ScoringProfile.@Nullable ScoreQuestion range =
                profile == null ? null : ScoringProfile.read(profile).score();
        Calibration fitted = Calibration.fit(
                platform,
                scoredBy(pairs),
                raw,
                given,
                range == null ? orElse(minimum, SMALLEST) : range.minimum().doubleValue(),
                range == null ? orElse(maximum, LARGEST) : range.maximum().doubleValue());
        Files.createDirectories(out);
        Path to = out.resolve(name(fitted));
        fitted.write(to);
        report(fitted, read, raw, given, to);
        return 0;
    }

    private ScorePairs.Read read() {
        boolean both = labels != null && scores != null;
        if (file != null && labels == null && scores == null) {
            return ScorePairs.of(file);
        }
        if (file == null && both) {
            return ScorePairs.of(java.util.Objects.requireNonNull(labels), java.util.Objects.requireNonNull(scores));
        }
        throw new IllegalArgumentException("FILE: " + file + ", --labels: " + labels + ", --scores: " + scores
                + " (expected: FILE alone, or --labels with --scores)");
    }

    private static double orElse(@Nullable Double given, double otherwise) {
        return given == null ? otherwise : given;
    }

    /** One map is for scores of one model: pairs of several would make a map that is right for none. */
    private Map<String, String> scoredBy(List<ScorePair> pairs) {
        if (anyModel) {
            return Map.of();
        }
        Map<String, String> first = pairs.get(0).scoredBy();
        for (ScorePair pair : pairs) {
            if (!pair.scoredBy().equals(first)) {
                throw new IllegalArgumentException("provenance: " + first + " and " + pair.scoredBy()
                        + " (expected: scores of one model; --any-model takes them together)");
            }
        }
        return first;
    }

    private static String name(Calibration fitted) {
        String platform = fitted.platform().equals(Calibrations.ALL)
                ? "all"
                : fitted.platform().replaceAll("[^A-Za-z0-9._-]", "_");
        platform = platform.substring(0, Math.min(platform.length(), NAMED_CHARACTERS));
        String digest = fitted.digest();
        return platform + "-" + digest.substring(digest.indexOf(':') + 1).substring(0, NAMED_DIGITS) + ".json";
    }

    private void report(Calibration fitted, ScorePairs.Read read, double[] raw, double[] given, Path to) {
        PrintWriter err = spec.commandLine().getErr();
        err.printf(
                Locale.ROOT,
                "%s: %d labels, %s; mean absolute error on them %.3f raw, %.3f calibrated%n",
                fitted.platform(),
                fitted.labels(),
                fitted.map().description(),
                error(raw, given, s -> s),
                error(raw, given, fitted::apply));
        if (error(raw, raw, fitted::apply) == 0) {
            err.println("it leaves scores as they are: too few labels to say more (expected: at least 5)");
        }
        if (read.withoutScore() > 0) {
            err.println(read.withoutScore() + " labels are of images without a score and were left out");
        }
        if (read.scoredAgain() > 0) {
            err.println(read.scoredAgain() + " scores are of images scored again: the last one counts");
        }
        if (fitted.scoredBy().isEmpty()) {
            err.println("it is for scores of whatever model"
                    + (anyModel ? "" : ": the lines do not say which gave them (provenance)"));
        }
        err.println("in force with the setting calibration: {\"" + fitted.platform() + "\": " + to + "}");
        err.flush();
        spec.commandLine().getOut().println(to);
        spec.commandLine().getOut().flush();
    }

    private static double error(double[] raw, double[] given, DoubleUnaryOperator map) {
        double sum = 0;
        for (int i = 0; i < raw.length; i++) {
            sum += Math.abs(map.applyAsDouble(raw[i]) - given[i]);
        }
        return sum / raw.length;
    }
}
