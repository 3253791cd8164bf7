package io.realqa.trainer.feedback;

import io.realqa.events.ImageLabelled;
import io.realqa.events.LabelAccepted;
import io.realqa.scorer.ScoringProfile;
import io.realqa.trainer.Label;

/**
 * One accepted label as a training set needs it.
 *
 * @param offset on the topic of accepted labels, partition 0
 * @param sha256 of the image's bytes, 64 hex digits
 * @param hash perceptual, of {@link PerceptualHash}
 */
public record AcceptedLabel(
        long offset, String platform, String imageId, String sha256, long hash, String labeller, Label label) {
    static AcceptedLabel of(long offset, LabelAccepted event, ScoringProfile profile) {
        ImageLabelled label = event.getLabel();
        return new AcceptedLabel(
                offset,
                label.getPlatform(),
                label.getImageId(),
                event.getContentSha256(),
                event.getPerceptualHash(),
                label.getLabeller(),
                Label.of(label, profile));
    }
}
