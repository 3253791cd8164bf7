package io.realqa.trainer.feedback;

import io.realqa.events.ImageLabelled;
import io.realqa.scorer.ScoringProfile;
import io.realqa.scorer.ScoringProfile.AttributeQuestion;
import io.realqa.trainer.Label;

/** Whether a label makes sense by itself, for a scoring profile. */
final class LabelCheck {
    private LabelCheck() {}

    static Label check(ImageLabelled event, ScoringProfile profile) throws RejectedException {
        named("imageId", event.getImageId());
        named("platform", event.getPlatform());
        named("labeller", event.getLabeller());
        boolean opinion = event.getScore() != null
                || !event.getRatings().isEmpty()
                || !event.getAttributes().isEmpty();
        if (!opinion || (event.getScore() != null && !event.getRatings().isEmpty())) {
            throw new RejectedException(
                    RejectReason.INCOMPLETE,
                    "score: " + event.getScore() + ", ratings: " + event.getRatings() + ", attributes: "
                            + event.getAttributes() + " (expected: score or ratings, or attributes)");
        }
        for (String name : event.getAttributes().keySet()) {
            attribute(name, event.getAttributes().get(name), profile);
        }
        try {
            return Label.of(event, profile);
        } catch (IllegalArgumentException e) {
            // All that is left to be wrong is a number.
            throw new RejectedException(RejectReason.OUT_OF_RANGE, String.valueOf(e.getMessage()));
        }
    }

    private static void named(String field, String value) throws RejectedException {
        if (value.isBlank()) {
            throw new RejectedException(RejectReason.INCOMPLETE, field + ": empty (expected: a name)");
        }
    }

    private static void attribute(String name, String value, ScoringProfile profile) throws RejectedException {
        for (AttributeQuestion question : profile.attributes()) {
            if (question.name().equals(name)) {
                if (question.values().contains(value)) {
                    return;
                }
                throw new RejectedException(
                        RejectReason.UNKNOWN_ATTRIBUTE,
                        "attributes: " + name + ": " + value + " (expected: one of " + question.values() + ")");
            }
        }
        throw new RejectedException(
                RejectReason.UNKNOWN_ATTRIBUTE,
                "attributes: " + name + " (expected: one of "
                        + profile.attributes().stream()
                                .map(AttributeQuestion::name)
                                .toList() + ")");
    }
}
