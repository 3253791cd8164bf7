package io.realqa.scorer;

import io.realqa.scorer.QuestionTree.Question;
import io.realqa.scorer.TrainingExample.Kind;
import io.realqa.scorer.TrainingExample.ScoreGoal;
import io.realqa.scorer.TrainingExample.Turn;
import io.realqa.scorer.TrainingTree.Edge;
import io.realqa.scorer.TrainingTree.Leaf;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Makes {@link TrainingTree}s: which tokens an example feeds, and what each answer's tokens are worth. Immutable but for
 * a cache of token texts; one thread's.
 */
final class TrainingTrees {
    /** Narrower opinions are one opinion: far below what a score has decimals for, and its square is still a number. */
    private static final double SMALLEST_DEVIATION = 1e-6;

    private final LossSettings loss;
    private final Function<String, long[]> tokenize;
    private final Function<Long, String> text;
    private final Map<Long, Boolean> digits = new HashMap<>();
    private final QuestionTree scores;
    private final Question question;
    private final double[] values;
    /** Nodes of {@link #scores} that every image feeds, parents first. */
    private final Set<Integer> fed;
    /** Node of scores to the indices of the values below it. */
    private final Map<Integer, List<Integer>> below = new HashMap<>();
    /** Nodes not fed whose parent is: the ranges of scores that are told apart. */
    private final List<Integer> frontier = new ArrayList<>();

    /**
     * @param profile whose score question has the grammar
     * @param text what a single token says
     */
    TrainingTrees(
            ScoringProfile profile, LossSettings loss, Function<String, long[]> tokenize, Function<Long, String> text) {
        this.loss = loss;
        this.tokenize = tokenize;
        this.text = text;
        ScoringProfile alone = new ScoringProfile(
                profile.name(), profile.system(), profile.score(), List.of(), profile.maxNewTokens());
        this.scores = new QuestionTree(alone, tokenize);
        this.question = scores.questions().get(0);
        this.values =
                question.values().stream().mapToDouble(Double::parseDouble).toArray();
        this.fed = new LinkedHashSet<>(scores.speculated());
        for (int v = 0; v < values.length; v++) {
            for (int n = question.leaves()[v]; n != QuestionTree.ROOT; n = scores.parent(n)) {
                below.computeIfAbsent(n, k -> new ArrayList<>()).add(v);
            }
        }
        for (int n : fed) {
            if (answers(n)) {
                for (int c : scores.children(n)) {
                    if (!fed.contains(c)) {
                        frontier.add(c);
                    }
                }
            }
        }
    }

    /** Whether a node of scores is the lead or follows it. */
    private boolean answers(int node) {
        for (int n = node; n != QuestionTree.ROOT; n = scores.parent(n)) {
            if (n == question.lead()) {
                return true;
            }
        }
        return false;
    }

    /** Mean score of each range that the expectation is made of. */
    double[] leafValues() {
        return frontier.stream()
                .mapToDouble(n ->
                        below(n).stream().mapToDouble(v -> values[v]).average().orElseThrow())
                .toArray();
    }

    private List<Integer> below(int node) {
        return below.getOrDefault(node, List.of());
    }

    TrainingTree of(TrainingExample example) {
        TrainingTree tree = new TrainingTree();
        double[] soft = soft(example.goal());
        for (Turn turn : example.turns()) {
            addTurn(tree, turn, turn.kind() == Kind.SCORE ? soft : null);
        }
        if (loss.expectationWeight() > 0 && example.goal().mean().isPresent()) {
            for (int n : frontier) {
                tree.addLeaf(new Leaf(pathFromLead(tree, n)));
            }
        }
        return tree;
    }

    /** Probability of each score under the soft label, or null for an exact one. */
    private double @Nullable [] soft(ScoreGoal goal) {
        double deviation = goal.deviation().orElse(0);
        if (!loss.softLabels() || goal.mean().isEmpty() || !(deviation > SMALLEST_DEVIATION)) {
            return null;
        }
        double mean = goal.mean().getAsDouble();
        double[] p = new double[values.length];
        // subtracting the smallest exponent keeps a narrow distribution between two scores from vanishing
        double smallest = Double.POSITIVE_INFINITY;
        for (int v = 0; v < p.length; v++) {
            p[v] = (values[v] - mean) * (values[v] - mean) / (2 * deviation * deviation);
            smallest = Math.min(smallest, p[v]);
        }
        double sum = 0;
        for (int v = 0; v < p.length; v++) {
            p[v] = Math.exp(smallest - p[v]);
            sum += p[v];
        }
        for (int v = 0; v < p.length; v++) {
            p[v] /= sum;
        }
        return p;
    }

    private void addTurn(TrainingTree tree, Turn turn, double @Nullable [] soft) {
        long[] asked = tokenize.apply(QuestionTree.turn(turn.question()));
        long[] answer = tokenize.apply(turn.before() + turn.value() + turn.after() + "<|im_end|>");
        int beforeValue = commonPrefix(answer, tokenize.apply(turn.before()));
        int node = TrainingTree.ROOT;
        // the same path in the tree of scores, as long as there is one
        int along = QuestionTree.ROOT;
        for (long token : asked) {
            node = tree.child(node, token);
            along = step(along, token);
        }
        int place = 0;
        int valueEnd = beforeValue;
        for (int covered = 0; valueEnd < answer.length && covered < turn.value().length(); valueEnd++) {
            covered += text.apply(answer[valueEnd]).length();
        }
        for (int i = 0; i < answer.length; i++) {
            boolean digit = turn.kind() != Kind.TEXT && i >= beforeValue && i < valueEnd && isDigit(answer[i]);
            double worth = digit ? loss.digitWeight(place++) : 1;
            if (soft == null || along < 0 || !answers(along) || !scores.internal(along)) {
                tree.weigh(new Edge(node, answer[i]), worth);
            } else if (!fed.contains(along)) {
                addSoft(tree, node, along, soft, mass(along, soft), worth);
            }
            if (i + 1 < answer.length) {
                node = tree.child(node, answer[i]);
                along = step(along, answer[i]);
            }
        }
        if (soft != null) {
            addSoftTree(tree, soft);
        }
    }

    private int step(int along, long token) {
        if (along >= 0) {
            for (int c : scores.children(along)) {
                if (scores.token(c) == token) {
                    return c;
                }
            }
        }
        return -1;
    }

    /** Every level of the score that is fed anyway, weighed by the soft label. */
    private void addSoftTree(TrainingTree tree, double[] soft) {
        for (int n : fed) {
            if (answers(n)) {
                addSoft(tree, nodeOf(tree, n), n, soft, 1, digitChildren(n) ? loss.digitWeight(place(n)) : 1);
            }
        }
    }

    private void addSoft(TrainingTree tree, int node, int along, double[] soft, double given, double worth) {
        for (int c : scores.children(along)) {
            double share = given > 0 ? mass(c, soft) / given : 0;
            tree.weigh(new Edge(node, scores.token(c)), worth * share);
        }
    }

    private double mass(int node, double[] soft) {
        return below(node).stream().mapToDouble(v -> soft[v]).sum();
    }

    private boolean digitChildren(int node) {
        return Arrays.stream(scores.children(node)).allMatch(c -> isDigit(scores.token(c)));
    }

    /** How many digits the value has before what follows a node. */
    private int place(int node) {
        int place = 0;
        for (int n = node; n != question.lead(); n = scores.parent(n)) {
            place += isDigit(scores.token(n)) ? 1 : 0;
        }
        return place;
    }

    private boolean isDigit(long token) {
        return digits.computeIfAbsent(token, t -> text.apply(t).matches("\\d"));
    }

    private int nodeOf(TrainingTree tree, int scoreNode) {
        return scoreNode == QuestionTree.ROOT
                ? TrainingTree.ROOT
                : tree.child(nodeOf(tree, scores.parent(scoreNode)), scores.token(scoreNode));
    }

    private List<Edge> pathFromLead(TrainingTree tree, int leaf) {
        List<Edge> path = new ArrayList<>();
        for (int n = leaf; n != question.lead(); n = scores.parent(n)) {
            path.add(0, new Edge(nodeOf(tree, scores.parent(n)), scores.token(n)));
        }
        return path;
    }

    private static int commonPrefix(long[] a, long[] b) {
        int mismatch = Arrays.mismatch(a, b);
        return mismatch < 0 ? a.length : mismatch;
    }
}
