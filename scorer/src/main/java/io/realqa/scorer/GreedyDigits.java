package io.realqa.scorer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Follows the most probable digits of the score through the tree of answers: what greedy decoding would say, with the
 * distribution of each digit given those before it. Immutable.
 */
final class GreedyDigits {
    private static final char NONE = 0;

    private final QuestionTree tree;
    private final int lead;
    /** The character that a node's token adds to the number; NONE: what ends it. */
    private final char[] letters;

    private final boolean single;

    /** @param question whose values are numbers */
    GreedyDigits(QuestionTree tree, QuestionTree.Question question) {
        this.tree = tree;
        this.lead = question.lead();
        this.letters = new char[tree.size()];
        this.single = letters(question);
    }

    /** Fills in the letters. @return whether each character of each number has a token of its own */
    private boolean letters(QuestionTree.Question question) {
        boolean[] known = new boolean[letters.length];
        for (int v = 0; v < question.leaves().length; v++) {
            String value = question.values().get(v);
            List<Integer> path = new ArrayList<>();
            for (int n = question.leaves()[v]; n != lead; n = tree.parent(n)) {
                path.add(0, n);
            }
            if (path.size() < value.length()) {
                return false;
            }
            for (int i = 0; i < path.size(); i++) {
                int node = path.get(i);
                char letter = i < value.length() ? value.charAt(i) : NONE;
                if (known[node] && letters[node] != letter) {
                    return false;
                }
                known[node] = true;
                letters[node] = letter;
            }
        }
        return distinct();
    }

    /** Two tokens that stand for the same character would be more than characters. */
    private boolean distinct() {
        for (int node : tree.below(lead)) {
            long different = Arrays.stream(tree.children(node))
                    .map(c -> letters[c])
                    .distinct()
                    .count();
            if (different != tree.children(node).length) {
                return false;
            }
        }
        return true;
    }

    /**
     * The digits of one image.
     *
     * @param log log probability of each node given its parent; NaN where it was not read
     * @return null if the digits are not single tokens, or a branch that they lead to was not read
     */
    Score.@Nullable Greedy of(double[] log) {
        if (!single) {
            return null;
        }
        StringBuilder number = new StringBuilder();
        List<double[]> rows = new ArrayList<>();
        int node = lead;
        while (tree.internal(node)) {
            int best = -1;
            double[] row = new double[10];
            Arrays.fill(row, Double.NEGATIVE_INFINITY);
            for (int child : tree.children(node)) {
                if (Double.isNaN(log[child])) {
                    return null;
                }
                if (best < 0 || log[child] > log[best]) {
                    best = child;
                }
                if (digit(child)) {
                    row[letters[child] - '0'] = log[child];
                }
            }
            if (digit(best)) {
                rows.add(row);
            }
            if (letters[best] != NONE) {
                number.append(letters[best]);
            }
            node = best;
        }
        boolean read = rows.stream().allMatch(r -> Arrays.stream(r).anyMatch(l -> l > Double.NEGATIVE_INFINITY));
        return read ? new Score.Greedy(number.toString(), rows.toArray(double[][]::new)) : null;
    }

    private boolean digit(int node) {
        return letters[node] >= '0' && letters[node] <= '9';
    }
}
