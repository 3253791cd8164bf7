package io.realqa.trainer.feedback;

import io.realqa.schemas.Topics;

/** Names of the topics that the intake reads and writes. Uploads are read where a score event says. */
public record FeedbackTopics(String feedback, String rejects, String labels, String scores, String attributes) {
    /** The contracts' own names. */
    public static final FeedbackTopics DEFAULTS = new FeedbackTopics(
            Topics.FEEDBACK.topic(),
            Topics.FEEDBACK_REJECTS.topic(),
            Topics.TRAINING_LABELS.topic(),
            Topics.SCORES.topic(),
            Topics.ATTRIBUTES.topic());
}
