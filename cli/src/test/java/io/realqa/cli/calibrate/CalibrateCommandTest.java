package io.realqa.cli.calibrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.realqa.measures.calibration.Calibration;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class CalibrateCommandTest {
    private static final String PROVENANCE = "{\"modelDigest\": \"sha256:c\", \"adapterDigest\": %s,"
            + " \"profileDigest\": \"sha256:p\", \"preprocessingDigest\": \"sha256:x\", \"epoch\": 0}";

    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(Object... args) {
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
        CommandLine line = new CommandLine(new CalibrateCommand());
        line.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        line.setExecutionExceptionHandler((e, c, r) -> {
            c.getErr().println(e.getMessage());
            return 2;
        });
        return line.execute(Stream.of(args).map(Object::toString).toArray(String[]::new));
    }

    private Path write(String name, List<String> lines) throws IOException {
        return Files.write(folder.resolve(name), lines);
    }

    private static String score(String image, double score, String adapter) {
        return String.format(
                Locale.ROOT,
                "{\"imageId\": \"%s\", \"score\": %s, \"provenance\": " + String.format(PROVENANCE, adapter) + "}",
                image,
                score);
    }

    private Calibration fitted() {
        return Calibration.read(Path.of(out.toString().strip()));
    }

    /** The platform's people give half of the score and two more. */
    @Test
    void labelsAndScoresAreJoinedByImageIntoAMapThatHoldsForTheirModel() throws IOException {
        List<String> labels = new ArrayList<>();
        List<String> scores = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            double raw = 9.9 * i / 59;
            scores.add(score("photos/" + i + ".jpg", raw, "\"sha256:a\""));
            labels.add(String.format(Locale.ROOT, "{\"image\": \"%d.jpg\", \"score\": %s}", i, raw / 2 + 2));
        }
        scores.add("{\"imageId\": \"photos/bad.jpg\", \"error\": {\"reason\": \"CORRUPT\"}}");
        labels.add("{\"image\": \"bad.jpg\", \"ratings\": [1, 2]}");
        int status = join(labels, scores, "a/b", folder.resolve("out"));
        assertThat(status).as(err.toString()).isZero();
        Calibration c = fitted();
        assertThat(c.platform()).isEqualTo("a/b");
        assertThat(c.labels()).isEqualTo(60);
        assertThat(c.scoredBy())
                .containsEntry("model", "sha256:c")
                .containsEntry("adapter", "sha256:a")
                .containsEntry("profile", "sha256:p")
                .containsEntry("preprocessing", "sha256:x");
        assertThat(c.apply(8)).isCloseTo(6, within(0.3));
        assertThat(c.apply(2)).isCloseTo(3, within(0.3));
        assertThat(out.toString().strip()).endsWith("a_b-" + c.digest().substring(7, 23) + ".json");
        assertThat(err.toString()).contains("60 labels", "1 labels are of images without a score");
    }

    @Test
    void aFileNameOfSeveralImagesJoinsNothingHoweverOftenItOccurs() throws IOException {
        for (int folders : new int[] {1, 2, 3, 4}) {
            List<String> scores = new ArrayList<>(List.of(score("a.jpg", 5, "null")));
            scores.add("{\"imageId\": \"bad/one.jpg\", \"error\": {\"reason\": \"CORRUPT\"}}");
            for (int i = 0; i < folders; i++) {
                scores.add(score(i + "/one.jpg", 1 + i, "null"));
            }
            List<String> labels =
                    List.of("{\"image\": \"a.jpg\", \"score\": 5}", "{\"image\": \"one.jpg\", \"score\": 9}");
            assertThat(join(labels, scores)).isZero();
            assertThat(fitted().labels()).isEqualTo(1);
            assertThat(err.toString()).contains("1 labels are of images without a score");
        }
    }

    @Test
    void anImageScoredTwiceCountsByItsLastScoreAndThatIsSaid() throws IOException {
        List<String> scores = List.of(score("x/a.jpg", 5, "null"), score("x/a.jpg", 7, "null"));
        assertThat(join(List.of("{\"image\": \"a.jpg\", \"score\": 7}"), scores))
                .isZero();
        assertThat(err.toString()).contains("0.000 raw", "1 scores are of images scored again: the last one counts");
    }

    private int join(List<String> labels, List<String> scores) throws IOException {
        return join(labels, scores, "p", folder);
    }

    private int join(List<String> labels, List<String> scores, String platform, Path to) throws IOException {
        return run(
                "fit",
                "--labels",
                write("labels.jsonl", labels),
                "--scores",
                write("scores.jsonl", scores),
                "--platform",
                platform,
                "--out",
                to);
    }

    @Test
    void aByteOrderMarkIsNoPartOfTheFirstRow() throws IOException {
        Path file = write("bom.jsonl", List.of("\uFEFF{\"label\": 5, \"score\": 6}"));
        assertThat(run("fit", file, "--platform", "p", "--out", folder)).isZero();
        assertThat(fitted().labels()).isEqualTo(1);
    }

    @Test
    void aCalibrationCanBeReadByTheServicesUser() throws IOException {
        Path file = write("one.jsonl", List.of("{\"label\": 5, \"score\": 6}"));
        assertThat(run("fit", file, "--platform", "p", "--out", folder)).isZero();
        assertThat(Files.getPosixFilePermissions(Path.of(out.toString().strip())))
                .isEqualTo(Files.getPosixFilePermissions(file));
        assertThat(folder).isDirectoryNotContaining("glob:**.new");
    }

    @Test
    void aPlatformOfAnyLengthNamesItsFile() throws IOException {
        Path file = write("one.jsonl", List.of("{\"label\": 5, \"score\": 6}"));
        assertThat(run("fit", file, "--platform", "p".repeat(400), "--out", folder))
                .isZero();
        assertThat(fitted().platform()).hasSize(400);
    }

    @Test
    void theSameLabelsGiveTheSameVersion() throws IOException {
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            rows.add("{\"label\": " + (i / 4.0) + ", \"predict\": \"The score of this image is " + (i / 2.0) + ".\"}");
        }
        Path file = write("predictions.jsonl", rows);
        assertThat(run("fit", file, "--platform", "*", "--out", folder)).isZero();
        String first = out.toString();
        assertThat(fitted().scoredBy()).isEmpty();
        assertThat(err.toString()).contains("it is for scores of whatever model");
        assertThat(run("fit", file, "--platform", "*", "--out", folder)).isZero();
        assertThat(out).hasToString(first);
        assertThat(run("fit", file, "--platform", "*", "--out", folder, "--maximum", "5"))
                .isZero();
        assertThat(out.toString()).isNotEqualTo(first);
        assertThat(fitted().apply(9)).isLessThanOrEqualTo(5);
    }

    @Test
    void scoresOfTwoModelsMakeNoMapUnlessAsked() throws IOException {
        Path scores = write("s.jsonl", List.of(score("a", 5, "null"), score("b", 6, "\"sha256:a\"")));
        Path labels =
                write("l.jsonl", List.of("{\"imageId\": \"a\", \"score\": 5}", "{\"imageId\": \"b\", \"score\": 5}"));
        List<Object> args = new ArrayList<>(
                List.of("fit", "--labels", labels, "--scores", scores, "--platform", "p", "--out", folder));
        assertThat(run(args.toArray())).isEqualTo(2);
        assertThat(err.toString()).contains("provenance: ", "adapter=none", "adapter=sha256:a", "(expected: ");
        args.add("--any-model");
        assertThat(run(args.toArray())).isZero();
        assertThat(fitted().scoredBy()).isEmpty();
        assertThat(err.toString()).contains("it leaves scores as they are: too few labels");
    }

    @Test
    void whatIsWrongInAFileIsNamedWithItsLine() throws IOException {
        Path broken = write("b.jsonl", List.of("{\"label\": 5, \"score\": 6}", "{\"label\": 5, \"score\": \"high\"}"));
        assertThat(run("fit", broken, "--platform", "p", "--out", folder)).isEqualTo(2);
        assertThat(err.toString()).contains("b.jsonl, line 2: score: \"high\" (expected: a number");
        Path empty = write("e.jsonl", List.of());
        assertThat(run("fit", empty, "--platform", "p", "--out", folder)).isEqualTo(2);
        assertThat(err.toString()).contains("pairs of score and label: 0");
        assertThat(run("fit", "--labels", empty, "--platform", "p", "--out", folder))
                .isEqualTo(2);
        assertThat(err.toString()).contains("--scores: null (expected: FILE alone, or --labels with --scores)");
    }
}
