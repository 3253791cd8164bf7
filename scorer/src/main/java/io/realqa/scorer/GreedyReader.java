package io.realqa.scorer;

import ai.djl.pytorch.jni.IValue;
import io.realqa.scorer.BranchSession.Feed;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Greedy decoding: every question of every image generates its own text, all in one batch. Immutable. */
final class GreedyReader {
    private final Checkpoint checkpoint;
    private final Set<Long> ends;

    GreedyReader(Checkpoint checkpoint) {
        this.checkpoint = checkpoint;
        this.ends = Set.of(checkpoint.tokenize("<|im_end|>")[0], checkpoint.tokenize("<|endoftext|>")[0]);
    }

    /** One text in the making. */
    private static final class Branch {
        final List<Long> generated = new ArrayList<>();
        int last = BranchSession.PREFILL;
        long next = -1;
        boolean done;
    }

    /** Generated texts: for each image one for each question, without the end token. */
    List<List<String>> generate(BranchSession session, int images, List<String> questions, int maxNewTokens) {
        List<long[]> turns = questions.stream()
                .map(q -> checkpoint.tokenize(QuestionTree.turn(q)))
                .toList();
        List<List<Branch>> branches = new ArrayList<>();
        int[] fed = new int[images];
        List<Feed> feeds = new ArrayList<>();
        for (int b = 0; b < images; b++) {
            branches.add(turns.stream().map(t -> new Branch()).toList());
            feeds.add(prompts(turns, branches.get(b)));
            fed[b] = feeds.get(b).tokens().length;
        }
        advance(session, session.feed(feeds), branches, maxNewTokens);
        while (branches.stream().flatMap(List::stream).anyMatch(x -> !x.done)) {
            feeds.clear();
            for (int b = 0; b < images; b++) {
                feeds.add(next(branches.get(b), fed[b]));
                fed[b] += feeds.get(b).tokens().length;
            }
            advance(session, session.feed(feeds), branches, maxNewTokens);
        }
        return branches.stream()
                .map(of -> of.stream()
                        .map(x -> checkpoint.detokenize(
                                x.generated.stream().mapToLong(Long::longValue).toArray()))
                        .toList())
                .toList();
    }

    private static Feed prompts(List<long[]> turns, List<Branch> branches) {
        int total = turns.stream().mapToInt(t -> t.length).sum();
        long[] tokens = new long[total];
        int[] parents = new int[total];
        int[] reads = new int[turns.size()];
        int at = 0;
        for (int q = 0; q < turns.size(); q++) {
            for (int i = 0; i < turns.get(q).length; i++, at++) {
                tokens[at] = turns.get(q)[i];
                parents[at] = i == 0 ? BranchSession.PREFILL : at - 1;
            }
            reads[q] = at - 1;
            branches.get(q).last = at - 1;
        }
        return new Feed(tokens, parents, reads);
    }

    private static Feed next(List<Branch> branches, int fed) {
        List<Branch> open = branches.stream().filter(x -> !x.done).toList();
        long[] tokens = new long[open.size()];
        int[] parents = new int[open.size()];
        int[] reads = new int[open.size()];
        for (int i = 0; i < tokens.length; i++) {
            Branch branch = open.get(i);
            tokens[i] = branch.next;
            parents[i] = branch.last;
            reads[i] = i;
            branch.last = fed + i;
        }
        return new Feed(tokens, parents, reads);
    }

    private void advance(BranchSession session, IValue hidden, List<List<Branch>> branches, int maxNewTokens) {
        long[] best = session.mostProbable(hidden);
        int row = 0;
        for (List<Branch> of : branches) {
            for (Branch branch : of) {
                if (branch.done) {
                    continue;
                }
                branch.next = best[row++];
                if (ends.contains(branch.next)) {
                    branch.done = true;
                } else {
                    branch.generated.add(branch.next);
                    branch.done = branch.generated.size() >= maxNewTokens;
                }
            }
        }
    }
}
