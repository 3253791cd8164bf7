package io.realqa.cli.demo;

import io.realqa.cli.Output;
import io.realqa.cli.ScoreTable;
import io.realqa.cli.demo.DemoConsumer.Finished;
import io.realqa.streams.scoring.ScoringEngine;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/** A table that is drawn anew in place, a few times a second: for terminals. */
final class LiveView implements DemoView {
    private static final int ROWS = 18;
    private static final String UP_AND_CLEAR = "\033[%dA\033[J";

    private final PrintWriter out;
    private final ScoreTable table;
    private final int width;
    private final long start = System.nanoTime();
    private int drawn;
    private String status = "";

    LiveView(PrintWriter out, ScoreTable table) {
        this.out = out;
        this.table = table;
        this.width = Integer.getInteger("realqa.stdout.columns", 160);
    }

    @Override
    public void show(DemoConsumer results, int sent, ScoringEngine.Counts counts) {
        List<Finished> all = results.all();
        status = DemoView.status(results.finished(), sent, counts, (System.nanoTime() - start) / 1e9);
        List<String> lines = new ArrayList<>();
        lines.add(table.header());
        all.subList(Math.max(0, all.size() - ROWS), all.size()).forEach(f -> lines.add(f.line(table)));
        lines.add("");
        lines.add(status + "   (Ctrl-C ends)");
        draw(lines);
    }

    private void draw(List<String> lines) {
        StringBuilder screen = new StringBuilder();
        if (drawn > 0) {
            screen.append(String.format(java.util.Locale.ROOT, UP_AND_CLEAR, drawn));
        }
        for (String line : lines) {
            // a line that wraps would spoil the count of lines to go up
            screen.append(line, 0, Math.min(line.length(), width)).append('\n');
        }
        drawn = lines.size();
        out.print(screen);
        Output.check(out);
    }

    @Override
    public void end(DemoConsumer results) {
        List<String> lines = new ArrayList<>();
        lines.add(table.header());
        results.all().forEach(f -> lines.add(f.line(table)));
        lines.add("");
        lines.add(status);
        draw(lines);
        DemoView.summary(results).forEach(out::println);
        out.flush();
    }
}
