package io.realqa.scorer;

import io.realqa.scorer.ScoringProfile.AttributeQuestion;
import io.realqa.scorer.ScoringProfile.ScoreQuestion;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * All questions of a profile and all their allowed answers as one token trie, whose root is the prompt up to the image's
 * end. Node 0 is the root; parents come before their children. Immutable once built.
 *
 * <p>Nodes on the way to a question's lead (its text, the turn of the assistant and the words before the value) are
 * given; from the lead on, the probability of each node's children is read.
 */
final class QuestionTree {
    static final int ROOT = 0;
    /** A level of answers with more nodes than this is followed only where the probability is. */
    private static final int WIDEST_SPECULATION = 16;

    /** One question: where its answers begin, and for each allowed value the leaf that ends it. */
    record Question(String name, int lead, AnswerValues answers, int[] leaves) {
        List<String> values() {
            return answers.texts();
        }
    }

    private final List<Long> tokens = new ArrayList<>(List.of(-1L));
    private final List<Integer> parents = new ArrayList<>(List.of(-1));
    private final List<Integer> depths = new ArrayList<>(List.of(0));
    private final List<Map<Long, Integer>> children = new ArrayList<>(List.of(new HashMap<>()));
    private final List<int[]> childLists = new ArrayList<>();
    private final List<Question> questions = new ArrayList<>();

    /**
     * Builds the tree.
     *
     * @param tokenize text to token ids
     * @throws ModelException if the tokenizer gives two values of a question the same tokens
     */
    QuestionTree(ScoringProfile profile, Function<String, long[]> tokenize) {
        ScoreQuestion score = profile.score();
        add("score", score.question(), score.answer(), numbers(score), tokenize);
        for (AttributeQuestion a : profile.attributes()) {
            add(a.name(), a.question(), a.answer(), a.values(), tokenize);
        }
        for (Map<Long, Integer> c : children) {
            childLists.add(
                    c.values().stream().sorted().mapToInt(Integer::intValue).toArray());
        }
    }

    /** Every score that counts, as text, ascending. */
    static List<String> numbers(ScoreQuestion q) {
        List<String> numbers = new ArrayList<>();
        BigDecimal step = BigDecimal.ONE.movePointLeft(q.decimals());
        for (BigDecimal v = q.minimum(); v.compareTo(q.maximum()) <= 0; v = v.add(step)) {
            numbers.add(v.setScale(q.decimals(), RoundingMode.UNNECESSARY).toPlainString());
        }
        return numbers;
    }

    /** What stands between the image and the answer. */
    static String turn(String question) {
        return question + "<|im_end|>\n<|im_start|>assistant\n";
    }

    private void add(
            String name, String question, String answer, List<String> values, Function<String, long[]> tokenize) {
        int at = answer.indexOf(ScoringProfile.VALUE);
        String before = answer.substring(0, at);
        String after = answer.substring(at + ScoringProfile.VALUE.length());
        long[] ending = tokenize.apply(after + "<|im_end|>");
        List<long[]> answers = new ArrayList<>();
        for (String v : values) {
            answers.add(tokenize.apply(before + v + after + "<|im_end|>"));
        }
        int lead = commonPrefix(answers);
        List<long[]> sequences = withoutEnding(name, answers, ending, lead);

        int leadNode = ROOT;
        for (long token : tokenize.apply(turn(question))) {
            leadNode = child(leadNode, token);
        }
        for (int i = 0; i < lead; i++) {
            leadNode = child(leadNode, answers.get(0)[i]);
        }
        int[] leaves = new int[values.size()];
        for (int v = 0; v < leaves.length; v++) {
            int node = leadNode;
            for (long token : sequences.get(v)) {
                node = child(node, token);
            }
            leaves[v] = node;
        }
        questions.add(new Question(name, leadNode, new AnswerValues(values), leaves));
    }

    private int child(int parent, long token) {
        return children.get(parent).computeIfAbsent(token, t -> {
            tokens.add(t);
            parents.add(parent);
            depths.add(depths.get(parent) + 1);
            children.add(new HashMap<>());
            return tokens.size() - 1;
        });
    }

    private static int commonPrefix(List<long[]> all) {
        int n = all.get(0).length;
        for (long[] other : all) {
            int mismatch = Arrays.mismatch(all.get(0), other);
            n = mismatch < 0 ? n : Math.min(n, mismatch);
        }
        return n;
    }

    /**
     * The values' own tokens. What follows the value belongs to it only as far as needed to tell where one ends: no
     * sequence may be the beginning of another.
     */
    private static List<long[]> withoutEnding(String name, List<long[]> answers, long[] ending, int lead) {
        boolean separate = answers.stream().allMatch(a -> {
            int from = a.length - ending.length;
            return from > lead && Arrays.equals(a, from, a.length, ending, 0, ending.length);
        });
        for (int keep = separate ? 0 : ending.length; keep <= ending.length; keep++) {
            int cut = ending.length - keep;
            List<long[]> sequences = answers.stream()
                    .map(a -> Arrays.copyOfRange(a, lead, a.length - cut))
                    .toList();
            if (prefixFree(sequences)) {
                return sequences;
            }
        }
        throw new ModelException(name + ": two values give the tokenizer the same tokens (expected: all different)");
    }

    private static boolean prefixFree(List<long[]> sequences) {
        List<long[]> sorted = new ArrayList<>(sequences);
        sorted.sort(Arrays::compare);
        for (int i = 1; i < sorted.size(); i++) {
            long[] first = sorted.get(i - 1);
            int mismatch = Arrays.mismatch(first, sorted.get(i));
            if (mismatch < 0 || mismatch == first.length) {
                return false;
            }
        }
        return true;
    }

    /** The score first, then the attributes in the profile's order. */
    List<Question> questions() {
        return questions;
    }

    int size() {
        return tokens.size();
    }

    long token(int node) {
        return tokens.get(node);
    }

    int parent(int node) {
        return parents.get(node);
    }

    int[] children(int node) {
        return childLists.get(node);
    }

    boolean internal(int node) {
        return children(node).length > 0;
    }

    /** The given nodes and the narrow levels of the answers: what is fed for every image, parents first. */
    List<Integer> speculated() {
        boolean[] fed = new boolean[size()];
        for (Question q : questions) {
            for (int n = q.lead(); n != ROOT; n = parent(n)) {
                fed[n] = true;
            }
            List<Integer> level = List.of(q.lead());
            while (!level.isEmpty() && level.size() <= WIDEST_SPECULATION) {
                List<Integer> next = new ArrayList<>();
                for (int n : level) {
                    fed[n] = true;
                    for (int c : children(n)) {
                        if (internal(c)) {
                            next.add(c);
                        }
                    }
                }
                level = next;
            }
        }
        List<Integer> nodes = new ArrayList<>();
        for (int n = 1; n < fed.length; n++) {
            if (fed[n]) {
                nodes.add(n);
            }
        }
        return nodes;
    }

    /** An internal node and the forced nodes after it, whose own token is the only one that counts. */
    List<Integer> forced(int node) {
        List<Integer> chain = new ArrayList<>(List.of(node));
        int last = node;
        while (children(last).length == 1 && internal(children(last)[0])) {
            last = children(last)[0];
            chain.add(last);
        }
        return chain;
    }

    /** The inner nodes of a question's answers, each with the indices of the values below it. */
    Map<Integer, int[]> valuesBelow(Question question) {
        Map<Integer, List<Integer>> below = new TreeMap<>();
        for (int v = 0; v < question.leaves().length; v++) {
            for (int n = parent(question.leaves()[v]); n != question.lead(); n = parent(n)) {
                below.computeIfAbsent(n, k -> new ArrayList<>()).add(v);
            }
        }
        Map<Integer, int[]> indices = new LinkedHashMap<>();
        below.forEach((node, values) ->
                indices.put(node, values.stream().mapToInt(Integer::intValue).toArray()));
        return indices;
    }

    /** Every node from the lead on, the lead first, parents before children. */
    List<Integer> below(int lead) {
        List<Integer> nodes = new ArrayList<>();
        Deque<Integer> open = new ArrayDeque<>(List.of(lead));
        while (!open.isEmpty()) {
            int n = open.remove();
            nodes.add(n);
            for (int c : children(n)) {
                open.add(c);
            }
        }
        return nodes;
    }
}
