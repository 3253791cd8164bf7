package io.realqa.streams.scoring;

/**
 * The device cannot be used any more: this instance must hand its work on and end.
 *
 * @param kind what happened
 * @param message what was seen, its value and what was expected
 */
public record Fault(Kind kind, String message) {
    /** What happened to the device. */
    public enum Kind {
        /** A call does not return. */
        HUNG,
        /** It fails whatever it is given. */
        BROKEN
    }
}
