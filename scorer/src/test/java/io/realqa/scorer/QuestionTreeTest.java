package io.realqa.scorer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.realqa.scorer.QuestionTree.Question;
import io.realqa.scorer.ScoringProfile.AttributeQuestion;
import io.realqa.scorer.ScoringProfile.Level;
import io.realqa.scorer.ScoringProfile.ScoreQuestion;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** All allowed answers of all questions stand in one tree of tokens, none the beginning of another. */
class QuestionTreeTest {
    private static final Pattern SPECIAL = Pattern.compile("<\\|[a-z_]+\\|>|.", Pattern.DOTALL);
    /** One token a character, and one for each special text. */
    private static final Function<String, long[]> CHARACTERS = text -> tokens(SPECIAL, text);

    private static long[] tokens(Pattern pattern, String text) {
        return pattern.matcher(text)
                .results()
                .mapToLong(m -> m.group().length() == 1
                        ? m.group().charAt(0)
                        : 100_000L + m.group().hashCode())
                .toArray();
    }

    private static ScoreQuestion score(String answer, String minimum, String maximum, int decimals) {
        return new ScoreQuestion("Q?", answer, new BigDecimal(minimum), new BigDecimal(maximum), decimals);
    }

    private static AttributeQuestion attribute(String question, String answer, String... values) {
        return new AttributeQuestion("a" + question + answer, Level.LOW, question, answer, List.of(values));
    }

    private static QuestionTree tree(
            Function<String, long[]> tokenize, ScoreQuestion score, AttributeQuestion... attributes) {
        return new QuestionTree(new ScoringProfile("test", "S", score, List.of(attributes), 8), tokenize);
    }

    private static QuestionTree tree(ScoreQuestion score, AttributeQuestion... attributes) {
        return tree(CHARACTERS, score, attributes);
    }

    /** The tokens from one node to another, as text; a special one as $. */
    private static String path(QuestionTree tree, int from, int to) {
        StringBuilder text = new StringBuilder();
        for (int n = to; n != from; n = tree.parent(n)) {
            long token = tree.token(n);
            text.insert(0, token >= 0 && token < 100_000 ? (char) token : '$');
        }
        return text.toString();
    }

    private static List<String> answers(QuestionTree tree, int question) {
        Question q = tree.questions().get(question);
        return Arrays.stream(q.leaves())
                .mapToObj(leaf -> path(tree, q.lead(), leaf))
                .toList();
    }

    private static String lead(QuestionTree tree, int question) {
        return path(tree, QuestionTree.ROOT, tree.questions().get(question).lead());
    }

    @Test
    void theLeadIsQuestionTurnAndTheWordsBeforeTheValue() {
        QuestionTree tree = tree(score("It is {value}.", "1", "9", 0), attribute("R?", "Yes: {value}", "good", "bad"));
        assertThat(lead(tree, 0)).isEqualTo("Q?$\n$assistant\nIt is ");
        assertThat(lead(tree, 1)).isEqualTo("R?$\n$assistant\nYes: ");
        assertThat(answers(tree, 1)).containsExactly("good", "bad");
    }

    @Test
    void theLeadTakesInWhatAllValuesBeginWith() {
        QuestionTree tree = tree(score("{value}.", "8.0", "8.9", 1));
        assertThat(lead(tree, 0)).endsWith("assistant\n8.");
        assertThat(answers(tree, 0)).containsExactly("0", "1", "2", "3", "4", "5", "6", "7", "8", "9");
    }

    @Test
    void scoresAreEveryNumberOfTheGrammarAscending() {
        assertThat(QuestionTree.numbers(score("{value}", "0.98", "1.02", 2)))
                .containsExactly("0.98", "0.99", "1.00", "1.01", "1.02");
        assertThat(QuestionTree.numbers(score("{value}", "0", "100", 0)))
                .hasSize(101)
                .startsWith("0", "1")
                .endsWith("99", "100");
        assertThat(QuestionTree.numbers(score("{value}", "0.00", "9.99", 2))).hasSize(1000);
    }

    @Test
    void valuesThatEndByThemselvesDoWithoutWhatFollows() {
        assertThat(answers(tree(score("{value} points.", "0.0", "9.9", 1)), 0))
                .hasSize(100)
                .startsWith("0.0", "0.1")
                .endsWith("9.9");
    }

    @Test
    void integersOfDifferentLengthsTakeAsMuchOfWhatFollowsAsTellsThemApart() {
        List<String> answers = answers(tree(score("It is {value}...", "0", "100", 0)), 0);
        assertThat(answers).hasSize(101).contains("1.", "10.", "100.");
        prefixFree(answers);
    }

    @Test
    void aValueThatGoesOnAsWhatFollowsTakesMoreOfIt() {
        QuestionTree tree = tree(score("{value}", "1", "2", 0), attribute("R?", "{value}.x", "a", "a.", "b"));
        assertThat(answers(tree, 1)).containsExactly("a.x", "a..x", "b.x");
        prefixFree(answers(tree, 1));
    }

    @Test
    void withNothingAfterTheValueTheEndOfTheTurnEndsItWhereNeeded() {
        assertThat(answers(tree(score("{value}", "8", "10", 0)), 0)).containsExactly("8", "9", "10");
        assertThat(answers(tree(score("{value}", "1", "10", 0)), 0))
                .contains("1$", "10$")
                .hasSize(10);
    }

    @Test
    void aValueThatIsTheBeginningOfAnotherWithinTheLeadStillEnds() {
        QuestionTree tree = tree(
                score("{value}", "1", "2", 0), attribute("R?", "It is {value}.", "very", "very much", "very good"));
        assertThat(lead(tree, 1)).endsWith("It is very");
        assertThat(answers(tree, 1)).allMatch(a -> a.startsWith(".") || a.startsWith(" "));
        prefixFree(answers(tree, 1));
    }

    @Test
    void anEndingThatMergesWithTheValueStandsAsTheTokenizerHasIt() {
        Pattern merging = Pattern.compile("<\\|[a-z_]+\\|>|d\\.|.", Pattern.DOTALL);
        QuestionTree tree = tree(
                text -> tokens(merging, text),
                score("{value}", "1", "2", 0),
                attribute("R?", "{value}.", "good", "fair"));
        assertThat(answers(tree, 1)).containsExactly("goo$$", "fair.$");
    }

    @Test
    void valuesThatTheTokenizerCannotTellApartAreRefused() {
        Function<String, long[]> blind = text -> tokens(SPECIAL, text.replace('é', 'e'));
        assertThatThrownBy(() -> tree(blind, score("{value}", "1", "2", 0), attribute("R?", "{value}.", "é", "e")))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("two values give the tokenizer the same tokens");
    }

    @Test
    void whatQuestionsShareIsInTheTreeOnce() {
        QuestionTree apart = tree(score("{value}", "1", "2", 0), attribute("Rate it?", "{value}", "a", "b"));
        QuestionTree alike = tree(
                score("{value}", "1", "2", 0),
                attribute("Rate it?", "{value}", "a", "b"),
                attribute("Rate me?", "{value}", "a", "b"));
        String fresh = "me?" + "$\n$assistant\n" + "ab";
        assertThat(alike.size() - apart.size()).isEqualTo(fresh.length());
        assertThat(alike.questions().get(1).lead())
                .isNotEqualTo(alike.questions().get(2).lead());
        assertParentsFirst(alike);
    }

    @Test
    void aNarrowLevelIsSpeculatedOnAndAWideOneIsNot() {
        QuestionTree tree = tree(score("{value}", "0.00", "9.99", 2));
        int lead = tree.questions().get(0).lead();
        Set<String> speculated = tree.speculated().stream()
                .filter(n -> n > lead)
                .map(n -> path(tree, lead, n))
                .collect(Collectors.toSet());
        // ten digits and ten points; a hundred digits after them are too many
        assertThat(speculated).hasSize(20).contains("0", "9", "0.", "9.").doesNotContain("0.1");
        assertThat(tree.speculated()).contains(lead).isSorted().doesNotHaveDuplicates();
    }

    @Test
    void whatIsForcedIsFedAlong() {
        QuestionTree tree =
                tree(score("{value}", "1", "2", 0), attribute("R?", "{value}.", "properly", "overexposed", "overdone"));
        Question q = tree.questions().get(1);
        int p = node(tree, q.lead(), "p");
        assertThat(tree.forced(p).stream().map(n -> path(tree, q.lead(), n)).toList())
                .containsExactly("p", "pr", "pro", "prop", "prope", "proper", "properl");
        int o = node(tree, q.lead(), "o");
        assertThat(tree.forced(o).stream().map(n -> path(tree, q.lead(), n)).toList())
                .containsExactly("o", "ov", "ove", "over");
    }

    @Test
    void everyInnerNodeKnowsItsValues() {
        QuestionTree tree = tree(score("{value}", "0.0", "9.9", 1));
        Question q = tree.questions().get(0);
        assertThat(tree.valuesBelow(q).get(node(tree, q.lead(), "3.")))
                .containsExactly(30, 31, 32, 33, 34, 35, 36, 37, 38, 39);
        assertThat(tree.valuesBelow(q)).hasSize(20).doesNotContainKey(q.lead());
    }

    private static int node(QuestionTree tree, int from, String text) {
        return tree.below(from).stream()
                .filter(n -> path(tree, from, n).equals(text))
                .findFirst()
                .orElseThrow();
    }

    private static void prefixFree(List<String> answers) {
        List<String> sorted = new ArrayList<>(answers);
        assertThat(new HashSet<>(sorted)).hasSameSizeAs(sorted);
        sorted.sort(null);
        for (int i = 1; i < sorted.size(); i++) {
            assertThat(sorted.get(i)).doesNotStartWith(sorted.get(i - 1));
        }
    }

    private static void assertParentsFirst(QuestionTree tree) {
        for (int n = 1; n < tree.size(); n++) {
            assertThat(tree.parent(n)).isLessThan(n);
        }
    }
}
