package io.realqa.cli.demo;

import io.realqa.streams.scoring.ScoringEngine;
import java.util.List;
import java.util.Locale;

/** What a person sees of a running demo. */
interface DemoView {
    /** Something may have changed. */
    void show(DemoConsumer results, int sent, ScoringEngine.Counts counts);

    /** The end: a summary. */
    void end(DemoConsumer results);

    /** Throughput and batches in one line. */
    static String status(int finished, int sent, ScoringEngine.Counts counts, double seconds) {
        double batch = counts.batches() == 0 ? 0 : (double) counts.scored() / counts.batches();
        return String.format(
                Locale.ROOT,
                "%d uploaded, %d scored or refused, %d in flight, %.1f images/s, %.1f images per batch",
                sent,
                finished,
                counts.inFlight(),
                seconds <= 0 ? 0 : finished / seconds,
                batch);
    }

    /** Mean score by what was done to the photograph: the picture of what the model sees. */
    static List<String> summary(DemoConsumer results) {
        return DemoSummary.lines(results.finished() - results.refused(), results.refused(), results.all());
    }
}
