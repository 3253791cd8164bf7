package io.realqa.schemas;

import io.realqa.events.ReleaseState;
import java.util.Locale;

/**
 * Key of a record on the release topic: {@code PLATFORM/SLOT}. One key for each slot, since the topic is compacted: under
 * the platform alone a canary would remove the active release that it stands beside.
 *
 * @param platform the tenant; {@value #ALL} for all that have no release of their own
 */
public record ReleaseKey(String platform, Slot slot) {
    /** Platform of releases for all platforms. */
    public static final String ALL = "*";

    /** What a platform has at most one release of. */
    public enum Slot {
        /** Answers for all images that the canary does not get. */
        ACTIVE(ReleaseState.ACTIVE),
        /** Answers for a share of the images. */
        CANARY(ReleaseState.CANARY),
        /** Scores a share of the images in the shadow; nothing of it is published. */
        CANDIDATE(ReleaseState.CANDIDATE);

        private final ReleaseState state;

        Slot(ReleaseState state) {
            this.state = state;
        }

        /** State of a release that fills it. */
        public ReleaseState state() {
            return state;
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * Reads a key.
     *
     * @throws IllegalArgumentException if it is none
     */
    public static ReleaseKey parse(String key) {
        int slash = key.lastIndexOf('/');
        if (slash > 0) {
            for (Slot slot : Slot.values()) {
                if (slot.toString().equals(key.substring(slash + 1))) {
                    return new ReleaseKey(key.substring(0, slash), slot);
                }
            }
        }
        throw new IllegalArgumentException(
                "key: " + key + " (expected: PLATFORM/active, PLATFORM/canary or PLATFORM/candidate)");
    }

    /** As it stands on the topic. */
    @Override
    public String toString() {
        return platform + "/" + slot;
    }
}
