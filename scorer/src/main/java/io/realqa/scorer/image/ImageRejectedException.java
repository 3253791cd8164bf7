package io.realqa.scorer.image;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** An upload that cannot be scored, whoever tries: retrying is useless, the reason belongs into the dead letter. */
public final class ImageRejectedException extends Exception {
    /** Why, as a stable code. */
    public enum Reason {
        /** No bytes at all. */
        EMPTY,
        /** Not an image, or one in a format, or a variant of a format, that is not read here. */
        UNSUPPORTED_FORMAT,
        /** The file is over {@link ImageLimits#maxBytes()}. */
        TOO_MANY_BYTES,
        /** The header announces more than {@link ImageLimits#maxPixels()} or {@link ImageLimits#maxSide()}. */
        TOO_MANY_PIXELS,
        /** Cut off, damaged, or contradicting itself. */
        CORRUPT,
        /** A moving WebP: no frame of it is "the" image. */
        ANIMATED,
        /** One side is over 200 times the other: Qwen2-VL's processor refuses such images. */
        TOO_NARROW
    }

    private final Reason reason;

    ImageRejectedException(Reason reason, String message) {
        this(reason, message, null);
    }

    ImageRejectedException(Reason reason, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.reason = Objects.requireNonNull(reason);
    }

    static ImageRejectedException corrupt(String message) {
        return new ImageRejectedException(Reason.CORRUPT, message);
    }

    static ImageRejectedException unsupported(String message) {
        return new ImageRejectedException(Reason.UNSUPPORTED_FORMAT, message);
    }

    public Reason reason() {
        return reason;
    }
}
