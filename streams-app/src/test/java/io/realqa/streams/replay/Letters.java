package io.realqa.streams.replay;

import io.realqa.events.SourcePosition;
import io.realqa.events.UploadDeadLettered;
import io.realqa.schemas.EventClasses;
import io.realqa.streams.scoring.Reason;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;

/** Dead letters for tests. */
final class Letters {
    static final Instant FAILED = Instant.parse("2026-11-25T10:00:00Z");

    static {
        EventClasses.trust();
    }

    private Letters() {}

    /** With an event id of its own, key and value made of the image's id, from partition 0 of a topic. */
    static UploadDeadLettered.Builder of(String uploads, String image, Reason reason) {
        return UploadDeadLettered.newBuilder()
                .setEventId("letter of " + image)
                .setImageId(image)
                .setPlatform("tests")
                .setStage(reason.stages().get(0).name())
                .setReason(reason.name())
                .setMessage("what was found (expected: something else)")
                .setAttempts(1)
                .setKey(ByteBuffer.wrap(bytes(image)))
                .setValue(ByteBuffer.wrap(bytes("upload of " + image)))
                .setTimestamp(FAILED.minusSeconds(5))
                .setSource(new SourcePosition(uploads, 0, 7L))
                .setFailedAt(FAILED);
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
