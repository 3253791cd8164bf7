package io.realqa.cli.evaluate;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.realqa.cli.Output;
import io.realqa.cli.Terminal;
import io.realqa.cli.Utf8Lines;
import io.realqa.measures.Ncm;
import java.io.IOException;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** NCM and NCM* of a file of labels and digit logits. */
@Command(
        name = "ncm",
        mixinStandardHelpOptions = true,
        description = {
            "NCM and NCM* of labels and the logits of their digits.",
            "FILE: JSON Lines with label (a number, or an answer that states the score) and digit_logits (for each digit of"
                    + " that score, in order, the ten logits of 0 to 9 where the digit is predicted); realqa predict"
                    + " --logits writes it."
        })
@SuppressWarnings("NullAway.Init") // picocli sets the fields
public final class NcmCommand implements Callable<Integer> {
    enum Format {
        TABLE,
        JSON,
        JSONL
    }

    private static final String EXPECTED = "JSON Lines with label and digit_logits";
    private static final long CHECKED_ROWS = 1000;
    /** A score has a few digits; written out, 1e999999999 has more than memory holds. */
    private static final int MOST_DIGITS = 100;

    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            // a label 7.10 keeps its digits
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .build();

    @Parameters(paramLabel = "FILE", description = EXPECTED)
    private Path file;

    @Option(
            names = "--format",
            defaultValue = "table",
            description = "table, json (the means) or jsonl (each row) (default: table)")
    private Format format;

    @Spec
    private CommandSpec spec;

    private long rows;
    private long withoutLogits;

    /** Sums over rows. Not thread-safe. */
    private static final class Sums {
        private long rows;
        private double squares;
        private double squaresWithoutLabel;

        void add(Ncm.Value value) {
            rows++;
            squares += value.squaredError();
            squaresWithoutLabel += value.squaredErrorWithoutLabel();
        }

        double ncm() {
            return squares / rows;
        }

        double ncmStar() {
            return squaresWithoutLabel / rows;
        }
    }

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        Sums released = new Sums();
        Sums corrected = new Sums();
        Utf8Lines.read(file, EXPECTED, (number, line) -> {
            if (!line.isBlank()) {
                rows++;
                row(line, number, released, corrected, out);
                if (rows % CHECKED_ROWS == 0) {
                    Output.check(out);
                }
            }
        });
        if (rows == 0) {
            throw new IllegalArgumentException(file + ": no rows (expected: " + EXPECTED + ")");
        }
        switch (format) {
            case TABLE -> table(released, corrected, out);
            case JSON ->
                out.println(JSON.writerWithDefaultPrettyPrinter().writeValueAsString(json(released, corrected)));
            case JSONL -> {}
        }
        out.flush();
        return 0;
    }

    private void row(String line, long number, Sums released, Sums corrected, PrintWriter out)
            throws JsonProcessingException {
        String where = file + ", line " + number + ": ";
        String label;
        double[][] logits;
        Optional<Ncm.Value> ours;
        Optional<Ncm.Value> theirs;
        try {
            JsonNode row = JSON.readTree(line);
            if (row.has("error") && !row.has("digit_logits")) {
                withoutLogits++; // an image that could not be read
                return;
            }
            label = label(row);
            logits = logits(row);
            ours = Ncm.corrected(label, logits);
            theirs = Ncm.released(label, logits);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(where + "not JSON: " + e.getOriginalMessage(), e);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(where + e.getMessage(), e);
        }
        ours.ifPresent(corrected::add);
        theirs.ifPresent(released::add);
        if (format == Format.JSONL) {
            ObjectNode json = JSON.createObjectNode();
            ours.ifPresent(v -> {
                json.put("label", v.label());
                json.put("expectation", v.expectation());
                json.put("withoutLabel", v.withoutLabel());
                json.put("ncm", v.squaredError());
                json.put("ncmStar", v.squaredErrorWithoutLabel());
            });
            json.put("released", theirs.isPresent());
            out.println(JSON.writeValueAsString(json));
        }
    }

    private static String label(JsonNode row) {
        JsonNode label = row.path("label");
        if (label.isNumber()) {
            BigDecimal number = label.decimalValue();
            if (number.precision() > MOST_DIGITS || Math.abs((long) number.scale()) > MOST_DIGITS) {
                throw new IllegalArgumentException(
                        "label: " + number + " (expected: a number of at most " + MOST_DIGITS + " digits)");
            }
            return number.toPlainString();
        }
        if (!label.isTextual()) {
            throw new IllegalArgumentException(
                    "label: " + (label.isMissingNode() ? "missing" : label) + " (expected: a number or an answer)");
        }
        return label.textValue();
    }

    private static double[][] logits(JsonNode row) {
        JsonNode node = row.path("digit_logits");
        if (!node.isArray()) {
            throw new IllegalArgumentException(
                    "digit_logits: " + (node.isMissingNode() ? "missing" : node.getNodeType())
                            + " (expected: an array with ten numbers for each digit)");
        }
        double[][] logits = new double[node.size()][];
        for (int i = 0; i < logits.length; i++) {
            JsonNode digit = node.get(i);
            logits[i] = new double[digit.size()];
            for (int d = 0; d < logits[i].length; d++) {
                if (!digit.path(d).isNumber()) {
                    throw new IllegalArgumentException(
                            "digit_logits[" + i + "][" + d + "]: " + digit.path(d) + " (expected: a number)");
                }
                logits[i][d] = digit.path(d).doubleValue();
            }
        }
        return logits;
    }

    private void table(Sums released, Sums corrected, PrintWriter out) {
        out.printf(
                Locale.ROOT, "%s: %d rows, %d with a score%n", Terminal.plain(file.toString()), rows, corrected.rows);
        out.printf(Locale.ROOT, "  %-10s%12s%12s%8s%n", "", "NCM", "NCM*", "rows");
        line("released", released, out);
        line("corrected", corrected, out);
        if (withoutLogits > 0) {
            out.printf(Locale.ROOT, "  %d rows have an error in place of logits%n", withoutLogits);
        }
        if (released.rows < corrected.rows) {
            out.printf(
                    Locale.ROOT,
                    "  %d rows are outside the release's definition: plain form, one integer digit, one or two decimals%n",
                    corrected.rows - released.rows);
        }
    }

    private static void line(String name, Sums sums, PrintWriter out) {
        if (sums.rows == 0) {
            out.printf(Locale.ROOT, "  %-10s%12s%12s%8d%n", name, "–", "–", 0);
        } else {
            out.printf(Locale.ROOT, "  %-10s%12.6f%12.6f%8d%n", name, sums.ncm(), sums.ncmStar(), sums.rows);
        }
    }

    private ObjectNode json(Sums released, Sums corrected) {
        ObjectNode json = JSON.createObjectNode();
        json.put("rows", rows);
        json.put("withoutLogits", withoutLogits);
        for (Sums sums : new Sums[] {released, corrected}) {
            ObjectNode one = json.putObject(sums == released ? "released" : "corrected");
            one.put("rows", sums.rows);
            if (sums.rows == 0) {
                one.putNull("ncm");
                one.putNull("ncmStar");
            } else {
                one.put("ncm", sums.ncm());
                one.put("ncmStar", sums.ncmStar());
            }
        }
        return json;
    }
}
