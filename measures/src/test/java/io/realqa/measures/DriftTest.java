package io.realqa.measures;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DriftTest {
    @Test
    void kolmogorovAndSmirnovsTestEqualsScipysStatisticAndLimit() {
        for (JsonNode c : Reference.read("ks")) {
            Drift.KolmogorovSmirnov ks = Drift.kolmogorovSmirnov(
                    Reference.numbers(c.path("reference")), Reference.numbers(c.path("current")));
            assertThat(ks.statistic()).isCloseTo(c.path("statistic").doubleValue(), within(1e-9));
            assertThat(ks.p()).isCloseTo(c.path("p").doubleValue(), within(1e-9));
        }
    }

    @Test
    void theStabilityIndexIsItsFormula() {
        double[] reference = {1, 2, 3, 4};
        // cut at the median 2.5: shares .5, .5 against .25, .75
        double expected = (0.25 - 0.5) * Math.log(0.25 / 0.5) + (0.75 - 0.5) * Math.log(0.75 / 0.5);
        assertThat(Drift.populationStability(reference, new double[] {1, 3, 4, 9}, 2))
                .isCloseTo(expected, within(1e-12));
        assertThat(Drift.populationStability(reference, reference, 4)).isZero();
    }

    @Test
    void theStabilityIndexGrowsWithTheShift() {
        double[] reference = new Random(1).doubles(2000, 0, 1).toArray();
        double[] same = new Random(2).doubles(2000, 0, 1).toArray();
        double[] moved = new Random(3).doubles(2000, 0.3, 1.3).toArray();
        assertThat(Drift.populationStability(reference, same, 10)).isLessThan(0.1);
        assertThat(Drift.populationStability(reference, moved, 10))
                .isGreaterThan(0.25)
                .isFinite();
    }

    @Test
    void aConstantReferenceStillCounts() {
        assertThat(Drift.populationStability(new double[] {5, 5}, new double[] {5, 5}, 10))
                .isZero();
        assertThat(Drift.populationStability(new double[] {5, 5}, new double[] {6, 6}, 10))
                .isGreaterThan(1);
    }

    @Test
    void emptyAndBrokenSamplesAreNamed() {
        assertThatThrownBy(() -> Drift.populationStability(new double[0], new double[1], 10))
                .hasMessage("reference: no values (expected: at least 1)");
        assertThatThrownBy(() -> Drift.kolmogorovSmirnov(new double[1], new double[] {Double.NaN}))
                .hasMessage("current: NaN (expected: finite numbers)");
    }
}
