package io.realqa.cli.evaluate;

import io.realqa.cli.ProgressLine;
import io.realqa.cli.Terminal;
import io.realqa.measures.Agreement;
import io.realqa.measures.Comparison;
import io.realqa.scorer.ScoringProfile;
import java.io.IOException;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Measures predictions files against their labels. */
@Command(
        name = "evaluate",
        mixinStandardHelpOptions = true,
        description = "Measures predictions files (JSON Lines with label and predict) against their labels.",
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {"0:done", "1:too many unparsable rows", "2:wrong usage, a file that cannot be read"})
@SuppressWarnings("NullAway.Init") // picocli sets the fields
public final class EvaluateCommand implements Callable<Integer> {
    enum Format {
        TABLE,
        JSON
    }

    @Parameters(
            arity = "1..*",
            paramLabel = "FILE",
            description = "generated_predictions.jsonl; of several, each is compared with the first, row by row")
    private List<Path> files;

    @Option(names = "--format", defaultValue = "table", description = "table or json (default: table)")
    private Format format;

    @Option(names = "--html", paramLabel = "REPORT", description = "also write a report with plots to this file")
    private @Nullable Path html;

    @Option(
            names = "--profile",
            paramLabel = "PROFILE",
            description =
                    "scoring profile whose attributes are looked for (default: every \"Name: value\" of the labels)")
    private @Nullable Path profile;

    @Option(
            names = "--map",
            defaultValue = "logistic",
            description = "between predictions and labels, for the mapped measures: logistic (4 parameters) or isotonic"
                    + " (default: logistic)")
    private Evaluation.MapKind map;

    @Option(
            names = "--max-unparsable",
            paramLabel = "SHARE",
            defaultValue = "0.01",
            description = "fail above this share of unparsable rows, 0 to 1 (default: 0.01)")
    private double maxUnparsable;

    @Option(
            names = "--resamples",
            description = "bootstrap resamples for the intervals; 0: none (default: 2000, fewer above 10000 rows)")
    private @Nullable Integer resamples;

    @Option(names = "--seed", defaultValue = "42", description = "of the bootstrap (default: 42)")
    private long seed;

    @Option(
            names = "--released",
            description = "only the two numbers of RealQA's released scorer, which drops what it cannot read")
    private boolean released;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        if (!(maxUnparsable >= 0 && maxUnparsable <= 1)) {
            throw new IllegalArgumentException("--max-unparsable: " + maxUnparsable + " (expected: 0 to 1)");
        }
        PrintWriter out = spec.commandLine().getOut();
        if (released) {
            files.forEach(f -> printReleased(f, out));
            out.flush();
            return 0;
        }
        AttributeText attributes =
                profile == null ? AttributeText.anyNames() : AttributeText.of(ScoringProfile.read(profile));
        List<Evaluation> evaluations = new ArrayList<>();
        for (Path file : files) {
            evaluations.add(evaluate(file, attributes));
        }
        List<Comparison> comparisons = new ArrayList<>();
        for (Evaluation other : evaluations.subList(1, evaluations.size())) {
            comparisons.add(evaluations.get(0).compare(other, Optional.ofNullable(resamples), seed));
        }
        if (format == Format.JSON) {
            out.println(EvaluationJson.of(evaluations, comparisons));
        } else {
            EvaluationTable table = new EvaluationTable(out);
            evaluations.forEach(table::print);
            for (int i = 0; i < comparisons.size(); i++) {
                table.print(evaluations.get(0), evaluations.get(i + 1), comparisons.get(i));
            }
        }
        out.flush();
        if (html != null) {
            Files.writeString(html, EvaluationHtml.of(evaluations, comparisons));
        }
        return tooManyUnparsable(evaluations) ? 1 : 0;
    }

    private Evaluation evaluate(Path path, AttributeText attributes) throws IOException {
        PredictionsFile file;
        PrintWriter err = spec.commandLine().getErr();
        String name = Terminal.plain(String.valueOf(path.getFileName()));
        long bytes = Files.isRegularFile(path) ? Files.size(path) : -1;
        ProgressLine.Task reading = new ProgressLine.Task("reading " + name, bytes, 0, "MB", 1_000_000, Duration.ZERO);
        try (ProgressLine shown = ProgressLine.of(err, reading)) {
            file = PredictionsFile.read(path, attributes, shown::to);
        }
        try (ProgressLine shown = ProgressLine.of(err, new ProgressLine.Task("measuring " + name, -1, "rows"))) {
            return Evaluation.of(file, map, Optional.ofNullable(resamples), seed);
        }
    }

    private boolean tooManyUnparsable(List<Evaluation> evaluations) {
        boolean tooMany = false;
        PrintWriter err = spec.commandLine().getErr();
        for (Evaluation e : evaluations) {
            double share = (double) e.file().unparsable() / e.file().rows();
            if (share > maxUnparsable) {
                tooMany = true;
                err.printf(
                        Locale.ROOT,
                        "realqa: %s: %d of %d rows unparsable, %.2f %% (expected: at most %.2f %%, --max-unparsable)%n",
                        Terminal.plain(e.file().path().toString()),
                        e.file().unparsable(),
                        e.file().rows(),
                        100 * share,
                        100 * maxUnparsable);
            }
        }
        err.flush();
        return tooMany;
    }

    private void printReleased(Path file, PrintWriter out) {
        double[][] scored = PredictionsFile.released(file);
        if (scored[0].length < 2) {
            throw new IllegalArgumentException(
                    file + ": " + scored[0].length + " rows that the released scorer can read (expected: at least 2)");
        }
        Agreement agreement = Agreement.of(scored[0], scored[1]);
        if (files.size() > 1) {
            out.println(Terminal.plain(file.toString()));
        }
        out.println("PLCC: " + shortest(agreement.plcc()));
        out.println("SRCC: " + shortest(agreement.srcc()));
    }

    /** The shortest decimal that is this number, as Python prints it. */
    static String shortest(double value) {
        if (!Double.isFinite(value)) {
            return Double.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
        }
        for (int digits = 1; digits < 17; digits++) {
            BigDecimal rounded = new BigDecimal(value).round(new MathContext(digits));
            if (rounded.doubleValue() == value) {
                String text = rounded.stripTrailingZeros().toPlainString();
                return text.contains(".") ? text : text + ".0";
            }
        }
        return new BigDecimal(value).round(new MathContext(17)).toPlainString();
    }
}
