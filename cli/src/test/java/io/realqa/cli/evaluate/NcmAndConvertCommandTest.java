package io.realqa.cli.evaluate;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.realqa.measures.Ncm;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class NcmAndConvertCommandTest {
    private static final Path PROFILE = Path.of(System.getProperty("realqa.home"), "models/demo/scoring-profile.yaml");

    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(Object command, Object... args) {
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
        CommandLine line = new CommandLine(command);
        line.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setExecutionExceptionHandler((e, c, r) -> {
            c.getErr().println(e.getMessage());
            return 2;
        });
        return line.execute(Stream.of(args).map(Object::toString).toArray(String[]::new));
    }

    /** Logits that favour each digit of a number, not by much. */
    private static double[][] logits(String number) {
        return Arrays.stream(Ncm.digits(number))
                .mapToObj(d -> {
                    double[] row = new double[10];
                    row[d] = 1 + 0.1 * d;
                    return row;
                })
                .toArray(double[][]::new);
    }

    private static String row(String label, String number) {
        String rows = Arrays.stream(logits(number)).map(Arrays::toString).collect(Collectors.joining(", "));
        return "{\"label\": " + label + ", \"predict\": \"x\", \"digit_logits\": [" + rows + "]}";
    }

    @Test
    void theMeansOfAFileAreThoseOfItsRows() throws IOException {
        Path file = Files.write(
                folder.resolve("l.jsonl"),
                List.of(
                        row("\"The score of this image is 9.99.\"", "9.99"),
                        row("7.10", "7.10"), // a number keeps its zeros
                        row("\"The final score is <10.50>.\"", "10.50"),
                        "{\"label\": \"No score.\", \"digit_logits\": []}",
                        "{\"label\": \"5.00\", \"error\": \"a.jpg: CORRUPT\"}"));
        assertThat(run(new NcmCommand(), file, "--format", "json")).isZero();
        JsonNode json = new ObjectMapper().readTree(out.toString());
        Ncm.Value a = Ncm.released("9.99", logits("9.99")).orElseThrow();
        Ncm.Value b = Ncm.released("7.10", logits("7.10")).orElseThrow();
        Ncm.Value c = Ncm.corrected("10.50", logits("10.50")).orElseThrow();
        assertThat(json.path("rows").asInt()).isEqualTo(5);
        assertThat(json.path("withoutLogits").asInt()).isEqualTo(1);
        assertThat(json.path("released").path("rows").asInt()).isEqualTo(2);
        assertThat(json.path("released").path("ncm").asDouble())
                .isCloseTo((a.squaredError() + b.squaredError()) / 2, within(1e-12));
        assertThat(json.path("released").path("ncmStar").asDouble())
                .isCloseTo((a.squaredErrorWithoutLabel() + b.squaredErrorWithoutLabel()) / 2, within(1e-12));
        assertThat(json.path("corrected").path("rows").asInt()).isEqualTo(3);
        assertThat(json.path("corrected").path("ncm").asDouble())
                .isCloseTo((a.squaredError() + b.squaredError() + c.squaredError()) / 3, within(1e-12));
        assertThat(run(new NcmCommand(), file)).isZero();
        assertThat(out.toString()).contains("5 rows, 3 with a score", "1 rows are outside the release's definition");
        assertThat(run(new NcmCommand(), file, "--format", "jsonl")).isZero();
        assertThat(out.toString().lines().toList())
                .hasSize(4)
                .first()
                .asString()
                .contains("\"released\":true");
    }

    @Test
    void aByteOrderMarkIsNoPartOfTheFirstRow() throws IOException {
        Path file = Files.writeString(folder.resolve("bom.jsonl"), "\uFEFF" + row("7.10", "7.10"));
        assertThat(run(new NcmCommand(), file)).as(err.toString()).isZero();
        assertThat(out.toString()).contains("1 rows, 1 with a score");
    }

    @Test
    void aRowThatDoesNotFitIsNamedWithItsLine() throws IOException {
        ncmRefuses("{\"label\": \"9.99\", \"digit_logits\": [[1]]}", "line 1: digit_logits: 1 rows (expected: 3");
        ncmRefuses("{\"digit_logits\": []}", "line 1: label: missing (expected: a number or an answer)");
        ncmRefuses("{\"label\": \"9.99\"}", "line 1: digit_logits: missing (expected: an array with ten numbers");
        ncmRefuses("{\"label\": \"9\", \"digit_logits\": [[\"a\"]]}", "line 1: digit_logits[0][0]: \"a\"");
        ncmRefuses("{", "line 1: not JSON");
        ncmRefuses(
                "{\"label\": 1e999999999, \"digit_logits\": []}",
                "line 1: label: 1E+999999999 (expected: a number of at most 100 digits)");
        Path latin = Files.write(folder.resolve("latin.jsonl"), "{\"label\": \"\u00fc\"}".getBytes(ISO_8859_1));
        assertThat(run(new NcmCommand(), latin)).isEqualTo(2);
        assertThat(err.toString())
                .contains("latin.jsonl: not UTF-8 (expected: JSON Lines with label and digit_logits)");
        assertThat(run(new NcmCommand(), folder.resolve("no"))).isEqualTo(2);
        assertThat(err.toString()).contains("no: no such file");
    }

    private void ncmRefuses(String row, String message) throws IOException {
        Path file = Files.writeString(folder.resolve("bad.jsonl"), row);
        assertThat(run(new NcmCommand(), file)).isEqualTo(2);
        assertThat(err.toString()).contains(message);
    }

    @Test
    void labelsGoToConversationsAndComeBackAsTheyWere() throws IOException {
        List<String> labels = List.of(
                "{\"image\":\"a.jpg\",\"score\":6.59,\"deviation\":0.7,\"attributes\":{\"exposure\":\"overexposed\"}}",
                "{\"image\":\"b.jpg\",\"attributes\":{\"composition\":\"7\"}}");
        Path file = Files.write(folder.resolve("labels.jsonl"), labels);
        for (String formatting : List.of("sharegpt", "alpaca")) {
            Path data = folder.resolve(formatting);
            assertThat(run(
                            new ConvertCommand(),
                            "to-conversations",
                            "--labels",
                            file,
                            "--profile",
                            PROFILE,
                            "--dataset-dir",
                            data,
                            "--dataset",
                            "mine",
                            "--formatting",
                            formatting))
                    .as(err.toString())
                    .isZero();
            assertThat(out.toString()).contains("mine.json: 3 conversations of 2 labels");
            Path back = folder.resolve(formatting + ".jsonl");
            assertThat(run(
                            new ConvertCommand(),
                            "to-labels",
                            "--dataset-dir",
                            data,
                            "--dataset",
                            "mine",
                            "--profile",
                            PROFILE,
                            "--out",
                            back))
                    .as(err.toString())
                    .isZero();
            assertThat(out.toString()).contains("2 labels of 3 conversations");
            assertThat(Files.readAllLines(back)).isEqualTo(labels);
            // as any file that a program writes, for whoever reads data sets
            for (Path written : List.of(data.resolve("mine.json"), data.resolve("dataset_info.json"), back)) {
                assertThat(Files.getPosixFilePermissions(written)).isEqualTo(Files.getPosixFilePermissions(file));
            }
        }
    }

    @Test
    void aLabelThatIsNotTheProfilesLeavesNoDataSet() throws IOException {
        Path file = Files.writeString(folder.resolve("labels.jsonl"), "{\"image\": \"a\", \"score\": 12}");
        Path data = folder.resolve("data");
        assertThat(run(
                        new ConvertCommand(),
                        "to-conversations",
                        "--labels",
                        file,
                        "--profile",
                        PROFILE,
                        "--dataset-dir",
                        data,
                        "--dataset",
                        "mine"))
                .isEqualTo(2);
        assertThat(err.toString()).contains("labels.jsonl, line 1: score: 12.0 (expected: 0.0 to 9.99)");
        assertThat(data).isEmptyDirectory();
    }
}
