package io.realqa.trainer.training;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.realqa.measures.Ncm;
import io.realqa.scorer.TrainingChat;
import io.realqa.scorer.TrainingChat.Exchange;
import io.realqa.scorer.TrainingItem;
import java.util.List;

/** NCM and NCM* over chats whose answers hold a score. Not thread-safe. */
final class NcmMeans {
    private final Means released = new Means();
    private final Means corrected = new Means();

    private static final class Means {
        private long rows;
        private double squares;
        private double squaresWithoutLabel;

        void add(Ncm.Value value) {
            rows++;
            squares += value.squaredError();
            squaresWithoutLabel += value.squaredErrorWithoutLabel();
        }
    }

    /**
     * Adds items, as far as they are chats with a score that the cut-off left whole.
     *
     * @param digits of each item [digits of its score][10], logits or log probabilities
     */
    void add(List<? extends TrainingItem> items, List<double[][]> digits) {
        for (int i = 0; i < items.size(); i++) {
            if (items.get(i) instanceof TrainingChat chat) {
                add(chat, digits.get(i));
            }
        }
    }

    private void add(TrainingChat chat, double[][] digits) {
        for (Exchange e : chat.exchanges()) {
            int expected = e.endDigit() - e.firstDigit();
            if (expected > 0 && expected == digits.length) {
                Ncm.released(ChatText.answer(e), digits).ifPresent(released::add);
                Ncm.corrected(ChatText.answer(e), digits).ifPresent(corrected::add);
            }
        }
    }

    /** Writes what was measured: the release's definition and the corrected one, each with the number of its rows. */
    void write(ObjectNode json, String prefix) {
        write(json, prefix, "", released);
        write(json, prefix, "_corrected", corrected);
    }

    private static void write(ObjectNode json, String prefix, String suffix, Means means) {
        if (means.rows > 0) {
            json.put(prefix + "ncm" + suffix, means.squares / means.rows);
            json.put(prefix + "ncm_star" + suffix, means.squaresWithoutLabel / means.rows);
            json.put(prefix + "ncm_rows" + suffix, means.rows);
        }
    }
}
