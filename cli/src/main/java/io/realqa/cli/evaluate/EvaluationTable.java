package io.realqa.cli.evaluate;

import io.realqa.cli.Terminal;
import io.realqa.measures.ClassTable;
import io.realqa.measures.Comparison;
import io.realqa.measures.Interval;
import io.realqa.measures.Measure;
import java.io.PrintWriter;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Evaluations as text for a terminal. */
final class EvaluationTable {
    /** Name of the column of predictions without a value. */
    static final String NO_VALUE = "(none)";

    private final PrintWriter out;

    EvaluationTable(PrintWriter out) {
        this.out = out;
    }

    void print(Evaluation evaluation) {
        PredictionsFile file = evaluation.file();
        line(
                "%s: %d rows, %d with both scores, %d unparsable (%.2f %%)",
                file.path(),
                file.rows(),
                evaluation.scores().map(s -> s.pairs().size()).orElse(0),
                file.unparsable(),
                100.0 * file.unparsable() / file.rows());
        file.problems().forEach(p -> line("  %s", p));
        if (file.unparsable() > file.problems().size()) {
            line("  … and %d more", file.unparsable() - file.problems().size());
        }
        evaluation.scores().ifPresent(this::print);
        print(file.attributes());
        out.println();
    }

    private void print(Evaluation.Scores scores) {
        line("");
        line("  %-6s%9s  %-18s%9s  %-18s", "", "raw", "95 % interval", "mapped", "95 % interval");
        for (Measure m : Measure.values()) {
            line(
                    "  %-6s%9s  %-18s%9s  %-18s",
                    m,
                    number(scores.raw().get(m)),
                    interval(scores.rawIntervals().get(m.ordinal())),
                    number(scores.mapped().get(m)),
                    interval(scores.mappedIntervals().get(m.ordinal())));
        }
        line(
                "  mapped: %s, fitted on these rows; intervals: %d bootstrap resamples, seed %d",
                scores.map().description(),
                scores.bootstrap().resamples(),
                scores.bootstrap().seed());
        line(
                "  calibration error %s over %d bins",
                number(scores.reliability().error()),
                scores.reliability().bins().size());
        scores.notes().forEach(n -> line("  note: %s", n));
    }

    private void print(AttributeCounts attributes) {
        if (!attributes.tables().isEmpty() || !attributes.freeText().isEmpty()) {
            line("");
            line("  %-24s%8s%9s%10s%10s", "attribute", "rows", "missing", "accuracy", "macro F1");
        }
        attributes
                .tables()
                .forEach((name, t) -> line(
                        "  %-24s%8d%9d%10s%10s",
                        name, t.rows(), t.missing(), number(t.accuracy()), number(t.macroF1())));
        attributes
                .freeText()
                .forEach((name, exact) -> line(
                        "  %-24s%8d%9s%10s  free text: share of equal texts",
                        name, exact.rows(), "", number((double) exact.equal() / exact.rows())));
        attributes.tables().forEach((name, t) -> confusion(name, t));
    }

    private void confusion(String name, ClassTable table) {
        List<String> classes = shown(table);
        int width = Math.max(8, classes.stream().mapToInt(String::length).max().orElse(0));
        line("");
        line("  %s: labels down, predictions across", name);
        StringBuilder header = new StringBuilder("  " + " ".repeat(width));
        classes.forEach(c -> header.append(String.format(Locale.ROOT, "%" + (Math.max(6, c.length()) + 2) + "s", c)));
        line("%s%8s%8s", header, NO_VALUE, "F1");
        for (String expected : classes) {
            StringBuilder row = new StringBuilder(String.format(Locale.ROOT, "  %-" + width + "s", expected));
            for (String predicted : classes) {
                row.append(String.format(
                        Locale.ROOT,
                        "%" + (Math.max(6, predicted.length()) + 2) + "d",
                        table.count(expected, Optional.of(predicted))));
            }
            line("%s%8d%8s", row, table.count(expected, Optional.empty()), number(table.f1(expected)));
        }
    }

    /** Classes in the order to show: numbers by size, others as they are. */
    static List<String> shown(ClassTable table) {
        List<String> classes = table.classes();
        return classes.stream().allMatch(c -> c.matches("\\d{1,9}"))
                ? classes.stream()
                        .sorted(Comparator.comparingInt(Integer::parseInt))
                        .toList()
                : classes;
    }

    void print(Evaluation first, Evaluation second, Comparison comparison) {
        line(
                "%s against %s: %d rows scored in both",
                second.file().path(), first.file().path(), comparison.rows());
        line("");
        line("  %-6s%11s  %-20s%8s", "", "difference", "95 % interval", "p");
        for (Measure m : Measure.values()) {
            Comparison.Difference d = comparison.difference(m);
            line("  %-6s%11s  %-20s%8s", m, signed(d.value()), signed(d.interval()), probability(d.p()));
        }
        williams("PLCC", comparison.williamsPlcc());
        williams("SRCC", comparison.williamsSrcc());
        line("  difference: second minus first; p of the paired bootstrap, two-sided");
        out.println();
    }

    private void williams(String measure, Comparison.Williams w) {
        line(
                "  Williams' test of %s: t(%d) = %s, p = %s",
                measure, w.degreesOfFreedom(), number(w.t()), probability(w.p()));
    }

    private void line(String format, Object... values) {
        out.println(Terminal.plain(String.format(Locale.ROOT, format, values)).stripTrailing());
    }

    static String number(double value) {
        return Double.isNaN(value) ? "–" : String.format(Locale.ROOT, "%.4f", value);
    }

    static String probability(double p) {
        return p < 0.0001 ? "<0.0001" : number(p);
    }

    static String interval(Interval i) {
        return Double.isNaN(i.low()) ? "–" : number(i.low()) + " – " + number(i.high());
    }

    private static String signed(double value) {
        return Double.isNaN(value) ? "–" : String.format(Locale.ROOT, "%+.4f", value);
    }

    private static String signed(Interval i) {
        return Double.isNaN(i.low()) ? "–" : signed(i.low()) + " – " + signed(i.high());
    }
}
