package io.realqa.scorer;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the model reads and answers when it learns an item. Immutable; safe for any thread. */
final class TrainingPaths {
    private final LossSettings loss;
    /** Null where there is no profile: then only chats are learnt. */
    private final @Nullable TrainingTrees trees;

    private final double[] leafValues;
    private final long[] before;
    private final long[] after;
    private final TrainingChats chats;

    /** @param profile whose system text precedes the image and whose score question has the grammar; null: chats alone */
    TrainingPaths(Checkpoint checkpoint, @Nullable ScoringProfile profile, LossSettings loss) {
        this.loss = loss;
        this.trees = profile == null
                ? null
                : new TrainingTrees(
                        profile, loss, checkpoint::tokenize, token -> checkpoint.detokenize(new long[] {token}));
        this.leafValues = trees == null ? new double[0] : trees.leafValues();
        this.before = profile == null ? new long[0] : checkpoint.tokenize(Scorer.beforeImage(profile));
        this.after = checkpoint.tokenize(Scorer.AFTER_IMAGE);
        this.chats = new TrainingChats(checkpoint::tokenize);
    }

    LossSettings loss() {
        return loss;
    }

    /** Scores that the squared error's tree ends in: [L]. */
    double[] leafValues() {
        return leafValues;
    }

    /** The token of a digit. */
    long digit(int digit) {
        return chats.digit(digit);
    }

    TrainingPath of(TrainingItem item) {
        if (item instanceof TrainingChat chat) {
            return chats.of(chat);
        }
        TrainingExample example = (TrainingExample) item;
        if (trees == null) {
            throw new IllegalArgumentException("example: one of a profile (expected: chats, as there is no profile)");
        }
        return new TrainingPath(
                example.image(),
                before,
                after,
                trees.of(example),
                example.goal().mean(),
                List.of());
    }

    /** Tokens of an item that are learnt, and tokens in all, the image's included. */
    int[] tokens(TrainingItem item) {
        TrainingPath path = of(item);
        int learnt = path.tree().weights().values().stream()
                .mapToInt(m -> (int) m.values().stream().filter(w -> w > 0).count())
                .sum();
        return new int[] {
            learnt,
            path.before().length
                    + path.image().visualTokens()
                    + path.after().length
                    + path.tree().size()
        };
    }
}
