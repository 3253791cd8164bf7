package io.realqa.trainer.feedback;

import io.realqa.events.ImageScored;
import io.realqa.events.LabelAccepted;

/** Is told what the intake read and decided, once it is committed. Called by the thread that polls. */
public interface IntakeListener {
    /** A new session begins: every accepted label is told again from the first, as restored. */
    default void reset() {}

    /**
     * A label counts.
     *
     * @param restored whether an earlier session accepted it
     */
    default void accepted(AcceptedLabel label, LabelAccepted event, boolean restored) {}

    /** A label does not count. */
    default void rejected(RejectReason reason, String message) {}

    /** The service has answered. The newest answers from before the start are told, too. */
    default void scored(ImageScored score) {}
}
