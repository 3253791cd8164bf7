package io.realqa.scorer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

/** What is read off a distribution equals what a pencil gives. */
class ValueDistributionTest {
    private static final double EXACT = 1e-12;

    @Test
    void massesAreNormalisedAndWhatIsMissingToOneIsReported() {
        ValueDistribution d = of(List.of("1", "2", "3"), new double[] {0.1, 0.2, 0.5}, 0.05);
        assertThat(d.probabilities()).containsExactly(new double[] {0.125, 0.25, 0.625}, within(EXACT));
        assertThat(d.offGrammarMass()).isCloseTo(0.2, within(EXACT));
        assertThat(d.prunedMass()).isEqualTo(0.05);
    }

    @Test
    void roundingAboveOneIsNoNegativeMass() {
        assertThat(of(List.of("1", "2"), new double[] {0.5, 0.5000001}, 0).offGrammarMass())
                .isZero();
    }

    @Test
    void aModelThatGivesNoValueAnyProbabilityPrefersNone() {
        ValueDistribution d = of(List.of("1", "2"), new double[2], 0);
        assertThat(d.probabilities()).containsExactly(0.5, 0.5);
        assertThat(d.offGrammarMass()).isEqualTo(1);
    }

    @Test
    void expectationAndDeviationAreThoseOfTheNumbers() {
        // 0.25 * 1 + 0.5 * 2.5 + 0.25 * 4 = 2.5; 0.25 * 2.25 + 0 + 0.25 * 2.25 = 1.125
        ValueDistribution d = of(List.of("1", "2.5", "4"), new double[] {0.25, 0.5, 0.25}, 0);
        assertThat(d.expectation()).isCloseTo(2.5, within(EXACT));
        assertThat(d.standardDeviation()).isCloseTo(Math.sqrt(1.125), within(EXACT));
        assertThat(d.mostProbable()).isEqualTo("2.5");
    }

    @Test
    void wordsHaveNoExpectation() {
        ValueDistribution d = of(List.of("low", "2"), new double[] {0.5, 0.5}, 0);
        assertThat(d.expectation()).isNaN();
        assertThat(d.standardDeviation()).isNaN();
    }

    @Test
    void ofEqualProbabilitiesTheFirstValueIsTheMostProbable() {
        assertThat(of(List.of("a", "b", "c"), new double[] {0.2, 0.4, 0.4}, 0).mostProbable())
                .isEqualTo("b");
    }

    @Test
    void aQuantileIsTheFirstValueUpToWhichTheProbabilityReachesIt() {
        ValueDistribution d = of(List.of("1", "2", "3", "4"), new double[] {0.0625, 0.4375, 0.25, 0.25}, 0);
        assertThat(d.quantile(0)).isEqualTo(1);
        assertThat(d.quantile(0.05)).isEqualTo(1);
        assertThat(d.quantile(0.0625)).isEqualTo(1);
        assertThat(d.quantile(0.07)).isEqualTo(2);
        assertThat(d.quantile(0.5)).isEqualTo(2);
        assertThat(d.quantile(0.75)).isEqualTo(3);
        assertThat(d.quantile(0.95)).isEqualTo(4);
        assertThat(d.quantile(1)).isEqualTo(4);
    }

    @Test
    void digitsAreTheMarginalDistributionsOfTheDecimalPlaces() {
        ValueDistribution d = of(List.of("0.99", "1.05", "1.95", "9.00"), new double[] {0.1, 0.2, 0.3, 0.4}, 0);
        List<Score.Digit> digits = d.digits(2);
        assertThat(digits).extracting(Score.Digit::place).containsExactly(0, -1, -2);
        assertDigits(digits.get(0), 0.1, 0.5, 0, 0, 0, 0, 0, 0, 0, 0.4);
        assertDigits(digits.get(1), 0.6, 0, 0, 0, 0, 0, 0, 0, 0, 0.4);
        assertDigits(digits.get(2), 0.4, 0, 0, 0, 0, 0.5, 0, 0, 0, 0.1);
    }

    @Test
    void placesThatAShortNumberLacksAreZeros() {
        ValueDistribution d = of(List.of("0", "9", "10", "100"), new double[] {0.1, 0.2, 0.3, 0.4}, 0);
        List<Score.Digit> digits = d.digits(0);
        assertThat(digits).extracting(Score.Digit::place).containsExactly(2, 1, 0);
        assertDigits(digits.get(0), 0.6, 0.4, 0, 0, 0, 0, 0, 0, 0, 0);
        assertDigits(digits.get(1), 0.7, 0.3, 0, 0, 0, 0, 0, 0, 0, 0);
        assertDigits(digits.get(2), 0.8, 0, 0, 0, 0, 0, 0, 0, 0, 0.2);
    }

    private static void assertDigits(Score.Digit digit, double... expected) {
        assertThat(digit.probabilities().stream().mapToDouble(p -> p).toArray())
                .containsExactly(expected, within(EXACT));
    }

    private static ValueDistribution of(List<String> values, double[] masses, double prunedMass) {
        return ValueDistribution.of(new AnswerValues(values), masses, prunedMass);
    }
}
