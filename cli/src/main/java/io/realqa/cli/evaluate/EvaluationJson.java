package io.realqa.cli.evaluate;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.realqa.measures.ClassTable;
import io.realqa.measures.Comparison;
import io.realqa.measures.Interval;
import io.realqa.measures.Measure;
import io.realqa.measures.Reliability;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Evaluations as one JSON object. What is undefined is null. */
final class EvaluationJson {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private EvaluationJson() {}

    static String of(List<Evaluation> evaluations, List<Comparison> comparisons) {
        ObjectNode json = MAPPER.createObjectNode();
        ArrayNode files = json.putArray("files");
        evaluations.forEach(e -> file(files.addObject(), e));
        ArrayNode compared = json.putArray("comparisons");
        for (int i = 0; i < comparisons.size(); i++) {
            ObjectNode c = compared.addObject();
            c.put("first", evaluations.get(0).file().path().toString());
            c.put("second", evaluations.get(i + 1).file().path().toString());
            comparison(c, comparisons.get(i));
        }
        try {
            return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(json);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void file(ObjectNode json, Evaluation evaluation) {
        PredictionsFile file = evaluation.file();
        json.put("file", file.path().toString());
        json.put("rows", file.rows());
        json.put("scored", evaluation.scores().map(s -> s.pairs().size()).orElse(0));
        json.put("unparsable", file.unparsable());
        file.problems().forEach(json.putArray("problems")::add);
        evaluation.scores().ifPresent(s -> {
            measures(json.putObject("raw"), s, true);
            ObjectNode mapped = json.putObject("mapped");
            mapped.put("map", s.map().description());
            measures(mapped, s, false);
            ObjectNode bootstrap = json.putObject("bootstrap");
            bootstrap.put("resamples", s.bootstrap().resamples());
            bootstrap.put("seed", s.bootstrap().seed());
            bootstrap.put("confidence", s.bootstrap().confidence());
            ObjectNode calibration = json.putObject("calibration");
            number(calibration, "error", s.reliability().error());
            ArrayNode bins = calibration.putArray("bins");
            for (Reliability.Bin bin : s.reliability().bins()) {
                ObjectNode b = bins.addObject();
                b.put("rows", bin.rows());
                number(b, "prediction", bin.prediction());
                number(b, "label", bin.label());
            }
            s.notes().forEach(json.putArray("notes")::add);
        });
        ObjectNode attributes = json.putObject("attributes");
        file.attributes().tables().forEach((name, table) -> attribute(attributes.putObject(name), table));
        file.attributes().freeText().forEach((name, exact) -> {
            ObjectNode a = attributes.putObject(name);
            a.put("rows", exact.rows());
            a.put("freeText", true);
            number(a, "accuracy", (double) exact.equal() / exact.rows());
        });
    }

    private static void measures(ObjectNode json, Evaluation.Scores s, boolean raw) {
        for (Measure m : Measure.values()) {
            ObjectNode one = json.putObject(m.name().toLowerCase(Locale.ROOT));
            number(one, "value", (raw ? s.raw() : s.mapped()).get(m));
            interval(one, (raw ? s.rawIntervals() : s.mappedIntervals()).get(m.ordinal()));
        }
    }

    private static void attribute(ObjectNode json, ClassTable table) {
        json.put("rows", table.rows());
        json.put("missing", table.missing());
        number(json, "accuracy", table.accuracy());
        number(json, "macroF1", table.macroF1());
        List<String> classes = EvaluationTable.shown(table);
        ArrayNode names = json.putArray("classes");
        ArrayNode f1 = json.putArray("f1");
        ArrayNode confusion = json.putArray("confusion");
        for (String expected : classes) {
            names.add(expected);
            double f = table.f1(expected);
            if (Double.isNaN(f)) {
                f1.addNull();
            } else {
                f1.add(f);
            }
            ArrayNode row = confusion.addArray();
            classes.forEach(predicted -> row.add(table.count(expected, Optional.of(predicted))));
        }
    }

    private static void comparison(ObjectNode json, Comparison comparison) {
        json.put("rows", comparison.rows());
        for (Measure m : Measure.values()) {
            Comparison.Difference d = comparison.difference(m);
            ObjectNode one = json.putObject(m.name().toLowerCase(Locale.ROOT));
            number(one, "difference", d.value());
            interval(one, d.interval());
            number(one, "p", d.p());
        }
        williams(json.putObject("williamsPlcc"), comparison.williamsPlcc());
        williams(json.putObject("williamsSrcc"), comparison.williamsSrcc());
    }

    private static void williams(ObjectNode json, Comparison.Williams w) {
        number(json, "t", w.t());
        json.put("degreesOfFreedom", w.degreesOfFreedom());
        number(json, "p", w.p());
    }

    private static void interval(ObjectNode json, Interval interval) {
        number(json, "low", interval.low());
        number(json, "high", interval.high());
    }

    private static void number(ObjectNode json, String key, double value) {
        if (Double.isFinite(value)) {
            json.put(key, value);
        } else {
            json.putNull(key);
        }
    }
}
