package io.realqa.scorer;

import ai.djl.pytorch.jni.IValue;
import io.realqa.scorer.BranchSession.Feed;
import io.realqa.scorer.image.VisualInput;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a model says to a short fixed prompt about an image: enough to tell one model from another. */
final class Logits {
    private static final long[] PROMPT = {469, 301, 446, 510, 30};

    private Logits() {}

    static float[] of(Checkpoint checkpoint, @Nullable Adapter adapter, VisualInput image) {
        IValue none = checkpoint.program().newWeights();
        long[] before = {514, checkpoint.config().visionStartToken()};
        long[] after = {checkpoint.config().visionEndToken()};
        IValue lora = adapter == null ? none : adapter.lora();
        try (Prefix prefix = new Prefix(checkpoint, lora, before);
                BranchSession session = new BranchSession(checkpoint, lora, List.of(image), prefix, after)) {
            int[] parents = {BranchSession.PREFILL, 0, 1, 2, 3};
            return session.logits(session.feed(List.of(new Feed(PROMPT, parents, new int[] {0, 1, 2, 3, 4}))));
        } finally {
            none.close();
        }
    }
}
