package io.realqa.streams.scoring;

import io.realqa.scorer.Score;
import java.util.Collection;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Tells a score from an answer that is none. Pure. */
final class Answers {

    /** Why an answer is no score. */
    record Flaw(Reason reason, String message) {}

    private Answers() {}

    /**
     * What is wrong with an answer of fast mode; null: nothing.
     *
     * @param offGrammarMass most probability outside the allowed scores
     */
    static @Nullable Flaw flaw(Score score, double offGrammarMass) {
        boolean finite = Double.isFinite(score.expectation())
                && Double.isFinite(score.standardDeviation())
                && Double.isFinite(score.low())
                && Double.isFinite(score.high())
                && Double.isFinite(score.offGrammarMass())
                && Double.isFinite(score.prunedMass())
                && digits(score)
                && attributes(score);
        if (!finite) {
            return new Flaw(
                    Reason.NOT_A_NUMBER,
                    String.format(
                            Locale.ROOT,
                            "score: %s, deviation %s, or a probability of it (expected: finite numbers)",
                            score.expectation(),
                            score.standardDeviation()));
        }
        if (score.offGrammarMass() > offGrammarMass) {
            return new Flaw(
                    Reason.OFF_GRAMMAR,
                    String.format(
                            Locale.ROOT,
                            "off-grammar mass: %.6f (expected: at most %s of the probability outside the allowed scores)",
                            score.offGrammarMass(),
                            offGrammarMass));
        }
        return null;
    }

    private static boolean digits(Score score) {
        for (Score.Digit digit : score.digits()) {
            if (!finite(digit.probabilities())) {
                return false;
            }
        }
        return true;
    }

    private static boolean attributes(Score score) {
        for (Score.Attribute a : score.attributes()) {
            boolean good = Double.isFinite(a.offGrammarMass())
                    && Double.isFinite(a.expectation().orElse(0))
                    && finite(a.probabilities().values());
            if (!good) {
                return false;
            }
        }
        return true;
    }

    private static boolean finite(Collection<Double> values) {
        for (double v : values) {
            if (!Double.isFinite(v)) {
                return false;
            }
        }
        return true;
    }
}
