package io.realqa.measures;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MonotoneMapTest {
    @Test
    void theLogisticIsTheLeastSquaresFitThatScipyFinds() {
        for (JsonNode c : Reference.read("maps")) {
            double[] x = Reference.numbers(c.path("predictions"));
            MonotoneMap map = LogisticMap.fit(x, Reference.numbers(c.path("labels")));
            assertThat(map).isInstanceOf(LogisticMap.class);
            assertThat(map.apply(x)).containsExactly(Reference.numbers(c.path("logistic")), within(1e-4));
        }
    }

    @Test
    void theIsotonicMapIsScipys() {
        for (JsonNode c : Reference.read("maps")) {
            IsotonicMap map =
                    IsotonicMap.fit(Reference.numbers(c.path("predictions")), Reference.numbers(c.path("labels")));
            assertThat(map.apply(Reference.numbers(c.path("knots"))))
                    .containsExactly(Reference.numbers(c.path("isotonic")), within(1e-9));
        }
    }

    @Test
    void aDecreasingRelationIsMappedByADecreasingLogistic() {
        double[] x = new Random(5).doubles(100, 0, 10).toArray();
        double[] y = new double[100];
        for (int i = 0; i < 100; i++) {
            y[i] = 9 - 8 / (1 + Math.exp(-(x[i] - 4)));
        }
        MonotoneMap map = LogisticMap.fit(x, y);
        assertThat(map.description()).isEqualTo("4-parameter logistic");
        assertThat(map.apply(x)).containsExactly(y, within(1e-5));
    }

    @Test
    void whereALogisticCannotBeFittedTheLineOfLeastSquaresStandsIn() {
        assertThat(LogisticMap.fit(new double[] {1, 2, 3}, new double[] {2, 4, 6}))
                .isEqualTo(new LinearMap(2, 0));
        MonotoneMap constant = LogisticMap.fit(new double[] {5, 5, 5, 5, 5, 5}, new double[] {1, 2, 3, 1, 2, 3});
        assertThat(constant.apply(7)).isEqualTo(2);
        MonotoneMap labels = LogisticMap.fit(new double[] {1, 2, 3, 4, 5, 6}, new double[] {4, 4, 4, 4, 4, 4});
        assertThat(labels.apply(9)).isEqualTo(4);
    }

    @Test
    void anExactLineIsMappedOntoItself() {
        double[] x = new Random(9).doubles(200, 0, 10).toArray();
        assertThat(LogisticMap.fit(x, x).apply(x)).containsExactly(x, within(0.05));
    }

    @Test
    void isotonicStepsAreLinearBetweenKnotsAndConstantOutside() {
        IsotonicMap map = new IsotonicMap(List.of(1.0, 2.0, 4.0), List.of(3.0, 3.0, 5.0));
        assertThat(map.apply(0)).isEqualTo(3);
        assertThat(map.apply(1.5)).isEqualTo(3);
        assertThat(map.apply(3)).isEqualTo(4);
        assertThat(map.apply(9)).isEqualTo(5);
        assertThat(map.apply(Double.NaN)).isNaN();
        assertThatThrownBy(() -> new IsotonicMap(List.of(1.0, 2.0), List.of(3.0, 2.0)))
                .hasMessageContaining("expected: larger knots, values that do not fall");
    }

    @Test
    void aPerfectPredictorHasNoCalibrationErrorAndAShiftedOneItsShift() {
        double[] labels = new Random(2).doubles(1000, 1, 9).toArray();
        double[] shifted = new double[1000];
        for (int i = 0; i < 1000; i++) {
            shifted[i] = labels[i] + 0.5;
        }
        assertThat(Reliability.of(new ScorePairs(labels, labels), 10).error()).isZero();
        Reliability r = Reliability.of(new ScorePairs(labels, shifted), 10);
        assertThat(r.error()).isCloseTo(0.5, within(1e-9));
        assertThat(r.bins()).hasSize(10).allMatch(b -> b.rows() == 100);
        assertThat(Reliability.of(new ScorePairs(new double[] {1, 2}, new double[] {3, 3}), 10)
                        .bins())
                .containsExactly(new Reliability.Bin(2, 3, 1.5));
    }
}
