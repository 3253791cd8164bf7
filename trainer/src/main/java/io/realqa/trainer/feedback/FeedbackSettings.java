package io.realqa.trainer.feedback;

/**
 * Which labels count. Every default stands here once.
 *
 * @param conflictTolerance largest distance of a score from the mean of the others' for the same image, as a share of the
 *     profile's scale
 * @param labellerShare largest share of a platform's labels that one labeller may give
 * @param labellerFreely labels that each labeller may give before the share counts
 * @param fetchAttempts how often an image is asked for where its place does not answer
 */
public record FeedbackSettings(double conflictTolerance, double labellerShare, int labellerFreely, int fetchAttempts) {
    /** Half the scale apart is no difference of taste but of the image; half of all labels is one person's taste. */
    public static final FeedbackSettings DEFAULTS = new FeedbackSettings(0.5, 0.5, 100, 4);

    public FeedbackSettings {
        if (!(conflictTolerance > 0 && conflictTolerance <= 1)) {
            throw new IllegalArgumentException(
                    "feedback.conflictTolerance: " + conflictTolerance + " (expected: above 0, at most 1)");
        }
        if (!(labellerShare > 0 && labellerShare <= 1)) {
            throw new IllegalArgumentException(
                    "feedback.labellerShare: " + labellerShare + " (expected: above 0, at most 1)");
        }
        if (labellerFreely < 1) {
            throw new IllegalArgumentException(
                    "feedback.labellerFreely: " + labellerFreely + " (expected: at least 1)");
        }
        if (fetchAttempts < 1 || fetchAttempts > 20) {
            throw new IllegalArgumentException("feedback.fetchAttempts: " + fetchAttempts + " (expected: 1 to 20)");
        }
    }
}
