package io.realqa.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.realqa.cli.ModelOptions;
import io.realqa.scorer.ModelHandle;
import io.realqa.scorer.Score;
import io.realqa.scorer.image.ImageDecoder;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.scorer.image.RasterImage;
import io.realqa.scorer.image.VisualInput;
import io.realqa.trainer.degradation.Degradation;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The demonstration checkpoint sees what the demo does to the photographs that come with it. */
class DegradedScoresTest {
    private static final int STRENGTHS = 5;

    @ParameterizedTest
    @CsvSource({"BLUR, -0.9", "NOISE, -0.85", "JPEG, -0.7"})
    void theScoreFallsAsADegradationRises(Degradation degradation, double atMost) throws Exception {
        Path demo = ModelOptions.home().resolve("models/demo");
        List<Double> correlations = new ArrayList<>();
        try (ModelHandle model = ModelHandle.load(demo, null, null);
                Stream<Path> photos = Files.list(demo.resolve("photos"))) {
            for (Path photo : photos.sorted().toList()) {
                RasterImage image = new ImageDecoder(ImageLimits.DEFAULTS).decode(Files.readAllBytes(photo));
                List<VisualInput> batch = new ArrayList<>();
                for (int strength = 0; strength <= STRENGTHS; strength++) {
                    RasterImage shown = strength == 0 ? image : degradation.apply(image, strength, 7);
                    batch.add(model.scorer().checkpoint().preprocessing().apply(shown));
                }
                correlations.add(spearman(model.scorer().score(batch).scores().stream()
                        .map(Score::expectation)
                        .toList()));
            }
        }
        double mean = correlations.stream().mapToDouble(c -> c).average().orElseThrow();
        assertThat(mean).as(degradation + ", mean Spearman of %s", correlations).isLessThanOrEqualTo(atMost);
    }

    /** Rank correlation with the position; the values are all different. */
    private static double spearman(List<Double> values) {
        int n = values.size();
        double squares = 0;
        for (int i = 0; i < n; i++) {
            double value = values.get(i);
            long rank = values.stream().filter(v -> v < value).count();
            squares += (rank - i) * (rank - i);
        }
        return 1 - 6 * squares / (n * ((double) n * n - 1));
    }
}
