package io.realqa.measures;

import static org.assertj.core.api.Assertions.assertThat;

import io.realqa.measures.ScoreText.Form;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScoreTextTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "The score of this image is 6.59. | PLAIN | 6.59",
                "score of this image is 7. | PLAIN | 7",
                "The score of this image is 10.00 | PLAIN | 10.00",
                "It is sharp. The final score is <6.59>. | BRACKETED | 6.59",
                "1.2 Composition Score: 7 1.4 Eye-Catching Score: 8 The final score is < 6.5 >. | BRACKETED | 6.5",
                "The score of this image is 3.10. The final score is <6.59>. | BRACKETED | 6.59",
                "<think> the score of this image is 4.20. | PLAIN | 4.20",
                "The final score is 5.25. | FINAL | 5.25",
                "7.24 | NUMBER | 7.24",
                "7. | NUMBER | 7"
            })
    void theScoreIsFoundInEveryFormOfAnswer(String answer, Form form, String number) {
        assertThat(ScoreText.find(answer)).hasValueSatisfying(f -> {
            assertThat(f.form()).isEqualTo(form);
            assertThat(f.number()).isEqualTo(number);
            assertThat(answer.substring(f.start(), f.end())).isEqualTo(number);
        });
    }

    @Test
    void anAnswerWithoutAScoreHasNone() {
        assertThat(ScoreText.find("Exposure: overexposed.")).isEmpty();
        assertThat(ScoreText.find("Composition Score: 7")).isEmpty();
        assertThat(ScoreText.find("The final score is <nan>.")).isEmpty();
        assertThat(ScoreText.find("")).isEmpty();
        assertThat(ScoreText.find("score of this image is 12345678901234567890"))
                .isEmpty();
    }

    @Test
    void aHostileTextIsReadInLinearTime() {
        // would take hours in quadratic time
        String spaces = " ".repeat(2_000_000);
        assertThat(ScoreText.find("<5" + spaces)).isEmpty();
        assertThat(ScoreText.find(spaces + "5" + spaces + "x")).isEmpty();
        assertThat(ScoreText.find("<" + "7".repeat(2_000_000) + ">")).isEmpty();
        assertThat(ScoreText.find("<6.5" + "0".repeat(2_000) + ">")).isPresent();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "The score of this image is 6.59.|6.59",
                "score of this image is ...6.5...|6.5",
                "score of this image is 1_0.5|10.5",
                "score of this image is 5e-1.|0.5",
                "score of this image is .5|5",
                "score of this image is 7. |7",
                "score of this image is 1 score of this image is 2|1",
                "score of this image is \u00a07.1\u2007|7.1",
                "score of this image is \u0663.5|3.5",
                "score of this image is 5d|",
                "score of this image is 0x5|",
                "score of this image is 1__0|",
                "score of this image is 6.59. Good|",
                "Score of this image is 6.59.|",
                "score of this image is|",
                "score of this image is  Infinity.|Infinity"
            })
    void aReleasedLabelIsReadByTheRulesOfPythonsFloat(String label, String value) {
        assertThat(ScoreText.releasedLabel(label))
                .isEqualTo(value == null ? OptionalDouble.empty() : OptionalDouble.of(Double.parseDouble(value)));
    }

    @Test
    void aReleasedPredictionIsReadBetweenTheFirstBracketsOrNotAtAll() {
        assertThat(ScoreText.releasedPrediction("so <6.59>.")).hasValue(6.59);
        assertThat(ScoreText.releasedPrediction("< 6.59 >")).hasValue(6.59);
        assertThat(ScoreText.releasedPrediction("<6.59.>")).isEmpty();
        assertThat(ScoreText.releasedPrediction("a > b, <6.59>")).isEmpty();
        assertThat(ScoreText.releasedPrediction("<b> score of this image is 5.00."))
                .isEmpty();
        assertThat(ScoreText.releasedPrediction("< score of this image is 5.00."))
                .hasValue(5);
    }
}
