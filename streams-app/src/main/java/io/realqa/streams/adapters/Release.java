package io.realqa.streams.adapters;

import io.realqa.events.AdapterRelease;
import io.realqa.events.ReleaseState;
import io.realqa.schemas.ReleaseKey;
import org.jspecify.annotations.Nullable;

/**
 * What a slot is to hold.
 *
 * @param adapter digest; null: the base model alone
 * @param base digest of the checkpoint that the adapter was trained for
 * @param profile digest of its scoring profile
 * @param location folder or file: URI of its files; null without an adapter
 * @param share of the platform's images, 0 to 1; an active release has all that are left
 * @param before what the slot held before; null: nothing
 */
record Release(
        ReleaseKey key,
        long epoch,
        @Nullable String adapter,
        String base,
        String profile,
        @Nullable String location,
        double share,
        @Nullable Release before) {

    static Release of(ReleaseKey key, AdapterRelease event) {
        AdapterRelease before = event.getPrevious();
        return new Release(
                key,
                event.getEpoch(),
                event.getAdapterDigest(),
                event.getBaseDigest(),
                event.getProfileDigest(),
                event.getLocation(),
                event.getTrafficShare(),
                before == null || before.getState() == ReleaseState.RETIRED ? null : of(key, before));
    }

    /** What is in memory for it: an epoch that names the same content again needs no loading. */
    Content content() {
        return new Content(adapter, base, profile, location);
    }

    /**
     * All that was checked when it was loaded: a release that differs in any of it is checked anew, even if the same
     * tensors are in memory.
     */
    record Content(
            @Nullable String adapter,
            String base,
            String profile,
            @Nullable String location) {}
}
