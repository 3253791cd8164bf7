package io.realqa.measures;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import org.junit.jupiter.api.Test;

class NcmTest {
    private static double[] sure(int digit) {
        double[] logits = new double[10];
        logits[digit] = 1000;
        return logits;
    }

    private static double[][] sure(String number) {
        return Ncm.digits(number).length == 0
                ? new double[0][]
                : java.util.Arrays.stream(Ncm.digits(number))
                        .mapToObj(NcmTest::sure)
                        .toArray(double[][]::new);
    }

    @Test
    void theReleasedDefinitionEqualsPyTorchsEdgesIncluded() {
        JsonNode cases = Reference.read("ncm");
        assertThat(cases).extracting(c -> c.path("label").asText()).contains("9.99", "1.00", "7.0");
        for (JsonNode c : cases) {
            String label = c.path("label").asText();
            double[] expected = Reference.numbers(c.path("expected"));
            Ncm.Value value = Ncm.released(
                            "The score of this image is " + label + ".", Reference.rows(c.path("digit_logits")))
                    .orElseThrow();
            assertThat(value.expectation()).as(label).isCloseTo(expected[0], within(1e-9));
            assertThat(value.withoutLabel()).as(label).isCloseTo(expected[1], within(1e-9));
            assertThat(value.squaredError()).as(label).isCloseTo(expected[2], within(1e-9));
            assertThat(value.squaredErrorWithoutLabel()).as(label).isCloseTo(expected[3], within(1e-9));
        }
    }

    @Test
    void certaintyOfTheLabelGivesNoErrorAndNothingRemains() {
        for (String number : new String[] {"9.99", "1.00", "7.0", "10.50", "7", "123.456"}) {
            Ncm.Value value = Ncm.corrected(number, sure(number)).orElseThrow();
            assertThat(value.squaredError()).as(number).isCloseTo(0, within(1e-20));
            assertThat(value.withoutLabel()).as(number).isCloseTo(0, within(1e-12));
        }
    }

    @Test
    void severalIntegerDigitsStandAtTheirPlaces() {
        double[][] uniform = {new double[10], sure(5), new double[10]};
        Ncm.Value value = Ncm.corrected("45.2", uniform).orElseThrow();
        assertThat(value.expectation()).isCloseTo(10 * 4.5 + 5 + 0.1 * 4.5, within(1e-12));
        assertThat(value.withoutLabel()).isCloseTo(10 * (4.5 - 0.4) + 0.1 * (4.5 - 0.2), within(1e-12));
    }

    @Test
    void onlyThePlainFormWithOneIntegerDigitIsTheReleases() {
        assertThat(Ncm.released("10.00", sure("10.00"))).isEmpty();
        assertThat(Ncm.released("7", sure("7"))).isEmpty();
        assertThat(Ncm.released("7.123", sure("7.123"))).isEmpty();
        assertThat(Ncm.released("The final score is <6.59>.", sure("6.59"))).isEmpty();
        assertThat(Ncm.corrected("Sharp. The final score is <6.59>.", sure("6.59")))
                .isPresent();
        assertThat(Ncm.released("score of this image is 6.59.", sure("6.59"))).isPresent();
        assertThat(Ncm.corrected("no score", new double[0][])).isEmpty();
    }

    @Test
    void anImpossibleDigitCountsAsSuch() {
        double[] row = sure(3);
        row[0] = Double.NEGATIVE_INFINITY;
        assertThat(Ncm.corrected("3", new double[][] {row}).orElseThrow().expectation())
                .isEqualTo(3);
    }

    @Test
    void logitsThatDoNotFitAreNamed() {
        refuses(new double[2][10], "digit_logits: 2 rows (expected: 3, one for each digit of 6.59)");
        refuses(new double[][] {sure(6), new double[9], sure(9)}, "digit_logits[1]: 9 logits (expected: 10");
        double[] bad = sure(1);
        bad[4] = Double.NaN;
        refuses(new double[][] {sure(6), sure(5), bad}, "digit_logits[2]: NaN (expected: finite logits)");
    }

    private static void refuses(double[][] logits, String message) {
        assertThatThrownBy(() -> Ncm.corrected("6.59", logits))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }
}
