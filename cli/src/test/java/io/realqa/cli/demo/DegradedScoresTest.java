package io.realqa.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.realqa.cli.ModelOptions;
import io.realqa.cli.bench.BenchImages;
import io.realqa.cli.bench.DamageBench;
import io.realqa.scorer.ModelHandle;
import io.realqa.trainer.degradation.Degradation;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The demonstration checkpoint sees what the demo does to the photographs that come with it. */
class DegradedScoresTest {
    @ParameterizedTest
    @CsvSource({"BLUR, -0.9", "NOISE, -0.85", "JPEG, -0.7"})
    void theScoreFallsAsADegradationRises(Degradation degradation, double atMost) throws Exception {
        Path demo = ModelOptions.home().resolve("models/demo");
        try (ModelHandle model = ModelHandle.load(demo, null, null)) {
            BenchImages photos = BenchImages.of(demo.resolve("photos"), model.scorer());
            DamageBench bench = new DamageBench(model.scorer(), photos, new PrintWriter(new StringWriter()));
            assertThat(bench.meanSpearman(degradation)).isLessThanOrEqualTo(atMost);
        }
    }
}
