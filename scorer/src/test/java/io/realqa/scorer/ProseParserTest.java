package io.realqa.scorer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.realqa.scorer.ScoringProfile.AttributeQuestion;
import io.realqa.scorer.ScoringProfile.Level;
import io.realqa.scorer.ScoringProfile.ProseQuestion;
import io.realqa.scorer.ScoringProfile.ScoreQuestion;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Prose is read tolerantly, and never says more than it states. */
class ProseParserTest {
    private static final ScoringProfile PROFILE = new ScoringProfile(
            "prose",
            "S",
            new ScoreQuestion("Q?", "{value}", BigDecimal.ZERO, new BigDecimal("9.99"), 2),
            List.of(
                    attribute("composition", "Composition Score: {value}.", "1", "5", "7", "8"),
                    attribute(
                            "subject-integrity",
                            "Subject Integrity: {value}.",
                            "incomplete",
                            "partially complete (slightly cut off or slightly obscured)",
                            "complete"),
                    attribute("subject-clutter", "Subject Clutter: {value}.", "uncluttered", "cluttered"),
                    attribute(
                            "exposure",
                            "Exposure: {value}.",
                            "underexposed",
                            "severely underexposed",
                            "properly exposed",
                            "overexposed"),
                    attribute("level-shot", "Level Shot: {value}.", "level", "tilted"),
                    attribute("image-clarity", "Image Clarity: {value}.", "poor", "good", "excellent")),
            8,
            null,
            new ProseQuestion(
                    "Step by step?", 0, Map.of("subject-clutter", List.of("the subject looks {value} against"))));

    private final ProseParser parser = new ProseParser(PROFILE);

    private static AttributeQuestion attribute(String name, String answer, String... values) {
        return new AttributeQuestion(name, Level.LOW, "Q?", answer, List.of(values));
    }

    private Map<String, String> attributes(String text) {
        return parser.parse(text).attributes().stream()
                .collect(Collectors.toMap(Score.Attribute::name, Score.Attribute::value));
    }

    @Test
    void aValueThatMayAlsoLeadToAValueIsRead() {
        assertThat(attributes("2.4 Level Shot: level, 3.1 Image Clarity: good"))
                .containsEntry("level-shot", "level")
                .containsEntry("image-clarity", "good");
        assertThat(attributes("The level shot is level.")).containsEntry("level-shot", "level");
        assertThat(attributes("The image clarity level is good.")).containsEntry("image-clarity", "good");
        assertThat(attributes("Level shot: rather tilted.")).containsEntry("level-shot", "tilted");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            quoteCharacter = '`',
            value = {
                "The final score is <6.59>. ~ 6.59",
                "the final score is < 6.59 > ~ 6.59",
                "The final score is 6.59. ~ 6.59",
                "Final Score: 6.59 ~ 6.59",
                "The overall score would be 6.5. ~ 6.5",
                "The score of this image is 6.59. ~ 6.59",
                "The score of the picture is about 7. ~ 7",
                "Composition Score: 8. The final score is <7.00>. ~ 7",
                "The final score is <6.59>.<|im_end|> ~ 6.59",
                "Maybe <3.00>, no: the final score is <6.59>. ~ 6.59",
                "The score of this image is 2.00. Well: the final score is <6.59>. ~ 6.59",
                "The final score is **6.59**. ~ 6.59",
                "The final score is 0.00. ~ 0",
                "The final score is <9.99>. ~ 9.99"
            })
    void bothEndingsAreRead(String text, double score) {
        assertThat(parser.parse(text).expectation()).isEqualTo(score);
        assertThat(parser.parse(text).text()).isEqualTo(text);
        assertThat(parser.parse(text).standardDeviation()).isNaN();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "A fine image of 6.59 metres.",
                "Composition Score: 8.",
                "The final score is",
                "The final score is <",
                "The final score is <6.59",
                "The final score is <10.00>.",
                "The final score is <-6.59>.",
                "The final score is 65.9%.",
                "The final score is 6,59.",
                "The final score is 1.2.3.",
                "The final score is not 6.59.",
                "The final score is <six>.",
                "The score of this composition is 6.59."
            })
    void aScoreThatIsNotStatedIsNotInvented(String text) {
        if (text.equals("The final score is <6.59")) {
            // cut off after the number: it was stated
            assertThat(parser.parse(text).expectation()).isEqualTo(6.59);
        } else {
            assertThat(parser.parse(text).expectation()).as(text).isNaN();
        }
    }

    @Test
    void attributesAreReadWhereTheTextStatesThem() {
        assertThat(attributes("""
                        The composition score is 7, since the horizon is low. The subject integrity is partially complete \
                        (slightly cut off or slightly obscured). Exposure: severely underexposed! The image clarity of \
                        this is another matter. Subject clutter: Uncluttered. The final score is <6.59>."""))
                .containsExactlyInAnyOrderEntriesOf(Map.of(
                        "composition", "7",
                        "subject-integrity", "partially complete (slightly cut off or slightly obscured)",
                        "exposure", "severely underexposed",
                        "subject-clutter", "uncluttered"));
    }

    @Test
    void thePhrasesOfTheProfileCount() {
        assertThat(attributes("Here the subject looks cluttered against the sky."))
                .containsExactly(Map.entry("subject-clutter", "cluttered"));
        assertThat(attributes("Here the subject looks cluttered under the sky."))
                .isEmpty();
    }

    @Test
    void whatIsNegatedContradictoryOrPartOfAnotherWordIsAbsent() {
        assertThat(attributes("The exposure is not overexposed.")).isEmpty();
        assertThat(attributes("Exposure: overexposed. Later, exposure: properly exposed."))
                .isEmpty();
        assertThat(attributes("Exposure: overexposed. Later, exposure: overexposed."))
                .hasSize(1);
        assertThat(attributes("Composition Score: 7.5")).isEmpty();
        assertThat(attributes("Composition Score: 72")).isEmpty();
        assertThat(attributes("Image clarity: goodish")).isEmpty();
        assertThat(attributes("Image clarity. Good.")).isEmpty();
        assertThat(attributes("good excellent overexposed complete 7")).isEmpty();
    }

    @Test
    void aPhraseForAnUnknownAttributeIsNamed() {
        assertThatThrownBy(() -> new ScoringProfile(
                        "p",
                        "S",
                        PROFILE.score(),
                        List.of(),
                        8,
                        null,
                        new ProseQuestion("Q?", 8, Map.of("x", List.of("{value}")))))
                .hasMessageContaining("prose.phrases: x (expected: one of the attributes []");
        assertThatThrownBy(() -> new ProseQuestion("Q?", 8, Map.of("x", List.of("no value"))))
                .hasMessageContaining("prose.phrases: x: no value (expected: a text with one {value})");
    }
}
