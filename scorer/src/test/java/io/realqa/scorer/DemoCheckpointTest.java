package io.realqa.scorer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.realqa.scorer.Scorer.Mode;
import io.realqa.scorer.image.ImageDecoder;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.scorer.image.VisualInput;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The demonstration checkpoint does what its golden.json, made by an independent program, says. */
class DemoCheckpointTest {
    /** A JPEG decoder of another make moves pixels by a level or two. */
    private static final double OTHER_DECODER = 1e-2;

    private static final String FORM =
            "Rate the aesthetics and quality of this image step by step with the regular form.";
    private static final List<String> NAMES = List.of("astronaut.jpg", "chelsea.jpg", "coffee.jpg", "rocket.jpg");

    private static final List<VisualInput> INPUTS = new ArrayList<>();
    private static JsonNode golden;
    private static Checkpoint checkpoint;
    private static Scorer scorer;

    @BeforeAll
    static void load() throws Exception {
        golden = new ObjectMapper()
                .readTree(Reference.DEMO.resolve("golden.json").toFile());
        checkpoint = Checkpoint.load(Reference.DEMO, Compute.CPU);
        scorer = new Scorer(checkpoint, null, ScoringProfile.in(Reference.DEMO).orElseThrow());
        for (String name : NAMES) {
            byte[] file = Files.readAllBytes(Reference.DEMO.resolve("photos").resolve(name));
            INPUTS.add(checkpoint.preprocessing().apply(new ImageDecoder(ImageLimits.DEFAULTS).decode(file)));
        }
    }

    @AfterAll
    static void close() {
        scorer.close();
        checkpoint.close();
    }

    @Test
    void theScoreIsTheGoldenExpectationOverTheWholeDigitTree() {
        List<Score> scores = scorer.score(INPUTS).scores();
        for (int i = 0; i < NAMES.size(); i++) {
            JsonNode expected = golden.path(NAMES.get(i));
            Score score = scores.get(i);
            assertThat(INPUTS.get(i).visualTokens())
                    .isEqualTo(expected.path("visual_tokens").asInt());
            assertThat(score.expectation())
                    .as(NAMES.get(i))
                    .isCloseTo(expected.path("expectation").asDouble(), within(OTHER_DECODER));
            assertThat(score.standardDeviation())
                    .isCloseTo(expected.path("deviation").asDouble(), within(OTHER_DECODER));
            assertThat(1 - score.offGrammarMass())
                    .isCloseTo(expected.path("grammar_mass").asDouble(), within(1e-3));
            for (int d = 0; d < 10; d++) {
                assertThat(score.digits().get(0).probabilities().get(d))
                        .isCloseTo(expected.path("first_digit").path(d).asDouble(), within(OTHER_DECODER));
            }
        }
    }

    @Test
    void theIntervalHoldsTheExpectationAndProbabilitiesSumToOne() {
        for (Score score : scorer.score(INPUTS).scores()) {
            assertThat(score.expectation()).isBetween(score.low(), score.high());
            assertThat(score.prunedMass()).isBetween(0.0, 0.2);
            assertThat(score.digits())
                    .hasSize(3)
                    .allSatisfy(d -> assertThat(d.probabilities().stream()
                                    .mapToDouble(p -> p)
                                    .sum())
                            .isCloseTo(1, within(1e-9)));
            assertThat(score.attributes()).hasSize(9).allSatisfy(a -> {
                assertThat(a.probabilities().values().stream()
                                .mapToDouble(p -> p)
                                .sum())
                        .isCloseTo(1, within(1e-9));
                assertThat(a.probabilities()).containsKey(a.value());
                assertThat(a.offGrammarMass()).as(a.name()).isLessThan(0.05);
            });
        }
    }

    @Test
    void aBatchOfMixedSizesScoresAsOneByOne() {
        List<Score> together = scorer.score(INPUTS).scores();
        for (int i = 0; i < INPUTS.size(); i++) {
            Score alone = scorer.score(List.of(INPUTS.get(i))).scores().get(0);
            assertThat(together.get(i).expectation()).isCloseTo(alone.expectation(), within(1e-4));
            for (int a = 0; a < alone.attributes().size(); a++) {
                Score.Attribute one = alone.attributes().get(a);
                Score.Attribute other = together.get(i).attributes().get(a);
                one.probabilities()
                        .forEach((value, p) ->
                                assertThat(other.probabilities().get(value)).isCloseTo(p, within(1e-4)));
            }
        }
    }

    @Test
    void greedyTextsAreTheGoldenOnes() {
        List<List<String>> texts =
                scorer.generate(INPUTS, List.of(scorer.profile().score().question(), FORM), 160);
        for (int i = 0; i < NAMES.size(); i++) {
            JsonNode greedy = golden.path(NAMES.get(i)).path("greedy");
            assertThat(texts.get(i).get(0)).isEqualTo(greedy.path("plain").asText());
            assertThat(texts.get(i).get(1)).isEqualTo(greedy.path("form").asText());
        }
    }

    @Test
    void greedyModeReadsScoreAndAttributesFromTheText() {
        Score score = scorer.score(INPUTS, Mode.GREEDY).scores().get(0);
        String text = golden.path(NAMES.get(0)).path("greedy").path("plain").asText();
        assertThat(score.text()).isEqualTo(text);
        assertThat(text)
                .isEqualTo(
                        String.format(java.util.Locale.ROOT, "The score of this image is %.2f.", score.expectation()));
        assertThat(score.standardDeviation()).isNaN();
        assertThat(score.attributes()).hasSize(9);
    }

    private static List<Score> inProse(String question, int maxNewTokens) {
        ScoringProfile p = scorer.profile();
        ScoringProfile profile = new ScoringProfile(
                p.name(),
                p.system(),
                p.score(),
                p.attributes(),
                p.maxNewTokens(),
                p.form(),
                new ScoringProfile.ProseQuestion(question, maxNewTokens, Map.of()));
        try (Scorer prose = new Scorer(checkpoint, null, profile)) {
            return prose.score(INPUTS, Mode.PROSE).scores();
        }
    }

    @Test
    void proseModeReadsScoreAndAttributesFromWhatTheModelWrites() {
        for (Score score : inProse(FORM, 160)) {
            assertThat(score.text()).endsWith("<%.2f>.".formatted(score.expectation()));
            assertThat(score.attributes())
                    .hasSize(9)
                    .allSatisfy(a -> assertThat(score.text()).containsIgnoringCase(": " + a.value()));
        }
        for (Score score : inProse(scorer.profile().score().question(), 32)) {
            assertThat(score.text()).isEqualTo("The score of this image is %.2f.".formatted(score.expectation()));
        }
    }

    @Test
    void proseThatStatesNoScoreHasNoneAndKeepsItsTextAndAttributes() {
        for (Score score : inProse("What is the exposure of this image?", 32)) {
            assertThat(score.expectation()).isNaN();
            assertThat(score.text()).startsWith("Exposure: ");
            assertThat(score.attributes()).extracting(Score.Attribute::name).containsExactly("exposure");
        }
        // cut off before the ending
        assertThat(inProse(FORM, 40))
                .allSatisfy(s -> assertThat(s.expectation()).isNaN());
    }

    @Test
    void tokenIdsEqualThoseOfTheHuggingFaceTokenizer() throws Exception {
        JsonNode texts = new ObjectMapper()
                .readTree(Reference.PARITY.resolve("tokens.json").toFile());
        assertThat(texts).isNotEmpty();
        for (JsonNode text : texts) {
            long[] expected = new ObjectMapper().convertValue(text.path("ids"), long[].class);
            assertThat(checkpoint.tokenize(text.path("text").asText()))
                    .as(text.path("text").asText())
                    .isEqualTo(expected);
        }
    }
}
