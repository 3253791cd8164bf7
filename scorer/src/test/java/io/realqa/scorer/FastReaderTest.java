package io.realqa.scorer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.realqa.scorer.BranchSession.Feed;
import io.realqa.scorer.ScoringProfile.AttributeQuestion;
import io.realqa.scorer.ScoringProfile.Level;
import io.realqa.scorer.ScoringProfile.ScoreQuestion;
import io.realqa.scorer.image.ImageDecoder;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.scorer.image.VisualInput;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The tree of all questions gives each answer the probability that the answer has when it is fed alone. */
class FastReaderTest {
    private static final double SAME = 1e-4;
    private static final ScoreQuestion TENTHS = score("The score of this image is {value}.", "0.0", "9.9", 1);

    private static Checkpoint checkpoint;
    private static VisualInput image;

    @BeforeAll
    static void load() throws Exception {
        checkpoint = Checkpoint.load(Reference.DEMO, Compute.CPU);
        byte[] photo = Files.readAllBytes(Reference.DEMO.resolve("photos/chelsea.jpg"));
        image = checkpoint.preprocessing().apply(new ImageDecoder(ImageLimits.DEFAULTS).decode(photo));
    }

    @AfterAll
    static void close() {
        checkpoint.close();
    }

    private static ScoreQuestion score(String answer, String minimum, String maximum, int decimals) {
        return new ScoreQuestion(
                "Rate the aesthetics and quality of this image.",
                answer,
                new BigDecimal(minimum),
                new BigDecimal(maximum),
                decimals);
    }

    private static AttributeQuestion attribute(String question, String answer, String... values) {
        return new AttributeQuestion("a " + answer, Level.LOW, question, answer, List.of(values));
    }

    private static List<ValueDistribution> read(ScoreQuestion score, AttributeQuestion... attributes) {
        ScoringProfile profile =
                new ScoringProfile("test", "You are a helpful assistant.", score, List.of(attributes), 8);
        try (Scorer scorer = new Scorer(checkpoint, null, profile);
                BranchSession session = scorer.open(List.of(image))) {
            return new FastReader(new QuestionTree(profile, checkpoint::tokenize))
                    .read(session, 1)
                    .get(0);
        }
    }

    /** The probability of each answer, fed alone from the end of the image on, without the last tokens of all. */
    private static double[] alone(String question, String answer, List<String> values, int ending) {
        ScoringProfile profile = new ScoringProfile("test", "You are a helpful assistant.", TENTHS, List.of(), 8);
        long[] turn = checkpoint.tokenize(question + "<|im_end|>\n<|im_start|>assistant\n");
        List<long[]> answers = values.stream()
                .map(v -> checkpoint.tokenize(answer.replace("{value}", v) + "<|im_end|>"))
                .toList();
        int lead = IntStream.range(0, answers.get(0).length)
                .filter(i -> answers.stream().anyMatch(a -> a[i] != answers.get(0)[i]))
                .findFirst()
                .orElseThrow();
        double[] probabilities = new double[values.size()];
        try (Scorer scorer = new Scorer(checkpoint, null, profile);
                BranchSession session = scorer.open(List.of(image))) {
            int fed = 0;
            for (int v = 0; v < probabilities.length; v++) {
                long[] a = answers.get(v);
                int end = a.length - ending;
                long[] tokens = new long[turn.length + end - 1];
                System.arraycopy(turn, 0, tokens, 0, turn.length);
                System.arraycopy(a, 0, tokens, turn.length, end - 1);
                int[] parents = new int[tokens.length];
                for (int i = 0; i < parents.length; i++) {
                    parents[i] = i == 0 ? BranchSession.PREFILL : fed + i - 1;
                }
                int[] reads =
                        IntStream.range(turn.length + lead - 1, tokens.length).toArray();
                long[] targets = Arrays.copyOfRange(a, lead, end);
                float[] log =
                        session.logProbabilities(session.feed(List.of(new Feed(tokens, parents, reads))), targets, 1);
                double sum = 0;
                for (float l : log) {
                    sum += l;
                }
                probabilities[v] = Math.exp(sum);
                fed += tokens.length;
            }
        }
        return probabilities;
    }

    private static double[] masses(ValueDistribution d) {
        return Arrays.stream(d.probabilities())
                .map(p -> p * (1 - d.offGrammarMass()))
                .toArray();
    }

    private static void assertAlone(ValueDistribution actual, String question, String answer, int ending) {
        double[] expected = alone(question, answer, actual.values(), ending);
        assertThat(actual.prunedMass()).isZero();
        assertThat(masses(actual)).containsExactly(expected, within(SAME));
        assertThat(actual.offGrammarMass())
                .isCloseTo(1 - Arrays.stream(expected).sum(), within(SAME));
    }

    @Test
    void everyScoreHasTheProbabilityOfItsTextAlone() {
        assertAlone(read(TENTHS).get(0), TENTHS.question(), TENTHS.answer(), 2);
    }

    @Test
    void everyWordHasTheProbabilityOfItsTextAlone() {
        String question = "What is the exposure of this image?";
        String answer = "Exposure: {value}.";
        ValueDistribution d = read(
                        TENTHS,
                        attribute(
                                question,
                                answer,
                                "severely underexposed",
                                "underexposed",
                                "properly exposed",
                                "overexposed",
                                "severely overexposed"))
                .get(1);
        double[] expected = alone(question, answer, d.values(), 2);
        assertThat(d.prunedMass()).isLessThan(2 * FastReader.SMALLEST_BRANCH);
        assertThat(masses(d)).containsExactly(expected, within(FastReader.SMALLEST_BRANCH));
    }

    @Test
    void aValueThatIsTheBeginningOfAnotherHasTheProbabilityOfItselfAndItsEnd() {
        String question = "What is the composition score of this image?";
        String answer = "Composition Score: {value}.";
        String[] values =
                IntStream.rangeClosed(1, 10).mapToObj(Integer::toString).toArray(String[]::new);
        ValueDistribution d = read(TENTHS, attribute(question, answer, values)).get(1);
        assertAlone(d, question, answer, 1);
    }

    @Test
    void aQuestionIsReadFromItsOwnLeadWhereItsAnswerGoesOnFromAnothers() {
        String question = "What is the composition score of this image?";
        String first = "Composition Score: {value}.";
        String second = "Composition Score: 5. Eye-Catching Score: {value}.";
        List<ValueDistribution> both =
                read(TENTHS, attribute(question, first, "4", "5", "6"), attribute(question, second, "4", "5", "6"));
        assertAlone(both.get(1), question, first, 2);
        assertAlone(both.get(2), question, second, 2);
    }

    @Test
    void theProbabilityOfBranchesNotFollowedIsSpreadOverTheirScores() {
        ScoreQuestion hundredths = score(TENTHS.answer(), "3.00", "4.99", 2);
        ValueDistribution d = read(hundredths).get(0);
        double[] expected = alone(hundredths.question(), hundredths.answer(), d.values(), 2);
        double[] actual = masses(d);
        double pruned = 0;
        int followed = 0;
        List<Double> branches = new ArrayList<>();
        for (int tenth = 0; tenth < 20; tenth++) {
            int from = 10 * tenth;
            double branch = Arrays.stream(expected, from, from + 10).sum();
            branches.add(branch);
            // the last place is any digit, so that the branch has nearly the mass of its scores
            assertThat(Arrays.stream(actual, from, from + 10).sum()).isCloseTo(branch, within(SAME));
            if (branch > 1.05 * FastReader.SMALLEST_BRANCH) {
                followed++;
                assertThat(Arrays.copyOfRange(actual, from, from + 10))
                        .containsExactly(Arrays.copyOfRange(expected, from, from + 10), within(SAME));
            } else if (branch < 0.95 * FastReader.SMALLEST_BRANCH) {
                pruned += branch;
                assertThat(Arrays.copyOfRange(actual, from, from + 10))
                        .containsOnly(new double[] {actual[from]}, within(1e-12));
            }
        }
        assertThat(followed).as("%s", branches).isBetween(1, 19);
        assertThat(pruned).as("%s", branches).isPositive();
        assertThat(d.prunedMass()).isCloseTo(pruned, within(2 * FastReader.SMALLEST_BRANCH));
    }

    @Test
    void integersUpToAHundredAreReadLikeAnyOtherScore() {
        ScoreQuestion integers = score("{value}", "0", "100", 0);
        ValueDistribution d = read(integers).get(0);
        double[] expected = alone(integers.question(), integers.answer(), d.values(), 0);
        assertThat(d.values()).hasSize(101);
        assertThat(Arrays.stream(masses(d)).sum())
                .isCloseTo(Arrays.stream(expected).sum(), within(d.prunedMass() + SAME));
        double[] actual = masses(d);
        for (int v = 0; v < actual.length; v++) {
            assertThat(actual[v]).isCloseTo(expected[v], within(d.prunedMass() + SAME));
        }
    }
}
