package io.realqa.scorer;

import java.util.Arrays;
import java.util.Comparator;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * How the next token is chosen from its logits, in the order of transformers' {@code generate}: repetition penalty, then,
 * when sampling, temperature, top-k and top-p.
 *
 * @param sample draw the token; else take the most probable
 * @param temperature divides the logits; over 0
 * @param topK only so many of the most probable tokens are drawn from; 0 is all
 * @param topP only the most probable tokens that together reach this probability; 1 is all
 * @param repetitionPenalty logits of tokens that were there before, in the prompt or the text, are divided by it if
 *     positive, else multiplied; empty: the checkpoint's own
 * @param seed of the draws: equal seeds, equal texts, whatever else is in the batch
 */
public record Sampling(
        boolean sample, double temperature, int topK, double topP, OptionalDouble repetitionPenalty, long seed) {
    /** The most probable token each time, with the checkpoint's own repetition penalty. */
    public static final Sampling GREEDY = new Sampling(false, 1, 0, 1, OptionalDouble.empty(), 0);

    public Sampling {
        require(temperature > 0 && Double.isFinite(temperature), "temperature", temperature, "a number over 0");
        require(topK >= 0, "top-k", topK, "at least 0, which is all");
        require(topP > 0 && topP <= 1, "top-p", topP, "over 0, at most 1");
        double penalty = repetitionPenalty.orElse(1);
        require(penalty > 0 && Double.isFinite(penalty), "repetition-penalty", penalty, "a number over 0");
    }

    private static void require(boolean holds, String name, Object value, String expected) {
        if (!holds) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: " + expected + ")");
        }
    }

    /** The draws of one text. */
    SplittableRandom random(long text) {
        return new SplittableRandom(seed * 0x9E3779B97F4A7C15L + text);
    }

    /**
     * The next token.
     *
     * @param logits all rows of a step, one after the other
     * @param row which of them
     * @param vocabulary length of a row
     * @param seen tokens of the prompt and of the text so far
     * @param penalty what {@link #repetitionPenalty} came to
     */
    long next(float[] logits, int row, int vocabulary, Set<Long> seen, double penalty, SplittableRandom random) {
        double[] scores = new double[vocabulary];
        for (int v = 0; v < vocabulary; v++) {
            scores[v] = logits[row * vocabulary + v];
        }
        if (penalty != 1) {
            for (long token : seen) {
                if (token >= 0 && token < vocabulary) {
                    int v = (int) token;
                    // in float32, as the reference: a tie there is a tie here
                    scores[v] =
                            scores[v] < 0 ? (float) scores[v] * (float) penalty : (float) scores[v] / (float) penalty;
                }
            }
        }
        return sample ? draw(scores, random) : best(scores);
    }

    private static int best(double[] scores) {
        int best = 0;
        for (int v = 1; v < scores.length; v++) {
            best = scores[v] > scores[best] ? v : best;
        }
        return best;
    }

    private int draw(double[] scores, SplittableRandom random) {
        double largest = scores[best(scores)];
        Integer[] order = IntStream.range(0, scores.length).boxed().toArray(Integer[]::new);
        Arrays.sort(order, Comparator.comparingDouble(v -> -scores[v]));
        int kept = topK == 0 ? order.length : Math.min(topK, order.length);
        double[] p = new double[kept];
        double sum = 0;
        for (int i = 0; i < kept; i++) {
            p[i] = Math.exp((scores[order[i]] - largest) / temperature);
            sum += p[i];
        }
        // top-p: the token that crosses the bound is still in
        double mass = 0;
        int nucleus = 0;
        while (nucleus < kept && (nucleus == 0 || mass < topP * sum)) {
            mass += p[nucleus++];
        }
        double at = random.nextDouble() * mass;
        for (int i = 0; i < nucleus; i++) {
            at -= p[i];
            if (at < 0) {
                return order[i];
            }
        }
        return order[nucleus - 1];
    }
}
