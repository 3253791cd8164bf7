package io.realqa.cli.bench;

import io.realqa.scorer.Scorer;
import io.realqa.scorer.ScoringProfile;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;

/** What the attributes cost besides the score: both measured in turns. */
public final class AnswerBench {
    private static final int BATCH = 8;
    private static final int ROUNDS = 30;
    private static final int WARM_UP = 4;

    private final Scorer full;
    private final BenchImages images;
    private final PrintWriter out;

    public AnswerBench(Scorer scorer, BenchImages images, PrintWriter out) {
        this.full = scorer;
        this.images = images;
        this.out = out;
    }

    public void run() {
        ScoringProfile p = full.profile();
        ScoringProfile alone = new ScoringProfile(p.name(), p.system(), p.score(), List.of(), p.maxNewTokens());
        try (Scorer scoreOnly = new Scorer(full.checkpoint(), full.adapter(), alone)) {
            long fullNanos = 0;
            long aloneNanos = 0;
            for (int round = -WARM_UP; round < ROUNDS; round++) {
                long f = full.time(images.batch(round + WARM_UP, BATCH)).total();
                long a = scoreOnly.time(images.batch(round + WARM_UP, BATCH)).total();
                if (round >= 0) {
                    fullNanos += f;
                    aloneNanos += a;
                }
            }
            out.printf(
                    Locale.ROOT,
                    "%nanswers, batches of %d: score alone %.2f ms per image, score and %d attributes %.2f ms;"
                            + " ratio %.2f%n",
                    BATCH,
                    aloneNanos / 1e6 / ROUNDS / BATCH,
                    p.attributes().size(),
                    fullNanos / 1e6 / ROUNDS / BATCH,
                    (double) fullNanos / aloneNanos);
            out.flush();
        }
    }
}
