package io.realqa.streams.scoring;

import io.realqa.scorer.Score;
import java.util.Locale;
import java.util.stream.DoubleStream;
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
        boolean finite = DoubleStream.concat(
                        DoubleStream.of(
                                score.expectation(),
                                score.standardDeviation(),
                                score.low(),
                                score.high(),
                                score.offGrammarMass(),
                                score.prunedMass()),
                        DoubleStream.concat(digits(score), attributes(score)))
                .allMatch(Double::isFinite);
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

    private static DoubleStream digits(Score score) {
        return score.digits().stream()
                .flatMapToDouble(d -> d.probabilities().stream().mapToDouble(Double::doubleValue));
    }

    private static DoubleStream attributes(Score score) {
        return score.attributes().stream()
                .flatMapToDouble(a -> DoubleStream.concat(
                        DoubleStream.of(a.offGrammarMass(), a.expectation().orElse(0)),
                        a.probabilities().values().stream().mapToDouble(Double::doubleValue)));
    }
}
