package io.realqa.cli.evaluate;

import io.realqa.measures.ClassTable;
import io.realqa.measures.Comparison;
import io.realqa.measures.IsotonicMap;
import io.realqa.measures.Measure;
import io.realqa.measures.plot.Plots;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Evaluations as one HTML page that needs nothing else: the plots are inside. */
final class EvaluationHtml {
    private static final String HEAD = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width">
            <title>Evaluation</title>
            <style>
            body { font: 15px/1.45 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
            table { border-collapse: collapse; margin: 1rem 0 }
            th, td { padding: .25rem .7rem; border-bottom: 1px solid #ddd; text-align: right }
            th:first-child, td:first-child { text-align: left }
            td.hit { background: #e4efe4 }
            figure { display: inline-block; margin: 0 1rem 1rem 0 }
            figcaption, .note { color: #555 }
            img { max-width: 100% }
            </style>
            </head>
            <body>
            """;

    private final StringBuilder html = new StringBuilder(HEAD);

    static String of(List<Evaluation> evaluations, List<Comparison> comparisons) {
        EvaluationHtml page = new EvaluationHtml();
        page.add("<h1>Evaluation</h1>");
        evaluations.forEach(page::file);
        for (int i = 0; i < comparisons.size(); i++) {
            page.comparison(evaluations.get(0), evaluations.get(i + 1), comparisons.get(i));
        }
        page.add("</body>\n</html>");
        return page.html.toString();
    }

    private void file(Evaluation evaluation) {
        PredictionsFile file = evaluation.file();
        add("<h2>" + escape(file.path().toString()) + "</h2>");
        add(String.format(
                Locale.ROOT,
                "<p>%d rows, %d with both scores, %d unparsable (%.2f %%).</p>",
                file.rows(),
                evaluation.scores().map(s -> s.pairs().size()).orElse(0),
                file.unparsable(),
                100.0 * file.unparsable() / file.rows()));
        if (!file.problems().isEmpty()) {
            add("<ul>");
            file.problems().forEach(p -> add("<li>" + escape(p) + "</li>"));
            add("</ul>");
        }
        evaluation.scores().ifPresent(this::scores);
        attributes(file.attributes());
    }

    private void scores(Evaluation.Scores s) {
        add("<table><tr><th></th><th>raw</th><th>95 % interval</th><th>mapped</th><th>95 % interval</th></tr>");
        for (Measure m : Measure.values()) {
            row(
                    m.name(),
                    EvaluationTable.number(s.raw().get(m)),
                    EvaluationTable.interval(s.rawIntervals().get(m.ordinal())),
                    EvaluationTable.number(s.mapped().get(m)),
                    EvaluationTable.interval(s.mappedIntervals().get(m.ordinal())));
        }
        add("</table>");
        add("<p class=\"note\">Mapped: " + s.map().description() + ", fitted on these rows. Intervals: "
                + s.bootstrap().resamples() + " bootstrap resamples, seed "
                + s.bootstrap().seed() + ". Calibration error: "
                + EvaluationTable.number(s.reliability().error()) + ".</p>");
        s.notes().forEach(n -> add("<p class=\"note\">" + escape(n) + "</p>"));
        int points = Math.min(Plots.MOST_POINTS, s.pairs().size());
        figure(
                Plots.scatter(s.pairs(), s.map(), "Labels and predictions"),
                points + " of " + s.pairs().size() + " rows, and the map.");
        figure(
                Plots.calibration(
                        s.reliability(),
                        IsotonicMap.fit(s.pairs().predictions(), s.pairs().labels()),
                        "Calibration"),
                "Mean label over mean prediction, in bins of equally many rows, and the isotonic fit.");
    }

    private void figure(byte[] png, String caption) {
        add("<figure><img alt=\"" + escape(caption) + "\" src=\"data:image/png;base64,"
                + Base64.getEncoder().encodeToString(png) + "\"><figcaption>" + escape(caption)
                + "</figcaption></figure>");
    }

    private void attributes(AttributeCounts attributes) {
        if (attributes.tables().isEmpty() && attributes.freeText().isEmpty()) {
            return;
        }
        add("<h3>Attributes</h3>");
        add("<table><tr><th>attribute</th><th>rows</th><th>missing</th><th>accuracy</th><th>macro F1</th></tr>");
        attributes
                .tables()
                .forEach((name, t) -> row(
                        escape(name),
                        Long.toString(t.rows()),
                        Long.toString(t.missing()),
                        EvaluationTable.number(t.accuracy()),
                        EvaluationTable.number(t.macroF1())));
        attributes
                .freeText()
                .forEach((name, exact) -> row(
                        escape(name) + " (free text)",
                        Long.toString(exact.rows()),
                        "",
                        EvaluationTable.number((double) exact.equal() / exact.rows()),
                        ""));
        add("</table>");
        attributes.tables().forEach(this::confusion);
    }

    private void confusion(String name, ClassTable table) {
        List<String> classes = EvaluationTable.shown(table);
        StringBuilder head = new StringBuilder("<h4>" + escape(name) + "</h4><table><tr><th>label ╲ prediction</th>");
        classes.forEach(c -> head.append("<th>").append(escape(c)).append("</th>"));
        add(head + "<th>" + EvaluationTable.NO_VALUE + "</th><th>F1</th></tr>");
        for (String expected : classes) {
            StringBuilder row = new StringBuilder("<tr><td>" + escape(expected) + "</td>");
            for (String predicted : classes) {
                row.append(expected.equals(predicted) ? "<td class=\"hit\">" : "<td>")
                        .append(table.count(expected, Optional.of(predicted)))
                        .append("</td>");
            }
            add(row + "<td>" + table.count(expected, Optional.empty()) + "</td><td>"
                    + EvaluationTable.number(table.f1(expected)) + "</td></tr>");
        }
        add("</table>");
    }

    private void comparison(Evaluation first, Evaluation second, Comparison c) {
        add("<h2>" + escape(second.file().path().toString()) + " against "
                + escape(first.file().path().toString()) + "</h2>");
        add("<p>" + c.rows() + " rows scored in both. Differences: second minus first.</p>");
        add("<table><tr><th></th><th>difference</th><th>95 % interval</th><th>p</th></tr>");
        for (Measure m : Measure.values()) {
            Comparison.Difference d = c.difference(m);
            row(
                    m.name(),
                    EvaluationTable.number(d.value()),
                    EvaluationTable.interval(d.interval()),
                    escape(EvaluationTable.probability(d.p())));
        }
        add("</table>");
        williams("PLCC", c.williamsPlcc());
        williams("SRCC", c.williamsSrcc());
    }

    private void williams(String measure, Comparison.Williams w) {
        add("<p class=\"note\">Williams' test of " + measure + ": t(" + w.degreesOfFreedom() + ") = "
                + EvaluationTable.number(w.t()) + ", p = " + escape(EvaluationTable.probability(w.p())) + ".</p>");
    }

    private void row(String... cells) {
        add("<tr><td>" + String.join("</td><td>", cells) + "</td></tr>");
    }

    private void add(String line) {
        html.append(line).append('\n');
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
