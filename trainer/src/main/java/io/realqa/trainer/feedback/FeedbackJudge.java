package io.realqa.trainer.feedback;

import io.realqa.events.ImageLabelled;
import io.realqa.events.LabelAccepted;
import io.realqa.events.SourcePosition;
import io.realqa.scorer.ScoringProfile;
import io.realqa.scorer.image.ImageDecoder;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.scorer.image.ImageRejectedException;
import io.realqa.trainer.Label;
import java.io.IOException;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/** Decides on one label after the other; what it accepts it remembers, and keeps the image of. For one thread. */
final class FeedbackJudge {
    private final ScoringProfile profile;
    private final LabelLedger ledger;
    private final AnswerIndex answers;
    private final ImageFinder images;
    private final ImageVault vault;
    private final Clock clock;
    private final ImageDecoder decoder = new ImageDecoder(ImageLimits.DEFAULTS);

    FeedbackJudge(
            ScoringProfile profile,
            LabelLedger ledger,
            AnswerIndex answers,
            ImageFinder images,
            ImageVault vault,
            Clock clock) {
        this.profile = profile;
        this.ledger = ledger;
        this.answers = answers;
        this.images = images;
        this.vault = vault;
        this.clock = clock;
    }

    /**
     * The accepted label.
     *
     * @throws RejectedException if it does not count
     * @throws IOException if the image cannot be kept: that says nothing of the label
     */
    LabelAccepted judge(ImageLabelled event, SourcePosition source)
            throws RejectedException, IOException, InterruptedException {
        Label label = LabelCheck.check(event, profile);
        Optional<Answer> corrected = answers.find(event);
        ImageFinder.Found image = images.find(event, corrected);
        try {
            ledger.check(event.getPlatform(), image.sha256(), event.getLabeller(), label);
        } catch (RejectedException e) {
            if (e.reason() == RejectReason.DUPLICATE) {
                // An accepted label's image: where its file was lost, publishing the label again brings it back.
                vault.keep(image.sha256(), image.content());
            }
            throw e;
        }
        long hash;
        try {
            hash = PerceptualHash.of(decoder.decode(image.content()));
        } catch (ImageRejectedException e) {
            throw new RejectedException(RejectReason.IMAGE_UNDECODABLE, e.reason() + ": " + e.getMessage());
        }
        vault.keep(image.sha256(), image.content());
        ledger.add(event.getPlatform(), image.sha256(), event.getLabeller(), label);
        return LabelAccepted.newBuilder()
                .setLabel(event)
                .setSource(source)
                .setContentSha256(image.sha256())
                .setPerceptualHash(hash)
                .setCorrected(corrected.map(Answer::score).orElse(null))
                .setAnswers(corrected.map(Answer::attributes).orElse(java.util.Map.of()))
                .setAcceptedAt(Instant.now(clock).truncatedTo(ChronoUnit.MILLIS))
                .build();
    }

    /** Takes an earlier session's accepted label into account. */
    void remember(LabelAccepted accepted) {
        ImageLabelled event = accepted.getLabel();
        ledger.add(event.getPlatform(), accepted.getContentSha256(), event.getLabeller(), Label.of(event, profile));
    }
}
