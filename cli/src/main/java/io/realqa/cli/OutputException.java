package io.realqa.cli;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Standard output cannot be written. */
final class OutputException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** @param cause null: not known */
    OutputException(@Nullable Exception cause) {
        super(
                "standard output: " + (cause == null ? "not written" : cause.getMessage())
                        + " (expected: all of it written)",
                cause);
    }

    /** Whoever read it, such as head, wants no more: nothing to tell anybody. */
    boolean readerHasGone() {
        return String.valueOf(getMessage()).toLowerCase(Locale.ROOT).contains("broken pipe");
    }
}
