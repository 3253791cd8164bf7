package io.realqa.measures;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Random;
import org.junit.jupiter.api.Test;

class AgreementTest {
    @Test
    void everyMeasureEqualsScipyTiesIncluded() {
        JsonNode cases = Reference.read("correlations");
        assertThat(cases).hasSizeGreaterThan(10);
        for (JsonNode c : cases) {
            Agreement a = Agreement.of(Reference.numbers(c.path("labels")), Reference.numbers(c.path("predictions")));
            for (Measure m : Measure.values()) {
                double expected =
                        c.path(m.name().toLowerCase(java.util.Locale.ROOT)).doubleValue();
                assertThat(a.get(m))
                        .as(c.path("name").asText() + ": " + m)
                        .isCloseTo(expected, within(1e-9 * Math.max(1, Math.abs(expected))));
            }
        }
    }

    @Test
    void kendallEqualsCountingEveryPair() {
        Random random = new Random(3);
        for (int n = 2; n < 40; n++) {
            double[] x = random.doubles(n).map(v -> Math.floor(v * 6)).toArray();
            double[] y = random.doubles(n).map(v -> Math.floor(v * 4)).toArray();
            double concordant = 0;
            double untiedX = 0;
            double untiedY = 0;
            for (int i = 0; i < n; i++) {
                for (int j = 0; j < i; j++) {
                    concordant += Math.signum(x[i] - x[j]) * Math.signum(y[i] - y[j]);
                    untiedX += x[i] == x[j] ? 0 : 1;
                    untiedY += y[i] == y[j] ? 0 : 1;
                }
            }
            double expected = concordant / Math.sqrt(untiedX * untiedY);
            assertThat(Agreement.of(x, y).krcc()).as("n = " + n).isCloseTo(expected, within(1e-12));
        }
    }

    @Test
    void aRowCountedTwiceIsTheSameAsTheRowWrittenTwice() {
        double[] x = {1, 2, 2, 5, 7, 3};
        double[] y = {2, 2, 1, 6, 5, 4};
        int[] times = {2, 0, 1, 3, 1, 1};
        double[] longX = {1, 1, 2, 5, 5, 5, 7, 3};
        double[] longY = {2, 2, 1, 6, 6, 6, 5, 4};
        Agreement weighted = Agreement.of(new ScorePairs(x, y), times);
        Agreement written = Agreement.of(longX, longY);
        for (Measure m : Measure.values()) {
            assertThat(weighted.get(m)).as(m.name()).isCloseTo(written.get(m), within(1e-12));
        }
    }

    @Test
    void whatIsUndefinedIsNotANumberAndTheErrorsStay() {
        Agreement constant = Agreement.of(new double[] {0.1, 0.1, 0.1}, new double[] {1, 2, 3});
        assertThat(constant.plcc()).isNaN();
        assertThat(constant.srcc()).isNaN();
        assertThat(constant.krcc()).isNaN();
        assertThat(constant.mae()).isCloseTo(1.9, within(1e-12));
        Agreement predictions = Agreement.of(new double[] {1, 2, 3}, new double[] {7.3, 7.3, 7.3});
        assertThat(predictions.plcc()).isNaN();
        assertThat(predictions.krcc()).isNaN();
        Agreement one = Agreement.of(new double[] {4}, new double[] {5});
        assertThat(one.srcc()).isNaN();
        assertThat(one.rmse()).isEqualTo(1);
        Agreement none = Agreement.of(new double[0], new double[0]);
        assertThat(none.plcc()).isNaN();
        assertThat(none.mae()).isNaN();
    }

    @Test
    void aValueThatIsNoNumberMakesEveryMeasureNotANumber() {
        Agreement a = Agreement.of(new double[] {1, 2, 3}, new double[] {1, Double.NaN, 3});
        for (Measure m : Measure.values()) {
            assertThat(a.get(m)).as(m.name()).isNaN();
        }
    }

    @Test
    void anInfiniteValueHasARankButNoDistance() {
        Agreement a = Agreement.of(new double[] {1, 2, 3, 4}, new double[] {1, 3, Double.POSITIVE_INFINITY, 2});
        assertThat(a.plcc()).isNaN();
        assertThat(a.rmse()).isNaN();
        assertThat(a.srcc()).isCloseTo(0.4, within(1e-12)); // ranks 1, 3, 4, 2
        assertThat(a.krcc()).isCloseTo(1 / 3.0, within(1e-12));
    }

    @Test
    void lengthsThatDifferAreNamed() {
        assertThatThrownBy(() -> Agreement.of(new double[2], new double[3]))
                .hasMessage("predictions: 3 values (expected: 2, one for each label)");
    }
}
