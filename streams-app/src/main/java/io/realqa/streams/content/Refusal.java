package io.realqa.streams.content;

import io.realqa.streams.content.ContentRejectedException.Reason;
import org.jspecify.annotations.Nullable;

/** A rejection before it is known which fetch and which attempt it belongs to. */
final class Refusal extends Exception {
    private static final long serialVersionUID = 1L;

    private final Reason reason;
    private final boolean retriable;

    private Refusal(Reason reason, String problem, boolean retriable, @Nullable Throwable cause) {
        super(problem, cause);
        this.reason = reason;
        this.retriable = retriable;
    }

    /** A refusal that stands however often one asks; the problem reads "THING: VALUE (expected: …)". */
    static Refusal lasting(Reason reason, String problem) {
        return new Refusal(reason, problem, false, null);
    }

    static Refusal lasting(Reason reason, String problem, Throwable cause) {
        return new Refusal(reason, problem, false, cause);
    }

    /** A refusal that the next attempt may not meet. */
    static Refusal passing(Reason reason, String problem) {
        return new Refusal(reason, problem, true, null);
    }

    static Refusal passing(Reason reason, String problem, Throwable cause) {
        return new Refusal(reason, problem, true, cause);
    }

    /** The same refusal, with where it was met put before the problem. */
    Refusal at(String place) {
        return new Refusal(reason, place + ": " + problem(), retriable, getCause());
    }

    Reason reason() {
        return reason;
    }

    String problem() {
        return String.valueOf(getMessage());
    }

    boolean retriable() {
        return retriable;
    }
}
