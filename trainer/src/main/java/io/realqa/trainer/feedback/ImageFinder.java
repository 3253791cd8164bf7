package io.realqa.trainer.feedback;

import io.realqa.events.ImageLabelled;
import io.realqa.events.ImageUploaded;
import io.realqa.events.SourcePosition;
import io.realqa.scorer.Digests;
import io.realqa.trainer.feedback.ContentSource.UnavailableException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Finds the bytes of a labelled image: in the vault, where the label says, or where the upload that was scored says. For
 * one thread.
 */
final class ImageFinder {
    private static final long FIRST_PAUSE_MILLIS = 250;

    /** Reads upload events. */
    interface Uploads {
        /** The event at a position; empty: it is there no more. */
        Optional<ImageUploaded> at(SourcePosition position);
    }

    /** Waits between two attempts. */
    interface Pause {
        void millis(long millis) throws InterruptedException;
    }

    private final ImageVault vault;
    private final ContentSource content;
    private final Uploads uploads;
    private final int attempts;
    private final Pause pause;

    ImageFinder(ImageVault vault, ContentSource content, Uploads uploads, int attempts, Pause pause) {
        this.vault = vault;
        this.content = content;
        this.uploads = uploads;
        this.attempts = attempts;
        this.pause = pause;
    }

    /** An image and the digest of its bytes. */
    @SuppressWarnings("ArrayRecordComponent") // identity is all that is needed
    record Found(String sha256, byte[] content) {}

    Found find(ImageLabelled label, Optional<Answer> corrected)
            throws RejectedException, IOException, InterruptedException {
        String expected = expected(label, corrected);
        Optional<byte[]> kept = expected == null ? Optional.empty() : vault.read(expected);
        if (expected != null && kept.isPresent()) {
            return new Found(expected, kept.get());
        }
        byte[] bytes = fetch(label, corrected);
        String sha256 = Digests.hex(bytes);
        if (expected != null && !expected.equals(sha256)) {
            throw new RejectedException(
                    RejectReason.IMAGE_CHANGED,
                    "image " + label.getImageId() + ": sha256 " + sha256 + " (expected: " + expected + ")");
        }
        return new Found(sha256, bytes);
    }

    private static @Nullable String expected(ImageLabelled label, Optional<Answer> corrected) throws RejectedException {
        String named = label.getContentSha256();
        if (named != null && !named.toLowerCase(Locale.ROOT).matches("[0-9a-f]{64}")) {
            throw new RejectedException(
                    RejectReason.SHA256_INVALID, "contentSha256: " + named + " (expected: 64 hex digits)");
        }
        String scored = corrected.map(a -> a.score().getContentSha256()).orElse(null);
        if (named != null && scored != null && !named.equalsIgnoreCase(scored)) {
            throw new RejectedException(
                    RejectReason.IMAGE_CHANGED,
                    "contentSha256: " + named + " (expected: " + scored + ", of the image that was scored)");
        }
        return named != null ? named.toLowerCase(Locale.ROOT) : scored;
    }

    private byte[] fetch(ImageLabelled label, Optional<Answer> corrected)
            throws RejectedException, InterruptedException {
        if (label.getUri() != null) {
            return fetch(label.getUri());
        }
        if (corrected.isEmpty()) {
            throw new RejectedException(
                    RejectReason.IMAGE_UNKNOWN,
                    "uri: none, and no score event " + label.getScoreEventId() + " of image " + label.getImageId()
                            + " is known (expected: one of them)");
        }
        SourcePosition source = corrected.get().score().getSource();
        ImageUploaded upload = uploads.at(source)
                .orElseThrow(() -> new RejectedException(
                        RejectReason.IMAGE_GONE,
                        source.getTopic() + "-" + source.getPartition() + "@" + source.getOffset()
                                + ": no upload (expected: that of image " + label.getImageId() + ")"));
        ByteBuffer inline = upload.getContent();
        if (inline != null) {
            byte[] bytes = new byte[inline.remaining()];
            inline.duplicate().get(bytes);
            return bytes;
        }
        if (upload.getUri() == null) {
            throw new RejectedException(
                    RejectReason.IMAGE_GONE, "upload " + upload.getImageId() + ": neither content nor URI");
        }
        return fetch(upload.getUri());
    }

    private byte[] fetch(String uri) throws RejectedException, InterruptedException {
        for (int attempt = 1; ; attempt++) {
            try {
                return content.fetch(uri);
            } catch (UnavailableException e) {
                if (!e.passing() || attempt >= attempts) {
                    throw new RejectedException(RejectReason.IMAGE_GONE, String.valueOf(e.getMessage()));
                }
                pause.millis(FIRST_PAUSE_MILLIS << Math.min(attempt - 1, 6));
            }
        }
    }
}
