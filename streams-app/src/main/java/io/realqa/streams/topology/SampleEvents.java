package io.realqa.streams.topology;

import io.realqa.events.ImageAttributesAssessed;
import io.realqa.events.ImageScored;
import io.realqa.events.ImageUploaded;
import io.realqa.events.UploadDeadLettered;
import io.realqa.scorer.Score;
import io.realqa.streams.scoring.BatchScorer;
import io.realqa.streams.scoring.Outcome;
import io.realqa.streams.scoring.Reason;
import java.time.Instant;
import java.util.List;
import org.apache.kafka.streams.processor.api.Record;

/** One event of each kind that is written, with nothing in it: serialising them makes the registry know them. */
final class SampleEvents {
    private final PendingUpload at;
    private final ImageUploaded upload = ImageUploaded.newBuilder()
            .setImageId("")
            .setPlatform("")
            .setUploadedAt(Instant.EPOCH)
            .build();
    private final Outcome.Scored scored = new Outcome.Scored(
            new Score(0, 0, 0, 0, List.of(), 0, 0, List.of(), null),
            new BatchScorer.Identity("", null, "", "", 0),
            "",
            new Outcome.Timings(0, 0, 0, 0, 0));

    SampleEvents(String topic) {
        this.at = new PendingUpload(topic, 0, 0, 0, null, null, new Record<>(0, 0, 0).headers());
    }

    ImageScored score() {
        return Events.scored(at, upload, scored, Events.Reading.NONE, Instant.EPOCH);
    }

    ImageAttributesAssessed attributes() {
        return Events.assessed(at, upload, scored, Instant.EPOCH);
    }

    UploadDeadLettered deadLetter() {
        Reason reason = Reason.INTERNAL;
        return Events.deadLettered(
                at, upload, new Outcome.Rejected(reason.stages().get(0), reason, "", 0), Instant.EPOCH);
    }
}
