package io.realqa.scorer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.realqa.scorer.ScoringProfile.ScoreQuestion;
import io.realqa.scorer.image.ImageDecoder;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.scorer.image.VisualInput;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The digits that fast mode follows are those of plain greedy decoding, with the distributions of teacher forcing. */
class GreedyDigitsTest {
    private static Checkpoint checkpoint;
    private static ScoringProfile profile;

    @BeforeAll
    static void load() {
        checkpoint = Checkpoint.load(Reference.DEMO, Compute.CPU);
        profile = ScoringProfile.in(Reference.DEMO).orElseThrow();
    }

    @AfterAll
    static void close() {
        checkpoint.close();
    }

    private static VisualInput photo(String name) throws Exception {
        byte[] file = Files.readAllBytes(Reference.DEMO.resolve("photos").resolve(name));
        return checkpoint.preprocessing().apply(new ImageDecoder(ImageLimits.DEFAULTS).decode(file));
    }

    @Test
    void theDigitsAreGreedyDecodingsAndTheirDistributionsThoseOfTheTeacherForcedAnswer() throws Exception {
        try (Scorer scorer = new Scorer(checkpoint, null, profile);
                Predictor predictor = new Predictor(checkpoint, null)) {
            for (String name : List.of("coffee.jpg", "chelsea.jpg", "rocket.jpg")) {
                VisualInput image = photo(name);
                Score.Greedy greedy = Objects.requireNonNull(
                        scorer.score(List.of(image)).scores().get(0).greedy());
                String answer = profile.score().answer().replace(ScoringProfile.VALUE, greedy.number());
                assertThat(scorer.generate(
                                        List.of(image), List.of(profile.score().question()), 32)
                                .get(0))
                        .containsExactly(answer);

                Predictor.Chat chat = new Predictor.Chat(
                        image,
                        "<|im_start|>system\n" + profile.system() + "<|im_end|>\n<|im_start|>user\n",
                        QuestionTree.turn(profile.score().question()),
                        answer,
                        0);
                List<float[]> logits = predictor
                        .predict(List.of(chat), new Predictor.Settings(Sampling.GREEDY, 1, 4096, true))
                        .get(0)
                        .digitLogits();
                assertThat(greedy.logProbabilities()).hasDimensions(3, 10);
                for (int d = 0; d < 3; d++) {
                    assertThat(softmax(greedy.logProbabilities()[d]))
                            .containsExactly(softmax(doubles(logits.get(d))), within(1e-4));
                }
            }
        }
    }

    private static double[] doubles(float[] values) {
        double[] all = new double[values.length];
        Arrays.setAll(all, i -> values[i]);
        return all;
    }

    private static double[] softmax(double[] logits) {
        double most = Arrays.stream(logits).max().orElseThrow();
        double sum = Arrays.stream(logits).map(l -> Math.exp(l - most)).sum();
        return Arrays.stream(logits).map(l -> Math.exp(l - most) / sum).toArray();
    }

    /** One token a character, or one for each two. */
    private static QuestionTree tree(String minimum, String maximum, int decimals, int charactersAToken) {
        ScoreQuestion score =
                new ScoreQuestion("Rate.", "Score {value}", new BigDecimal(minimum), new BigDecimal(maximum), decimals);
        return new QuestionTree(
                new ScoringProfile("test", "x", score, List.of(), 8),
                text -> LongStream.iterate(0, i -> i < text.length(), i -> i + charactersAToken)
                        .map(i -> text.substring((int) i, (int) Math.min(text.length(), i + charactersAToken))
                                .hashCode())
                        .map(Math::abs)
                        .toArray());
    }

    private static GreedyDigits digits(QuestionTree tree) {
        return new GreedyDigits(tree, tree.questions().get(0));
    }

    /** Every branch as likely as the others, but for those that lead to a value. */
    private static double[] log(QuestionTree tree, String value) {
        double[] log = new double[tree.size()];
        Arrays.fill(log, -2);
        QuestionTree.Question q = tree.questions().get(0);
        for (int n = q.leaves()[q.values().indexOf(value)]; n != q.lead(); n = tree.parent(n)) {
            log[n] = -1;
        }
        return log;
    }

    @Test
    void numbersOfSeveralWidthsAreFollowedToTheirEnds() {
        QuestionTree tree = tree("1", "100", 0, 1);
        for (String value : List.of("7", "42", "100")) {
            Score.Greedy greedy = Objects.requireNonNull(digits(tree).of(log(tree, value)));
            assertThat(greedy.number()).isEqualTo(value);
            assertThat(greedy.logProbabilities()).hasDimensions(value.length(), 10);
        }
        // no score begins with 0
        assertThat(Objects.requireNonNull(digits(tree).of(log(tree, "42"))).logProbabilities()[0])
                .containsExactly(Double.NEGATIVE_INFINITY, -2, -2, -2, -1, -2, -2, -2, -2, -2);
    }

    @Test
    void tokensOfSeveralDigitsHaveNoDistributionOfADigit() {
        QuestionTree pairs = tree("10", "99", 0, 2);
        assertThat(digits(pairs).of(log(pairs, "42"))).isNull();
    }

    @Test
    void aBranchThatWasNotReadGivesNone() {
        QuestionTree tree = tree("0.0", "9.9", 1, 1);
        double[] log = log(tree, "4.2");
        QuestionTree.Question q = tree.questions().get(0);
        log[q.leaves()[q.values().indexOf("4.7")]] = Double.NaN;
        assertThat(digits(tree).of(log)).isNull();
    }
}
