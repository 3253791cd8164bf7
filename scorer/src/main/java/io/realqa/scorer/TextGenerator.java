package io.realqa.scorer;

import ai.djl.pytorch.jni.IValue;
import io.realqa.scorer.BranchSession.Feed;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Free generation: every prompt of every image gets its own text, all in one batch, a token of each per device step.
 * Greedy text is transformers' {@code generate}, token for token. Immutable, safe for any thread.
 */
final class TextGenerator {
    private final Checkpoint checkpoint;
    private final GenerationConfig config;

    TextGenerator(Checkpoint checkpoint) {
        this.checkpoint = checkpoint;
        this.config = GenerationConfig.read(
                checkpoint.folder(),
                Set.of(checkpoint.tokenize("<|im_end|>")[0], checkpoint.tokenize("<|endoftext|>")[0]));
    }

    /** Tokens that end a text. */
    Set<Long> ends() {
        return config.ends();
    }

    /**
     * One text.
     *
     * @param tokens without the end token
     * @param ended whether the model ended it; else it was cut off
     */
    record Text(List<Long> tokens, boolean ended) {}

    /**
     * All texts, for each image one for each of its prompts.
     *
     * @param steps device steps that followed the prefill
     */
    record Generation(List<List<Text>> texts, int steps) {}

    /**
     * What is generated for one image.
     *
     * @param context tokens of the prefill, which the repetition penalty counts as there before
     * @param prompts tokens between the prefill and each text
     * @param ids tell the texts' random draws apart
     */
    record Request(Set<Long> context, List<long[]> prompts, List<Long> ids) {
        static Request greedy(Set<Long> context, List<long[]> prompts) {
            return new Request(context, prompts, prompts.stream().map(p -> 0L).toList());
        }
    }

    /** One text in the making. */
    private static final class Branch {
        final List<Long> generated = new ArrayList<>();
        final Set<Long> seen;
        final SplittableRandom random;
        int last;
        long next = -1;
        boolean ended;
        boolean done;

        Branch(Set<Long> seen, SplittableRandom random, int last) {
            this.seen = seen;
            this.random = random;
            this.last = last;
        }
    }

    /**
     * Generates.
     *
     * @param requests one for each image of the session, in its order
     * @param maxNewTokens where a text is cut off
     */
    Generation generate(BranchSession session, List<Request> requests, Sampling sampling, int maxNewTokens) {
        return generate(session, requests, sampling, maxNewTokens, new int[requests.size()]);
    }

    /**
     * Generates in a session that has been fed before.
     *
     * @param fedBefore tokens that each image has fed since the prefill
     */
    Generation generate(
            BranchSession session, List<Request> requests, Sampling sampling, int maxNewTokens, int[] fedBefore) {
        if (!config.unsupported().isEmpty()) {
            throw new ModelException(checkpoint.folder().resolve(GenerationConfig.FILE_NAME) + ": "
                    + String.join(", ", config.unsupported()) + " (expected: unset: not supported)");
        }
        List<List<Branch>> branches = new ArrayList<>();
        int[] fed = fedBefore.clone();
        List<Feed> feeds = new ArrayList<>();
        for (int b = 0; b < requests.size(); b++) {
            feeds.add(prompts(requests.get(b).prompts(), fed[b]));
            branches.add(branches(requests.get(b), feeds.get(b), sampling, fed[b]));
            fed[b] += feeds.get(b).tokens().length;
        }
        int steps = 1;
        advance(session, session.feed(feeds), branches, sampling, maxNewTokens);
        while (branches.stream().flatMap(List::stream).anyMatch(x -> !x.done)) {
            feeds.clear();
            for (int b = 0; b < requests.size(); b++) {
                feeds.add(next(branches.get(b), fed[b]));
                fed[b] += feeds.get(b).tokens().length;
            }
            advance(session, session.feed(feeds), branches, sampling, maxNewTokens);
            steps++;
        }
        List<List<Text>> texts = branches.stream()
                .map(of -> of.stream()
                        .map(x -> new Text(List.copyOf(x.generated), x.ended))
                        .toList())
                .toList();
        return new Generation(texts, steps);
    }

    /** A text's characters. */
    String text(Text of) {
        return checkpoint.detokenize(
                of.tokens().stream().mapToLong(Long::longValue).toArray());
    }

    private static Feed prompts(List<long[]> prompts, int fed) {
        int total = prompts.stream().mapToInt(t -> t.length).sum();
        long[] tokens = new long[total];
        int[] parents = new int[total];
        int[] reads = new int[prompts.size()];
        int at = 0;
        for (int q = 0; q < prompts.size(); q++) {
            for (int i = 0; i < prompts.get(q).length; i++, at++) {
                tokens[at] = prompts.get(q)[i];
                parents[at] = i == 0 ? BranchSession.PREFILL : fed + at - 1;
            }
            reads[q] = at - 1;
        }
        return new Feed(tokens, parents, reads);
    }

    private static List<Branch> branches(Request request, Feed prompts, Sampling sampling, int fed) {
        List<Branch> branches = new ArrayList<>();
        for (int q = 0; q < request.prompts().size(); q++) {
            Set<Long> seen = new HashSet<>(request.context());
            for (long token : request.prompts().get(q)) {
                seen.add(token);
            }
            branches.add(new Branch(seen, sampling.random(request.ids().get(q)), fed + prompts.reads()[q]));
        }
        return branches;
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

    private void advance(
            BranchSession session, IValue hidden, List<List<Branch>> branches, Sampling sampling, int maxNewTokens) {
        double penalty = sampling.repetitionPenalty().orElse(config.repetitionPenalty());
        boolean plain = !sampling.sample() && penalty == 1;
        // Only the chosen tokens leave the device, unless the host has to look at every token's logit.
        long[] best = plain ? session.mostProbable(hidden) : new long[0];
        float[] logits = plain ? new float[0] : session.logits(hidden);
        int vocabulary = checkpoint.config().vocabularySize();
        int row = 0;
        for (List<Branch> of : branches) {
            for (Branch branch : of) {
                if (branch.done) {
                    continue;
                }
                branch.next =
                        plain ? best[row] : sampling.next(logits, row, vocabulary, branch.seen, penalty, branch.random);
                row++;
                branch.seen.add(branch.next);
                if (config.ends().contains(branch.next)) {
                    branch.ended = true;
                    branch.done = true;
                } else {
                    branch.generated.add(branch.next);
                    branch.done = branch.generated.size() >= maxNewTokens;
                }
            }
        }
    }
}
