package io.realqa.scorer;

import io.realqa.scorer.TrainingChat.Exchange;
import io.realqa.scorer.TrainingTree.Edge;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Function;

/**
 * Turns chats into tokens as LLaMA-Factory does: question and answer are tokenised apart, and where the chat is longer than
 * its cut-off, exchange by exchange the longer of the two gives way. One thread's.
 */
final class TrainingChats {
    private static final String VISION_START = "<|vision_start|>";

    private final Function<String, long[]> tokenize;
    private final long[] digits = new long[10];
    private final Map<String, long[]> known = new HashMap<>();

    TrainingChats(Function<String, long[]> tokenize) {
        this.tokenize = tokenize;
        for (int d = 0; d < digits.length; d++) {
            digits[d] = tokenize.apply(Integer.toString(d))[0];
        }
    }

    /**
     * A chat's tokens: a chain, in which the answers' tokens count 1 each.
     *
     * @throws IllegalArgumentException if the cut-off leaves no room for the image
     */
    TrainingPath of(TrainingChat chat) {
        // most chats of a data set begin alike
        long[] before = known.computeIfAbsent(chat.before() + VISION_START, tokenize);
        long[] after = known.computeIfAbsent(Scorer.AFTER_IMAGE, tokenize);
        int fixed = before.length + chat.image().visualTokens() + after.length;
        TrainingTree tree = new TrainingTree();
        List<Integer> digitNodes = new ArrayList<>();
        int node = TrainingTree.ROOT;
        int total = 0;
        long pending = -1; // fed only if something follows it
        for (int x = 0; x < chat.exchanges().size() && total < chat.cutoffLength(); x++) {
            Exchange exchange = chat.exchanges().get(x);
            long[] source = tokenize.apply(exchange.source());
            long[] target = tokenize.apply(exchange.target());
            int lead = x == 0 ? fixed : 0;
            int[] kept = Predictor.cut(lead + source.length, target.length, chat.cutoffLength() - total);
            if (kept[0] <= lead && x == 0) {
                throw new IllegalArgumentException(chat.where() + ": cutoff_len: " + chat.cutoffLength()
                        + " (expected: more than " + kept[1] + " tokens of the answer and " + fixed
                        + " up to the image's end)");
            }
            if (kept[0] + kept[1] == 0) {
                break;
            }
            total += kept[0] + kept[1];
            for (int i = 0; i < kept[0] - lead; i++) {
                node = pending < 0 ? node : tree.child(node, pending);
                pending = source[i];
            }
            int digit = 0;
            for (int i = 0; i < kept[1]; i++) {
                node = pending < 0 ? node : tree.child(node, pending);
                pending = target[i];
                tree.weigh(new Edge(node, target[i]), 1);
                if (isDigit(target[i])) {
                    if (digit >= exchange.firstDigit() && digit < exchange.endDigit()) {
                        digitNodes.add(node);
                    }
                    digit++;
                }
            }
        }
        weighDigits(tree, digitNodes);
        return new TrainingPath(chat.image(), before, after, tree, OptionalDouble.empty(), List.copyOf(digitNodes));
    }

    /** All ten digits are read where one stands, and count nothing by it. */
    private void weighDigits(TrainingTree tree, List<Integer> nodes) {
        for (int node : nodes) {
            for (long digit : digits) {
                tree.weigh(new Edge(node, digit), 0);
            }
        }
    }

    long digit(int d) {
        return digits[d];
    }

    private boolean isDigit(long token) {
        return Arrays.stream(digits).anyMatch(d -> d == token);
    }
}
