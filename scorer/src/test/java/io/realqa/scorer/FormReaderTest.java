package io.realqa.scorer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.realqa.scorer.FormReader.Form;
import io.realqa.scorer.FormReader.Forms;
import io.realqa.scorer.FormTemplate.Kind;
import io.realqa.scorer.FormTemplate.Slot;
import io.realqa.scorer.Scorer.Mode;
import io.realqa.scorer.ScoringProfile.FormQuestion;
import io.realqa.scorer.TextGenerator.Generation;
import io.realqa.scorer.TextGenerator.Request;
import io.realqa.scorer.image.ImageDecoder;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.scorer.image.VisualInput;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The form mode says what plain greedy generation says, in fewer device steps. */
class FormReaderTest {
    private static final String FORM_TEXT = "1.1 Composition Score: {composition}, 1.2 Eye-Catching Score: "
            + "{eye-catching}, 2.1 Subject Integrity: {subject-integrity}, 2.2 Subject Clutter: {subject-clutter}, 2.3 "
            + "Background Clutter: {background-clutter}, 2.4 Level Shot: {level-shot}, 3.1 Image Clarity: "
            + "{image-clarity}, 3.2 Exposure: {exposure}, 3.3 Saturation: {saturation}. The final score is <{score}>.";

    private static final List<VisualInput> IMAGES = new ArrayList<>();
    private static Checkpoint checkpoint;
    private static ScoringProfile profile;
    private static Scorer scorer;

    @BeforeAll
    static void load() throws Exception {
        checkpoint = Checkpoint.load(Reference.DEMO, Compute.CPU);
        profile = ScoringProfile.in(Reference.DEMO).orElseThrow();
        scorer = new Scorer(checkpoint, null, profile);
        try (Stream<Path> photos = Files.list(Reference.DEMO.resolve("photos"))) {
            for (Path photo : photos.sorted().toList()) {
                byte[] file = Files.readAllBytes(photo);
                IMAGES.add(checkpoint.preprocessing().apply(new ImageDecoder(ImageLimits.DEFAULTS).decode(file)));
            }
        }
    }

    @AfterAll
    static void close() {
        scorer.close();
        checkpoint.close();
    }

    private static FormQuestion form(String answer) {
        assertThat(profile.form()).isNotNull();
        return new FormQuestion(profile.form().question(), answer, 64);
    }

    private static Forms read(FormQuestion form, List<VisualInput> images) {
        FormPlan plan = new FormPlan(profile, form, checkpoint::tokenize);
        FormReader reader =
                new FormReader(plan, form.maxTextTokens(), new TextGenerator(checkpoint).ends(), checkpoint);
        try (BranchSession session = scorer.open(images)) {
            return reader.read(session, images.size());
        }
    }

    private static Generation plain(FormQuestion form, List<VisualInput> images) {
        long[] turn = checkpoint.tokenize(QuestionTree.turn(form.question()));
        try (BranchSession session = scorer.open(images)) {
            return new TextGenerator(checkpoint)
                    .generate(
                            session,
                            Collections.nCopies(images.size(), Request.greedy(Set.of(), List.of(turn))),
                            Sampling.GREEDY,
                            256);
        }
    }

    @Test
    void theProfilesFormHasTheTokensOfPlainGenerationInAThirdOfItsSteps() {
        FormQuestion form = form(FORM_TEXT);
        assertThat(profile.form()).isNotNull();
        assertThat(profile.form().answer()).isEqualTo(FORM_TEXT);
        Forms forms = read(form, IMAGES);
        Generation plain = plain(form, IMAGES);
        for (int i = 0; i < IMAGES.size(); i++) {
            assertThat(forms.forms().get(i).tokens())
                    .isEqualTo(plain.texts().get(i).get(0).tokens());
        }
        // nine attributes, two steps for the score's digits
        assertThat(forms.steps()).isEqualTo(11);
        assertThat(plain.steps()).isGreaterThan(3 * forms.steps());
    }

    /**
     * Each attribute as free text in its turn: then the model itself has to end it, where the template goes on. What the
     * template guesses wrongly must leave no trace.
     */
    @Test
    void freeTextEndsWherePlainGenerationEndsItAndCostsNoStepForTheTemplate() {
        Generation plain = plain(form(FORM_TEXT), IMAGES);
        for (String name :
                List.of("composition", "subject-integrity", "background-clutter", "exposure", "saturation")) {
            FormQuestion form = form(FORM_TEXT.replace("{" + name + "}", "{" + name + "-words.text}"));
            Forms forms = read(form, IMAGES);
            Forms closed = read(form(FORM_TEXT), IMAGES);
            int longest = 0;
            for (int i = 0; i < IMAGES.size(); i++) {
                Form one = forms.forms().get(i);
                assertThat(one.tokens()).isEqualTo(plain.texts().get(i).get(0).tokens());
                String words = one.values().get(new Slot(Kind.TEXT, name + "-words"));
                assertThat(words).isEqualTo(closed.forms().get(i).values().get(new Slot(Kind.VALUE, name)));
                longest = Math.max(longest, checkpoint.tokenize(" " + words).length);
            }
            // for each token of the text one step, one for the guess that ends it, none for the template
            assertThat(forms.steps()).isLessThanOrEqualTo(11 + longest + 1);
        }
    }

    @Test
    void aTextOfManyPlacesIsTheSameWithSeveralFreeSlots() {
        FormQuestion form = form(FORM_TEXT
                .replace("{composition}", "{c.text}")
                .replace("{eye-catching}", "{e.text}")
                .replace("{level-shot}", "{l.text}")
                .replace("{saturation}", "{s.text}"));
        Forms forms = read(form, IMAGES);
        Generation plain = plain(form, IMAGES);
        for (int i = 0; i < IMAGES.size(); i++) {
            assertThat(forms.forms().get(i).tokens())
                    .isEqualTo(plain.texts().get(i).get(0).tokens());
        }
    }

    @Test
    void aModelThatDoesNotKnowTheFormFillsItInAllTheSame() {
        String answer = "Exposure ({exposure}): {exposure.reason}\nWhat: {what.text}; in short {score}!";
        for (Form form :
                read(new FormQuestion("Say something.", answer, 5), IMAGES).forms()) {
            String text = checkpoint.detokenize(
                    form.tokens().stream().mapToLong(Long::longValue).toArray());
            assertThat(text).matches("(?s)Exposure \\([a-z ]+\\):.*What:.*; in short \\d\\.\\d\\d!");
            assertThat(form.values()).hasSize(4);
            assertThat(form.distributions()).hasSize(2);
        }
    }

    @Test
    void aBatchReadsAsOneByOne() {
        Forms together = read(form(FORM_TEXT), IMAGES);
        for (int i = 0; i < IMAGES.size(); i++) {
            Form alone = read(form(FORM_TEXT), List.of(IMAGES.get(i))).forms().get(0);
            Form other = together.forms().get(i);
            assertThat(other.tokens()).isEqualTo(alone.tokens());
            alone.distributions().forEach((slot, d) -> {
                ValueDistribution same = other.distributions().get(slot);
                assertThat(same).isNotNull();
                assertThat(same.probabilities()).containsExactly(d.probabilities(), within(1e-4));
            });
        }
    }

    /** What the form reads of a slot is what the fast mode would read, were the form so far its question. */
    @Test
    void distributionsAreThoseGivenTheFormSoFar() {
        Form form = read(form(FORM_TEXT), List.of(IMAGES.get(0))).forms().get(0);
        String text = checkpoint.detokenize(
                form.tokens().stream().mapToLong(Long::longValue).toArray());
        ValueDistribution score = form.distributions().get(new Slot(Kind.SCORE, ""));
        assertThat(score).isNotNull();
        // a profile whose answer holds all that stands before the score
        String before = text.substring(0, text.indexOf('<') + 1);
        ScoringProfile.ScoreQuestion question = new ScoringProfile.ScoreQuestion(
                form(FORM_TEXT).question(),
                before + "{value}>.",
                profile.score().minimum(),
                profile.score().maximum(),
                2);
        try (Scorer fast =
                new Scorer(checkpoint, null, new ScoringProfile("given", profile.system(), question, List.of(), 8))) {
            Score expected = fast.score(List.of(IMAGES.get(0))).scores().get(0);
            assertThat(score.expectation()).isCloseTo(expected.expectation(), within(1e-4));
            assertThat(score.standardDeviation()).isCloseTo(expected.standardDeviation(), within(1e-4));
            assertThat(score.offGrammarMass()).isCloseTo(expected.offGrammarMass(), within(1e-4));
        }
    }

    @Test
    void theFormModeFillsAScore() {
        Score score = scorer.score(IMAGES, Mode.FORM).scores().get(0);
        assertThat(score.text()).startsWith("1.1 Composition Score: ").endsWith(">.");
        assertThat(score.attributes()).hasSize(9).allSatisfy(a -> {
            assertThat(score.text()).contains(": " + a.value());
            assertThat(a.probabilities()).containsKey(a.value());
        });
        assertThat(score.low()).isLessThanOrEqualTo(score.expectation());
        assertThat(score.digits()).hasSize(3);
    }

    @Test
    void reasonsAndFreeTextReachTheAttributes() {
        FormQuestion form = new FormQuestion(
                "Say something.",
                "Reason: {exposure.reason}, Exposure: {exposure}, Subject: {subject.text}. The score is <{score}>.",
                6);
        ScoringProfile with =
                new ScoringProfile("reasons", profile.system(), profile.score(), profile.attributes(), 8, form, null);
        try (Scorer reasons = new Scorer(checkpoint, null, with)) {
            Score score = reasons.score(IMAGES, Mode.FORM).scores().get(0);
            assertThat(score.attributes()).hasSize(2);
            assertThat(score.attributes().get(0).name()).isEqualTo("exposure");
            assertThat(score.attributes().get(0).reason()).isNotBlank();
            assertThat(score.attributes().get(1).name()).isEqualTo("subject");
            assertThat(score.attributes().get(1).value()).isNotBlank();
            assertThat(score.attributes().get(1).probabilities()).isEmpty();
            assertThat(score.text()).contains(score.attributes().get(0).reason());
        }
    }

    @Test
    void aFormThatCannotBeReadIsNamed() {
        refused("{composition} only", "form.answer: {composition} only (expected: a text with {score})");
        refused("{score} {score}", "form.answer: {score}: twice");
        refused("{composition}{score}", "form.answer: {score} follows another slot");
        refused("{beauty}: {score}", "form.answer: {beauty} (expected: {score}, {NAME}");
        refused("{beauty.reason}: {score}", "form.answer: {beauty.reason} (expected");
        refused("{exposure.text}: {score}", "form.answer: {exposure.text} (expected");
        assertThatThrownBy(() -> new FormQuestion("Q?", "{score}", 5000))
                .hasMessage("form.maxTextTokens: 5000 (expected: 1 to 4096)");
        assertThatThrownBy(
                        () -> new FormPlan(profile, form("{exposure}ly{saturation}: {score}"), FormReaderTest::words))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("form.answer: \"ly\" between two slots");
    }

    /** A tokenizer that joins all that is not set apart by spaces. */
    private static long[] words(String text) {
        return Stream.of(text.split(" ", -1)).mapToLong(String::hashCode).toArray();
    }

    private static void refused(String answer, String message) {
        assertThatThrownBy(() -> new ScoringProfile(
                        "bad", profile.system(), profile.score(), profile.attributes(), 8, form(answer), null))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(message);
    }

    @Test
    void aProfileWithoutAFormSaysSo() {
        ScoringProfile none = new ScoringProfile("none", profile.system(), profile.score(), List.of(), 8);
        try (Scorer without = new Scorer(checkpoint, null, none)) {
            assertThatThrownBy(() -> without.score(IMAGES, Mode.FORM))
                    .isInstanceOf(ModelException.class)
                    .hasMessage("scoring profile none: form: missing (expected: the question for this mode)");
        }
    }

    @Test
    void theLongestSharedEndIsFound() {
        assertThat(FormReader.overlap("sky, blue,", ", 1.2")).isEqualTo(1);
        assertThat(FormReader.overlap("sky, 1", ", 1.2")).isEqualTo(3);
        assertThat(FormReader.overlap("sky", ", 1.2")).isZero();
        assertThat(FormReader.overlap("aab", "abc")).isEqualTo(2);
        assertThat(FormReader.overlap("", "abc")).isZero();
    }
}
