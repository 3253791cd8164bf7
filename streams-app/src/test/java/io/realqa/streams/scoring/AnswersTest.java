package io.realqa.streams.scoring;

import static org.assertj.core.api.Assertions.assertThat;

import io.realqa.scorer.Score;
import io.realqa.scorer.ScoringProfile;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class AnswersTest {
    private static final double LIMIT = 0.9;

    /** A score with one number replaced; -1: none. */
    private static Score with(int place, double value) {
        double[] n = {5, 1, 3, 7, 0.1, 0, 0.1, 0.5, 0.2, 2};
        if (place >= 0) {
            n[place] = value;
        }
        List<Double> digits = new ArrayList<>(Collections.nCopies(9, 0.1));
        digits.add(n[6]);
        Score.Attribute attribute = new Score.Attribute(
                "clarity", ScoringProfile.Level.LOW, "good", Map.of("good", n[7]), OptionalDouble.of(n[9]), n[8]);
        return new Score(
                n[0], n[1], n[2], n[3], List.of(new Score.Digit(0, digits)), n[4], n[5], List.of(attribute), null);
    }

    @Test
    void aScoreOfNumbersIsAScore() {
        assertThat(Answers.flaw(with(-1, 0), LIMIT)).isNull();
    }

    @Test
    void anyNumberThatIsNoneMakesTheAnswerNone() {
        for (int place = 0; place < 10; place++) {
            for (double bad : new double[] {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}) {
                Answers.Flaw flaw = Answers.flaw(with(place, bad), LIMIT);
                assertThat(flaw).as("number %d: %s", place, bad).isNotNull();
                assertThat(flaw.reason()).isEqualTo(Reason.NOT_A_NUMBER);
                assertThat(flaw.message()).contains("(expected: finite numbers)");
            }
        }
    }

    @Test
    void anAnswerThatIsNearlyAllOffTheGrammarIsNone() {
        assertThat(Answers.flaw(with(4, LIMIT), LIMIT)).isNull();
        Answers.Flaw flaw = Answers.flaw(with(4, 0.91), LIMIT);
        assertThat(flaw).isNotNull();
        assertThat(flaw.reason()).isEqualTo(Reason.OFF_GRAMMAR);
        assertThat(flaw.message()).contains("0.910000").contains("at most 0.9");
    }
}
