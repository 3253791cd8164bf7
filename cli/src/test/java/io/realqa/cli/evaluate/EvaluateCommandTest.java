package io.realqa.cli.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.realqa.measures.Agreement;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class EvaluateCommandTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Path PROFILE = Path.of(System.getProperty("realqa.home"), "models/demo/scoring-profile.yaml");

    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(Object... args) {
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
        CommandLine command = new CommandLine(new EvaluateCommand());
        command.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        command.setCaseInsensitiveEnumValuesAllowed(true);
        command.setExecutionExceptionHandler((e, c, r) -> {
            c.getErr().println(e.getMessage());
            return 2;
        });
        return command.execute(Stream.of(args).map(Object::toString).toArray(String[]::new));
    }

    private JsonNode json(Object... args) throws IOException {
        List<Object> all = new ArrayList<>(List.of(args));
        all.add("--format=json");
        run(all.toArray());
        return JSON.readTree(out.toString());
    }

    private static String row(String label, String predict) {
        ObjectNode row = JSON.createObjectNode();
        return row.put("prompt", "p")
                .put("label", label)
                .put("predict", predict)
                .toString();
    }

    private static String plain(double score) {
        return String.format(Locale.ROOT, "The score of this image is %.2f.", score);
    }

    private Path file(String name, String... rows) throws IOException {
        return Files.write(folder.resolve(name), List.of(rows));
    }

    /** Labels of one seed, predictions of another. */
    private Path noisy(String name, int rows, double noise, long seed) throws IOException {
        Random labels = new Random(1);
        Random errors = new Random(seed);
        Path file = folder.resolve(name);
        try (BufferedWriter writer = Files.newBufferedWriter(file)) {
            for (int i = 0; i < rows; i++) {
                double label = 1 + 8.9 * labels.nextDouble();
                writer.write(row(plain(label), plain(Math.max(0, label + noise * errors.nextGaussian()))) + "\n");
            }
        }
        return file;
    }

    @Test
    void theMeasuresOfAFileAreThoseOfItsNumbers() throws IOException {
        Path file = file(
                "p.jsonl",
                row(plain(1), plain(1.5)),
                row("Sharp. The final score is <4.00>.", "Soft. The final score is <3.50>."),
                row(plain(6), "The final score is <6.50>."),
                row("9.00", "8.25"));
        Agreement expected = Agreement.of(new double[] {1, 4, 6, 9}, new double[] {1.5, 3.5, 6.5, 8.25});
        JsonNode result = json(file).path("files").path(0);
        assertThat(result.path("scored").asInt()).isEqualTo(4);
        assertThat(result.path("raw").path("plcc").path("value").asDouble()).isEqualTo(expected.plcc());
        assertThat(result.path("raw").path("krcc").path("value").asDouble()).isEqualTo(expected.krcc());
        assertThat(result.path("raw").path("rmse").path("value").asDouble()).isEqualTo(expected.rmse());
        assertThat(result.path("raw").path("srcc").path("low").asDouble()).isLessThanOrEqualTo(1);
        assertThat(result.path("mapped").path("map").asText()).isEqualTo("linear");
        assertThat(run(file)).isZero();
        assertThat(out.toString()).contains("4 rows, 4 with both scores, 0 unparsable", "PLCC", "mapped: linear");
    }

    @Test
    void theMapTakesOutWhatIsOnlyAnotherScale() throws IOException {
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            double prediction = 0.05 * i;
            rows.add(row(plain(1 + 7 / (1 + Math.exp(-(prediction - 5) / 0.8))), plain(prediction)));
        }
        Path file = file("p.jsonl", rows.toArray(String[]::new));
        for (String map : List.of("logistic", "isotonic")) {
            JsonNode result = json(file, "--map", map).path("files").path(0);
            assertThat(result.path("raw").path("plcc").path("value").asDouble()).isLessThan(0.98);
            assertThat(result.path("mapped").path("plcc").path("value").asDouble())
                    .isGreaterThan(0.9999);
            assertThat(result.path("mapped").path("map").asText()).contains(map);
        }
    }

    @Test
    void unparsableRowsAreCountedShownAndFailAboveTheThreshold() throws IOException {
        Path file = file(
                "p.jsonl",
                row(plain(1), plain(2)),
                row(plain(2), "I cannot rate this."),
                row(plain(3), plain(3)),
                "{\"label\": \"The score",
                "",
                "{\"label\": \"" + plain(4) + "\"}",
                row("Nothing.", plain(4)),
                row(plain(5), plain(6)));
        assertThat(run(file)).isEqualTo(1);
        assertThat(out.toString())
                .contains("7 rows, 3 with both scores, 4 unparsable (57.14 %)")
                .contains("line 2: predict: \"I cannot rate this.\" (expected: a score)")
                .contains("line 4: not JSON: ")
                .contains("line 6: predict: missing (expected: a text)")
                .contains("line 7: label: \"Nothing.\" (expected: a score or attributes)");
        assertThat(err.toString()).contains("4 of 7 rows unparsable, 57.14 % (expected: at most 1.00 %");
        assertThat(run(file, "--max-unparsable", "0.6")).isZero();
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void theReleasedNumbersAreThoseOfTheReleasedScript() throws IOException {
        // dropped by the script: rows 3 (no score), 4 (not a number between the brackets), 5 (a label in prose), 6
        // (blank)
        Path file = file(
                "p.jsonl",
                row(plain(1.25), plain(2)),
                row(plain(4), "so <3.5> and <9>"),
                row(plain(9), "I cannot."),
                row(plain(9), "<b> " + plain(1)),
                row("The final score is <9.00>.", plain(1)),
                "",
                row(plain(7), plain(9)),
                row(plain(7), plain(7.5)));
        // scipy.stats.pearsonr, spearmanr on [1.25, 4, 7, 7] and [2, 3.5, 9, 7.5]
        assertThat(run("--released", file)).isZero();
        List<String> lines = out.toString().lines().toList();
        assertThat(lines).hasSize(2);
        assertThat(Double.parseDouble(lines.get(0).replace("PLCC: ", ""))).isCloseTo(0.9571710366893721, within(1e-12));
        assertThat(Double.parseDouble(lines.get(1).replace("SRCC: ", ""))).isCloseTo(0.9486832980505139, within(1e-12));
        assertThat(run("--released", file("none.jsonl", row("a", "b")))).isEqualTo(2);
        assertThat(err.toString())
                .contains("none.jsonl: 0 rows that the released scorer can read (expected: at least 2)");
    }

    @Test
    void constantAndFewRowsGiveAClearResult() throws IOException {
        Path constant = file("c.jsonl", row(plain(5), plain(1)), row(plain(5), plain(2)), row(plain(5), plain(3)));
        assertThat(run(constant)).isZero();
        assertThat(out.toString()).contains("note: all labels are 5.0: correlations are undefined");
        assertThat(json(constant)
                        .path("files")
                        .path(0)
                        .path("raw")
                        .path("plcc")
                        .path("value")
                        .isNull())
                .isTrue();
        Path one = file("1.jsonl", row(plain(5), plain(1)));
        Path html = folder.resolve("1.html");
        assertThat(run(one, "--html", html)).isZero();
        assertThat(out.toString()).contains("note: 1 scored rows: correlations mean nothing (expected: at least 3)");
        assertThat(html).content().contains("<img alt=");
    }

    @Test
    void attributesAreTabulatedByAProfilesWordsOrByTheLabelsOwn() throws IOException {
        String form = "1.1 Reason for Composition Score: It has 2 lines, 1.2 Composition Score: %s 2.1 Subject: %s,"
                + " 3.1 Exposure: %s. The final score is <%.2f>.";
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            String label = String.format(Locale.ROOT, form, i % 3 + 5, "thing " + i, "overexposed", 5 + i / 20.0);
            String predict = String.format(
                    Locale.ROOT, form, i % 3 == 0 ? 9 : i % 3 + 5, "thing " + i / 2 * 2, "overexposed", 5 + i / 30.0);
            rows.add(row(label, i < 6 ? predict.replace("Exposure: overexposed", "Exposure") : predict));
        }
        Path file = file("f.jsonl", rows.toArray(String[]::new));
        JsonNode any = json(file).path("files").path(0).path("attributes");
        assertThat(any.path("Composition Score").path("accuracy").asDouble()).isCloseTo(2 / 3.0, within(1e-12));
        assertThat(any.path("Composition Score").path("classes").toString()).isEqualTo("[\"5\",\"6\",\"7\",\"9\"]");
        assertThat(any.path("Composition Score").path("confusion").path(0).toString())
                .isEqualTo("[0,0,0,20]");
        assertThat(any.path("Exposure").path("missing").asInt()).isEqualTo(6);
        assertThat(any.path("Subject").path("freeText").asBoolean()).isTrue();
        assertThat(any.path("Subject").path("accuracy").asDouble()).isEqualTo(0.5);
        JsonNode profiled =
                json(file, "--profile", PROFILE).path("files").path(0).path("attributes");
        assertThat(profiled.path("composition").path("macroF1").asDouble()).isCloseTo(0.5, within(1e-12));
        assertThat(profiled.path("exposure").path("accuracy").asDouble()).isEqualTo(0.9);
        assertThat(profiled.path("exposure").path("classes")).hasSize(5);
    }

    @Test
    void namesAndValuesAreReadFromNumberedAndPlainTextAndHostileOnesEndSoon() {
        AttributeText text = AttributeText.anyNames();
        assertThat(text.read("It is sharp. Exposure: good, Level Shot: level. The final score is <6.59>."))
                .containsOnly(Map.entry("Exposure", "good"), Map.entry("Level Shot", "level"));
        assertThat(text.read(
                        "2.1 Subject: bed, 2.2 Subject Integrity: partially complete (slightly cut off, or obscured)."
                                + "\n3.1 Image Clarity: 7.5"))
                .containsOnly(
                        Map.entry("Subject", "bed"),
                        Map.entry("Subject Integrity", "partially complete (slightly cut off, or obscured)"),
                        Map.entry("Image Clarity", "7.5"));
        assertThat(text.read("The score of this image is 6.59.")).isEmpty();
        assertThat(text.read("A" + "-a".repeat(100_000) + ": x")).isEmpty();
        assertThat(text.read("A: " + " .".repeat(100_000) + "x")).isEmpty();
        assertThat(text.read("1".repeat(500_000) + ": " + " ".repeat(500_000))).isEmpty();
    }

    @Test
    void twoFilesAreComparedRowByRow() throws IOException {
        Path bad = noisy("bad.jsonl", 300, 2, 2);
        Path good = noisy("good.jsonl", 300, 0.5, 3);
        JsonNode comparison = json(bad, good).path("comparisons").path(0);
        assertThat(comparison.path("rows").asInt()).isEqualTo(300);
        assertThat(comparison.path("srcc").path("low").asDouble()).isPositive();
        assertThat(comparison.path("srcc").path("p").asDouble()).isLessThan(0.01);
        assertThat(comparison.path("williamsPlcc").path("p").asDouble()).isLessThan(0.01);
        assertThat(run(bad, good)).isZero();
        assertThat(out.toString()).contains("good.jsonl against ", "300 rows scored in both", "Williams' test of SRCC");
        assertThat(run(bad, noisy("short.jsonl", 299, 1, 4))).isEqualTo(2);
        assertThat(err.toString()).contains("short.jsonl: 299 rows (expected: 300, as ");
        List<String> swapped = new ArrayList<>(Files.readAllLines(good));
        java.util.Collections.swap(swapped, 4, 7);
        assertThat(run(bad, file("swapped.jsonl", swapped.toArray(String[]::new))))
                .isEqualTo(2);
        assertThat(err.toString()).contains(" in row 5 (expected: ");
    }

    @Test
    void theReportIsOnePageWithItsPlotsInside() throws IOException {
        Path html = folder.resolve("report.html");
        Path odd = noisy("a&b.jsonl", 200, 1, 2);
        assertThat(run(odd, noisy("b.jsonl", 200, 2, 3), "--html", html)).isZero();
        String page = Files.readString(html);
        assertThat(page).contains("a&amp;b.jsonl", "against", "Williams").doesNotContain("http:", "https:", "<script");
        assertThat(page.split("data:image/png;base64,iVBOR", -1)).hasSize(5); // two plots of two files
    }

    @Test
    void aByteOrderMarkIsNoPartOfTheFirstRow() throws IOException {
        Path file = file("bom.jsonl", "\uFEFF" + row(plain(1), plain(2)), row(plain(3), plain(4)));
        assertThat(json(file).path("files").path(0).path("scored").asInt()).isEqualTo(2);
    }

    @Test
    void wrongUsageIsNamed() throws IOException {
        assertThat(run(folder.resolve("no.jsonl"))).isEqualTo(2);
        assertThat(err.toString()).contains("no.jsonl: no such file (expected: JSON Lines with label and predict)");
        assertThat(run(file("empty.jsonl", ""))).isEqualTo(2);
        assertThat(err.toString()).contains("empty.jsonl: no rows");
        assertThat(run("--max-unparsable", "1.5", "x")).isEqualTo(2);
        assertThat(err.toString()).contains("--max-unparsable: 1.5 (expected: 0 to 1)");
    }

    @Test
    void aHundredThousandRowsAreMeasuredExactly() throws IOException {
        Path file = noisy("large.jsonl", 100_000, 1, 2);
        JsonNode result = json(file, "--resamples", "2").path("files").path(0);
        assertThat(result.path("scored").asInt()).isEqualTo(100_000);
        double[][] numbers = PredictionsFile.released(file); // the same rows, read by other rules
        assertThat(result.path("raw").path("krcc").path("value").asDouble())
                .isEqualTo(Agreement.of(numbers[0], numbers[1]).krcc());
    }

    @Test
    void numbersArePrintedAsPythonPrintsThem() {
        assertThat(EvaluateCommand.shortest(1)).isEqualTo("1.0");
        assertThat(EvaluateCommand.shortest(-0.1)).isEqualTo("-0.1");
        assertThat(EvaluateCommand.shortest(2e-3)).isEqualTo("0.002");
        assertThat(EvaluateCommand.shortest(1 / 3.0)).isEqualTo("0.3333333333333333");
        assertThat(EvaluateCommand.shortest(Double.NaN)).isEqualTo("nan");
    }
}
