package io.realqa.cli;

import io.realqa.scorer.ModelHandle;
import io.realqa.scorer.Score;
import io.realqa.scorer.Scorer;
import io.realqa.scorer.ScoringProfile;
import io.realqa.scorer.video.FrameSampling;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Scores files, without Kafka. */
@Command(name = "score", mixinStandardHelpOptions = true, description = "Scores image files and clips, without Kafka.")
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class ScoreCommand implements Callable<Integer> {
    enum Format {
        TABLE,
        JSONL,
        CSV
    }

    @Parameters(
            arity = "1..*",
            paramLabel = "PATH",
            description = "image files and clips, or folders to search for them")
    private List<Path> paths;

    @Mixin
    private ModelOptions model;

    @Option(
            names = "--format",
            description =
                    "table, jsonl (all that the score event holds) or csv (default: table on a terminal, else jsonl)")
    private @Nullable Format format;

    @Option(
            names = "--mode",
            defaultValue = "fast",
            description = {
                "fast: probabilities of every allowed answer; greedy: the most probable text to each question;",
                "form: everything in one regular form, with reasons where the profile asks; prose: everything in free text",
                "(default: fast)"
            })
    private Scorer.Mode mode;

    @Option(names = "--fps", description = "of a clip score so many frames a second (default: 1)")
    private @Nullable Double framesPerSecond;

    @Option(names = "--frames", description = "of a clip score so many frames in all, evenly spread")
    private @Nullable Integer frames;

    @Option(names = "--batch", defaultValue = "8", description = "images in a batch (default: 8)")
    private int batch;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        if (batch < 1) {
            throw new IllegalArgumentException("--batch: " + batch + " (expected: at least 1)");
        }
        FrameSampling sampling = sampling();
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        FilesToScore found = found(err);
        List<Path> files = found.files();
        if (mode != Scorer.Mode.FAST && files.stream().anyMatch(ClipScoring::looksLikeAClip)) {
            throw new IllegalArgumentException(
                    "--mode: " + mode.name().toLowerCase(Locale.ROOT) + " (expected: fast for clips)");
        }
        Format as = format != null ? format : Terminal.stdout() ? Format.TABLE : Format.JSONL;
        int[] refused = new int[1];
        int count = files.size() + found.unreadable().size();
        boolean oneClip = count == 1 && files.size() == 1 && ClipScoring.looksLikeAClip(files.get(0));
        try (ModelHandle handle = model.load(err);
                ProgressLine shown = ProgressLine.of(
                        err, oneClip ? frames(files.get(0)) : new ProgressLine.Task("scoring", count, "files"))) {
            Scorer scorer = handle.scorer();
            ResultPrinter printer = ResultPrinter.of(as, scorer, out, err);
            printer.start();
            Consumer<Scoring.Result> results = result -> {
                if (result instanceof Scoring.Refused) {
                    refused[0]++;
                }
                printer.print(result);
                if (!oneClip) {
                    shown.note("");
                    shown.by(1);
                }
            };
            Scoring images = new Scoring(scorer, mode, batch);
            ClipScoring clips = new ClipScoring(scorer, sampling, batch, (clip, done, total) -> {
                if (oneClip) {
                    shown.to(done, total);
                } else {
                    shown.note(clip.getFileName() + ": " + done + " of " + total + " frames");
                    shown.by(0);
                }
            });
            found.unreadable().forEach(results);
            for (List<Path> run : runs(files)) {
                if (ClipScoring.looksLikeAClip(run.get(0))) {
                    results.accept(clips.score(run.get(0)));
                } else {
                    images.score(run, results);
                }
            }
        }
        return refused[0] == 0 ? 0 : 1;
    }

    private FrameSampling sampling() {
        if (framesPerSecond != null && frames != null) {
            throw new IllegalArgumentException("--fps and --frames (expected: one of them)");
        }
        try {
            return frames != null
                    ? new FrameSampling.Uniform(frames)
                    : framesPerSecond != null ? new FrameSampling.Rate(framesPerSecond) : FrameSampling.DEFAULT;
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("--" + e.getMessage(), e);
        }
    }

    /** Each clip for itself, images between clips together. */
    private static List<List<Path>> runs(List<Path> files) {
        List<List<Path>> runs = new ArrayList<>();
        boolean images = false;
        for (Path file : files) {
            boolean clip = ClipScoring.looksLikeAClip(file);
            if (clip || !images) {
                runs.add(new ArrayList<>());
            }
            runs.get(runs.size() - 1).add(file);
            images = !clip;
        }
        return runs;
    }

    private FilesToScore found(PrintWriter err) throws IOException {
        FilesToScore found = FilesToScore.of(paths);
        if (found.files().isEmpty() && found.unreadable().isEmpty()) {
            throw new IllegalArgumentException(paths + ": no image files " + FilesToScore.expected());
        }
        found.passedOver().forEach(passed -> err.println(Terminal.plain(passed)));
        return found;
    }

    private static ProgressLine.Task frames(Path clip) {
        return new ProgressLine.Task(String.valueOf(clip.getFileName()), -1, 0, "frames", 1, Duration.ZERO, true);
    }

    /** How results are written. */
    private abstract static class ResultPrinter {
        final PrintWriter out;

        ResultPrinter(PrintWriter out) {
            this.out = out;
        }

        static ResultPrinter of(Format format, Scorer scorer, PrintWriter out, PrintWriter err) {
            return switch (format) {
                case JSONL ->
                    new ResultPrinter(out) {
                        private final ScoreJson json = new ScoreJson(scorer);

                        @Override
                        void print(Scoring.Result result) {
                            line(json.of(result));
                        }
                    };
                case CSV -> new CsvPrinter(out, err, scorer.profile());
                case TABLE -> new TablePrinter(out, scorer.profile());
            };
        }

        void start() {}

        abstract void print(Scoring.Result result);

        final void line(String text) {
            out.println(text);
            Output.check(out);
        }
    }

    private static final class TablePrinter extends ResultPrinter {
        private final ScoreTable table;

        TablePrinter(PrintWriter out, ScoringProfile profile) {
            super(out);
            this.table = ScoreTable.of(profile);
        }

        @Override
        void start() {
            line(table.header());
        }

        @Override
        void print(Scoring.Result result) {
            if (result instanceof Scoring.DoneClip clip) {
                print(clip.done());
            } else if (result instanceof Scoring.Done done) {
                Score s = done.score();
                List<ScoreTable.Cell> cells = s.attributes().stream()
                        .map(a -> new ScoreTable.Cell(a.name(), a.value()))
                        .toList();
                line(table.row(
                        done.path().toString(), s.expectation(), s.standardDeviation(), s.low(), s.high(), cells));
            } else if (result instanceof Scoring.Refused r) {
                line(table.rejected(r.path().toString(), r.reason(), r.message()));
            }
        }
    }

    private static final class CsvPrinter extends ResultPrinter {
        private final PrintWriter err;
        private final List<String> attributes;

        CsvPrinter(PrintWriter out, PrintWriter err, ScoringProfile profile) {
            super(out);
            this.err = err;
            this.attributes = profile.attributes().stream().map(a -> a.name()).toList();
        }

        @Override
        void start() {
            line("image,score,standard_deviation,interval_low,interval_high,off_grammar_mass,"
                    + String.join(",", attributes));
        }

        @Override
        void print(Scoring.Result result) {
            if (result instanceof Scoring.DoneClip clip) {
                print(clip.done());
            } else if (result instanceof Scoring.Refused r) {
                err.println(Terminal.plain(r.path() + ": " + r.reason() + ": " + r.message()));
                err.flush();
            } else if (result instanceof Scoring.Done done) {
                Score s = done.score();
                StringBuilder line = new StringBuilder(quoted(done.path().toString()));
                for (double v :
                        new double[] {s.expectation(), s.standardDeviation(), s.low(), s.high(), s.offGrammarMass()}) {
                    line.append(',').append(Double.isNaN(v) ? "" : String.format(Locale.ROOT, "%.6f", v));
                }
                for (String name : attributes) {
                    line.append(',');
                    s.attributes().stream()
                            .filter(a -> a.name().equals(name))
                            .forEach(a -> line.append(quoted(a.value())));
                }
                line(line.toString());
            }
        }

        /** RFC 4180. */
        private static String quoted(String text) {
            boolean plain = text.chars().noneMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r');
            return plain ? text : '"' + text.replace("\"", "\"\"") + '"';
        }
    }
}
