package io.realqa.measures.calibration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.realqa.measures.Agreement;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CalibrationTest {
    private static final Map<String, String> SCORED_BY = Map.of("model", "sha256:1", "adapter", "sha256:2");

    @TempDir
    Path folder;

    /** Raw scores, and labels of a platform that sees them through a curve, with noise. */
    private record Sample(double[] raw, double[] labels) {
        static Sample of(int rows, DoubleUnaryOperator curve, double noise, long seed) {
            Random random = new Random(seed);
            double[] raw = random.doubles(rows, 1, 9.5).toArray();
            double[] labels = new double[rows];
            for (int i = 0; i < rows; i++) {
                labels[i] = Math.max(0, Math.min(9.99, curve.applyAsDouble(raw[i]) + noise * random.nextGaussian()));
            }
            return new Sample(raw, labels);
        }

        PiecewiseLinear fit() {
            return CalibrationFit.fit(raw, labels, 0, 9.99);
        }
    }

    private static double curve(double raw) {
        return 1 + 7.5 / (1 + Math.exp(-(raw - 5.5)));
    }

    @Test
    void fewerThanFiveLabelsLeaveTheScoreAsItIs() {
        PiecewiseLinear map = Sample.of(4, v -> 0.5 * v, 0.1, 1).fit();
        for (double raw = 0; raw < 9.99; raw += 0.37) {
            assertThat(map.apply(raw)).isCloseTo(raw, within(1e-12));
        }
    }

    @Test
    void tenLabelsOfAStricterPlatformAlreadyHelpOnOtherImages() {
        Sample held = Sample.of(500, v -> 0.7 * v + 0.5, 0.5, 99);
        int better = 0;
        for (int seed = 0; seed < 50; seed++) {
            PiecewiseLinear map = Sample.of(10, v -> 0.7 * v + 0.5, 0.5, seed).fit();
            Agreement before = Agreement.of(held.labels(), held.raw());
            Agreement after = Agreement.of(held.labels(), map.apply(held.raw()));
            better += after.mae() < before.mae() ? 1 : 0;
        }
        assertThat(better).isEqualTo(50);
    }

    @Test
    void tenLabelsOfAPlatformThatAgreesDoLittleHarm() {
        Sample held = Sample.of(500, v -> v, 0.5, 99);
        double worst = 0;
        for (int seed = 0; seed < 50; seed++) {
            PiecewiseLinear map = Sample.of(10, v -> v, 0.5, seed).fit();
            double before = Agreement.of(held.labels(), held.raw()).mae();
            double after = Agreement.of(held.labels(), map.apply(held.raw())).mae();
            worst = Math.max(worst, after - before);
        }
        assertThat(worst).isLessThan(0.15);
    }

    @Test
    void theDescriptionNamesTheKind() {
        assertThat(Sample.of(10, v -> v, 0.5, 1).fit().description()).isEqualTo("straight line");
        assertThat(new PiecewiseLinear(List.of(5.0), List.of(6.0), 1, 2, 0, 9.99).description())
                .isEqualTo("broken line with 1 knot");
    }

    @Test
    void manyLabelsShowTheCurve() {
        PiecewiseLinear map = Sample.of(2000, CalibrationTest::curve, 0.5, 7).fit();
        for (double raw = 1.5; raw < 9; raw += 0.25) {
            assertThat(map.apply(raw)).as("at " + raw).isCloseTo(curve(raw), within(0.25));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 5, 30, 80, 400})
    void noLabelsWhateverTheyAreChangeTheRanking(int rows) {
        for (int seed = 0; seed < 20; seed++) {
            Random random = new Random(seed);
            double[] raw = random.doubles(rows, 2, 8).toArray();
            double[] opposite = new double[rows];
            for (int i = 0; i < rows; i++) {
                opposite[i] = seed % 2 == 0 ? 9.99 - raw[i] : 9.99 * random.nextDouble();
            }
            PiecewiseLinear map = CalibrationFit.fit(raw, opposite, 0, 9.99);
            double last = map.apply(2);
            for (double at = 2.01; at < 8; at += 0.01) {
                double value = map.apply(at);
                assertThat(value).isGreaterThan(last).isBetween(0.0, 9.99);
                last = value;
            }
        }
    }

    @Test
    void equalRawScoresAreNoObstacle() {
        double[] raw = new double[100];
        double[] labels = new double[100];
        java.util.Arrays.fill(raw, 5);
        java.util.Arrays.fill(labels, 7);
        assertThat(CalibrationFit.fit(raw, labels, 0, 9.99).apply(5)).isBetween(6.8, 7.0);
    }

    @Test
    void theFileGivesTheSameMapAndDigest() {
        Sample sample = Sample.of(150, CalibrationTest::curve, 0.5, 3);
        Calibration fitted = Calibration.fit("p", SCORED_BY, sample.raw(), sample.labels(), 0, 9.99);
        Path file = folder.resolve("p.json");
        fitted.write(file);
        Calibration read = Calibration.read(file);
        assertThat(read).isEqualTo(fitted);
        assertThat(read.digest()).isEqualTo(fitted.digest()).matches("sha256:[0-9a-f]{64}");
        for (double raw = 0; raw < 10; raw += 0.001) {
            assertThat(read.apply(raw)).isEqualTo(fitted.apply(raw));
        }
        assertThat(folder).isDirectoryNotContaining("glob:**.part");
    }

    @Test
    void everyPartIsInTheDigest() {
        PiecewiseLinear map = new PiecewiseLinear(List.of(5.0), List.of(6.0), 1, 1, 0, 9.99);
        PiecewiseLinear other = new PiecewiseLinear(List.of(5.0), List.of(6.1), 1, 1, 0, 9.99);
        String digest = new Calibration("p", SCORED_BY, 5, map).digest();
        assertThat(new Calibration("p", new java.util.TreeMap<>(SCORED_BY), 5, map).digest())
                .isEqualTo(digest);
        assertThat(List.of(
                        new Calibration("q", SCORED_BY, 5, map).digest(),
                        new Calibration("p", Map.of("model", "sha256:1"), 5, map).digest(),
                        new Calibration("p", SCORED_BY, 6, map).digest(),
                        new Calibration("p", SCORED_BY, 5, other).digest()))
                .doesNotContain(digest)
                .doesNotHaveDuplicates();
    }

    @Test
    void aFileThatWasChangedOrIsNoCalibrationIsRefused() throws IOException {
        Path file = folder.resolve("c.json");
        new Calibration("p", SCORED_BY, 5, new PiecewiseLinear(List.of(5.0), List.of(6.0), 1, 1, 0, 9.99)).write(file);
        String text = Files.readString(file);
        refuses(file, text.replace("6.0", "6.5"), "c.json: digest: sha256:");
        refuses(file, text.replace("\"format\" : 1", "\"format\" : 2"), "c.json: format: 2 (expected: 1)");
        refuses(file, text.replace("\"labels\"", "\"extra\" : 1, \"labels\""), "c.json: unknown key extra");
        refuses(file, text.replace("\"platform\"", "\"plat\""), "c.json: Missing creator property 'platform'");
        refuses(file, text.substring(0, 40), "(expected: a calibration)");
        refuses(
                file,
                text.replace("\"slopeBelow\" : 1.0", "\"slopeBelow\" : -1.0"),
                "slopeBelow, slopeAbove: -1.0, 1.0");
        assertThatThrownBy(() -> Calibration.read(folder.resolve("none"))).hasMessageContaining("none: no such file");
    }

    private static void refuses(Path file, String text, String message) throws IOException {
        Files.writeString(file, text);
        assertThatThrownBy(() -> Calibration.read(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    @Test
    void valuesThatAreNoNumbersAreNamed() {
        assertThatThrownBy(() -> CalibrationFit.fit(new double[] {1, Double.NaN}, new double[2], 0, 9))
                .hasMessage("raw[1]: NaN (expected: a finite number)");
        assertThatThrownBy(() -> CalibrationFit.fit(new double[2], new double[3], 0, 9))
                .hasMessage("labels: 3 (expected: 2, one for each score)");
    }
}
