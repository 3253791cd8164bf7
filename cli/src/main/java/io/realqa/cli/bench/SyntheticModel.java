package io.realqa.cli.bench;

import io.realqa.scorer.Score;
import io.realqa.scorer.ScoringProfile;
import io.realqa.streams.scoring.BatchScorer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.TimeUnit;

/** A model that takes its time and always says the same, in as many words as a real one. Thread-safe. */
final class SyntheticModel implements BatchScorer {
    private static final int TOKENS = 256;
    private static final int PLACES = 3;
    private static final int ATTRIBUTES = 9;
    private static final List<String> VALUES = List.of("poor", "fair", "medium", "good", "excellent");

    private final Duration perBatch;
    private final Score score = score();

    /** @param perBatch what a batch takes, whatever its size */
    SyntheticModel(Duration perBatch) {
        this.perBatch = perBatch;
    }

    private static Score score() {
        List<Score.Digit> digits = new ArrayList<>();
        for (int place = 0; place > -PLACES; place--) {
            digits.add(new Score.Digit(place, Collections.nCopies(10, 0.1)));
        }
        Map<String, Double> probabilities = new LinkedHashMap<>();
        VALUES.forEach(v -> probabilities.put(v, 1.0 / VALUES.size()));
        List<Score.Attribute> attributes = new ArrayList<>();
        for (int i = 0; i < ATTRIBUTES; i++) {
            attributes.add(new Score.Attribute(
                    "attribute-" + i, ScoringProfile.Level.LOW, "medium", probabilities, OptionalDouble.empty(), 0.01));
        }
        return new Score(5.5, 2.9, 1, 9.9, digits, 0.01, 0, attributes, null);
    }

    @Override
    public Prepared prepare(byte[] content) {
        return () -> TOKENS;
    }

    @Override
    public List<Score> score(List<Prepared> images) {
        if (!perBatch.isZero()) {
            try {
                // The device's time: a thread that waits for it computes nothing.
                TimeUnit.NANOSECONDS.sleep(perBatch.toNanos());
            } catch (InterruptedException e) {
                throw new IllegalStateException("interrupted", e);
            }
        }
        return Collections.nCopies(images.size(), score);
    }

    @Override
    public Identity identity() {
        return new Identity("sha256:synthetic", null, "sha256:synthetic", "sha256:synthetic", 0);
    }

    @Override
    public void probe() {
        // It cannot break.
    }
}
