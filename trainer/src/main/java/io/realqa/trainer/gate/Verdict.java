package io.realqa.trainer.gate;

import java.util.List;
import java.util.Map;

/**
 * The gate's decision.
 *
 * @param reasons in words and numbers, what decided first
 * @param numbers the same by name, for a release event
 */
public record Verdict(Decision decision, List<String> reasons, Map<String, Double> numbers) {
    /** What becomes of a candidate. */
    public enum Decision {
        /** Better for certain, and nothing that is guarded got worse. */
        PROMOTE,
        /** Worse for certain, or something guarded got worse for certain. */
        REJECT,
        /** Neither: more labels may tell. */
        NEED_MORE
    }

    public Verdict {
        reasons = List.copyOf(reasons);
        numbers = Map.copyOf(numbers);
    }

    /** Decision and reasons as one text. */
    public String text() {
        return decision + ": " + String.join("; ", reasons);
    }
}
