package io.realqa.streams.topology;

import io.realqa.events.ImageUploaded;
import io.realqa.streams.scoring.Outcome.Rejected;
import io.realqa.streams.scoring.Reason;
import io.realqa.streams.scoring.Stage;
import java.time.Instant;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What an upload event must be before any work is spent on it. Pure. */
final class UploadValidator {
    /** Characters of imageId and platform, which every event repeats. */
    static final int MAX_NAME = 1024;

    /** What clients in other languages can read: years of four digits. Microseconds taken for milliseconds are not. */
    private static final Instant EARLIEST = Instant.parse("0001-01-01T00:00:00Z");

    private static final Instant END = Instant.parse("+10000-01-01T00:00:00Z");

    private static final Pattern SHA256 = Pattern.compile("[0-9a-fA-F]{64}");

    private final int maxInlineBytes;

    UploadValidator(int maxInlineBytes) {
        this.maxInlineBytes = maxInlineBytes;
    }

    /** What is wrong with it, or null. */
    @Nullable
    Rejected check(ImageUploaded upload) {
        if (upload.getImageId().isBlank()) {
            return rejected(Reason.IMAGE_ID_MISSING, "imageId: empty (expected: the image's id)");
        }
        if (upload.getImageId().length() > MAX_NAME) {
            return rejected(Reason.IMAGE_ID_TOO_LONG, tooLong("imageId", upload.getImageId()));
        }
        if (upload.getPlatform().length() > MAX_NAME) {
            return rejected(Reason.PLATFORM_TOO_LONG, tooLong("platform", upload.getPlatform()));
        }
        if (upload.getUploadedAt().isBefore(EARLIEST) || !upload.getUploadedAt().isBefore(END)) {
            return rejected(
                    Reason.UPLOADED_AT_INVALID,
                    "uploadedAt: " + upload.getUploadedAt().toEpochMilli()
                            + " (expected: milliseconds since 1970, of a year from 1 to 9999)");
        }
        if (upload.getContent() == null && upload.getUri() == null) {
            return rejected(Reason.CONTENT_MISSING, "neither content nor uri is set (expected: exactly one)");
        }
        if (upload.getContent() != null && upload.getUri() != null) {
            // Without the URI, which may hold secrets.
            return rejected(Reason.CONTENT_AMBIGUOUS, "content and uri are both set (expected: exactly one)");
        }
        if (upload.getContent() != null && upload.getContent().remaining() > maxInlineBytes) {
            return rejected(
                    Reason.INLINE_TOO_LARGE,
                    "content: " + upload.getContent().remaining() + " bytes (expected: at most " + maxInlineBytes
                            + "; send larger images by uri)");
        }
        if (upload.getSha256() != null && !SHA256.matcher(upload.getSha256()).matches()) {
            return rejected(Reason.SHA256_INVALID, "sha256: " + upload.getSha256() + " (expected: 64 hex digits)");
        }
        return null;
    }

    private static String tooLong(String field, String value) {
        return field + ": " + value.length() + " characters (expected: at most " + MAX_NAME + ")";
    }

    private static Rejected rejected(Reason reason, String message) {
        return new Rejected(Stage.VALIDATE, reason, message, 1);
    }
}
