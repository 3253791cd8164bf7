package io.realqa.cli.demo;

import io.realqa.cli.Output;
import io.realqa.cli.ScoreTable;
import io.realqa.cli.demo.DemoConsumer.Finished;
import io.realqa.streams.scoring.ScoringEngine;
import java.io.PrintWriter;
import java.util.List;

/** A line for each image as it comes out: for pipes and logs. */
final class PlainView implements DemoView {
    private final PrintWriter out;
    private final ScoreTable table;
    private final long start = System.nanoTime();
    private int shown;
    private String status = "";

    PlainView(PrintWriter out, ScoreTable table) {
        this.out = out;
        this.table = table;
        out.println(table.header());
        out.flush();
    }

    @Override
    public void show(DemoConsumer results, int sent, ScoringEngine.Counts counts) {
        List<Finished> all = results.all();
        int fresh = Math.min(all.size(), results.finished() - shown);
        all.subList(all.size() - fresh, all.size()).forEach(f -> out.println(f.line(table)));
        shown = results.finished();
        status = DemoView.status(shown, sent, counts, (System.nanoTime() - start) / 1e9);
        Output.check(out);
    }

    @Override
    public void end(DemoConsumer results) {
        out.println();
        out.println(status);
        DemoView.summary(results).forEach(out::println);
        out.flush();
    }
}
