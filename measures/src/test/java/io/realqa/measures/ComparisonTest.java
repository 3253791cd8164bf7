package io.realqa.measures;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ComparisonTest {
    private static final Bootstrap BOOTSTRAP = new Bootstrap(1000, 42, 0.95);

    private static double[] noisy(double[] labels, double deviation, long seed) {
        Random random = new Random(seed);
        double[] values = new double[labels.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = labels[i] + deviation * random.nextGaussian();
        }
        return values;
    }

    private static double[] labels(int rows) {
        return new Random(1).doubles(rows, 1, 10).toArray();
    }

    @Test
    void williamsTestEqualsTheReference() {
        for (JsonNode c : Reference.read("williams")) {
            double[] labels = Reference.numbers(c.path("labels"));
            Comparison comparison = Comparison.of(
                    new ScorePairs(labels, Reference.numbers(c.path("first"))),
                    new ScorePairs(labels, Reference.numbers(c.path("second"))),
                    new Bootstrap(0, 1, 0.95));
            assertThat(comparison.williamsPlcc().t()).isCloseTo(c.path("t").doubleValue(), within(1e-9));
            assertThat(comparison.williamsPlcc().p()).isCloseTo(c.path("p").doubleValue(), within(1e-9));
        }
    }

    @Test
    void theBetterPredictorIsToldApartAndChanceIsNot() {
        double[] labels = labels(300);
        ScorePairs good = new ScorePairs(labels, noisy(labels, 0.5, 2));
        ScorePairs bad = new ScorePairs(labels, noisy(labels, 2, 3));
        ScorePairs asGood = new ScorePairs(labels, noisy(labels, 0.5, 4));
        Comparison clear = Comparison.of(bad, good, BOOTSTRAP);
        assertThat(clear.difference(Measure.SRCC).interval().low()).isPositive();
        assertThat(clear.difference(Measure.RMSE).interval().high()).isNegative();
        assertThat(clear.difference(Measure.PLCC).p()).isLessThan(0.01);
        assertThat(clear.williamsSrcc().p()).isLessThan(0.01);
        Comparison chance = Comparison.of(asGood, good, BOOTSTRAP);
        assertThat(chance.difference(Measure.SRCC).interval().low()).isNegative();
        assertThat(chance.difference(Measure.SRCC).interval().high()).isPositive();
        assertThat(chance.williamsPlcc().p()).isGreaterThan(0.05);
    }

    @Test
    void aPredictorIsNotBetterThanItself() {
        double[] labels = labels(50);
        ScorePairs pairs = new ScorePairs(labels, noisy(labels, 1, 5));
        Comparison same = Comparison.of(pairs, pairs, BOOTSTRAP);
        assertThat(same.difference(Measure.KRCC)).isEqualTo(new Comparison.Difference(0, new Interval(0, 0), 1));
        assertThat(same.williamsPlcc().t()).isNaN();
    }

    @Test
    void fewRowsAndConstantPredictionsCompareToUndefined() {
        double[] labels = {1, 2, 3};
        Comparison three = Comparison.of(
                new ScorePairs(labels, new double[] {1, 2, 2}),
                new ScorePairs(labels, new double[] {5, 5, 5}),
                BOOTSTRAP);
        assertThat(three.difference(Measure.PLCC).value()).isNaN();
        assertThat(three.difference(Measure.PLCC).p()).isNaN();
        assertThat(three.difference(Measure.MAE).value()).isCloseTo(3 - 1 / 3.0, within(1e-12));
        assertThat(three.williamsPlcc().p()).isNaN();
    }

    @Test
    void otherLabelsAreRefused() {
        assertThatThrownBy(() -> Comparison.of(
                        new ScorePairs(new double[] {1, 2}, new double[2]),
                        new ScorePairs(new double[] {1, 3}, new double[2]),
                        BOOTSTRAP))
                .hasMessage("second: label 3.0 in row 1 (expected: 2.0, as the first has)");
    }

    @Test
    void theIntervalHoldsTheTruthAboutAsOftenAsItSays() {
        // bivariate normal with correlation .8: 200 samples of 80 rows
        int held = 0;
        for (int s = 0; s < 200; s++) {
            Random random = new Random(s);
            double[] x = new double[80];
            double[] y = new double[80];
            for (int i = 0; i < x.length; i++) {
                x[i] = random.nextGaussian();
                y[i] = 0.8 * x[i] + 0.6 * random.nextGaussian();
            }
            Interval interval =
                    new Bootstrap(400, s, 0.95).intervals(new ScorePairs(x, y)).get(Measure.PLCC.ordinal());
            held += interval.low() <= 0.8 && 0.8 <= interval.high() ? 1 : 0;
        }
        assertThat(held).isBetween(178, 199);
    }

    @Test
    void theSameSeedGivesTheSameIntervalsAndAnotherSeedOthers() {
        double[] labels = labels(60);
        ScorePairs pairs = new ScorePairs(labels, noisy(labels, 1, 5));
        assertThat(BOOTSTRAP.intervals(pairs)).isEqualTo(BOOTSTRAP.intervals(pairs));
        assertThat(new Bootstrap(1000, 43, 0.95).intervals(pairs)).isNotEqualTo(BOOTSTRAP.intervals(pairs));
        assertThat(Bootstrap.forRows(100_000, 1).resamples()).isEqualTo(200);
        assertThat(Bootstrap.forRows(50, 1).resamples()).isEqualTo(2000);
    }
}
