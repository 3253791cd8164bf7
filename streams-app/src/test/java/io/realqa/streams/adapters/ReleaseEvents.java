package io.realqa.streams.adapters;

import io.realqa.events.AdapterRelease;
import io.realqa.events.ReleaseState;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Release events of a checkpoint {@code base} and a profile {@code profile}. */
final class ReleaseEvents {
    private ReleaseEvents() {}

    static AdapterRelease event(
            String platform, ReleaseState state, long epoch, @Nullable String digest, double share) {
        return AdapterRelease.newBuilder()
                .setPlatform(platform)
                .setEpoch(epoch)
                .setState(state)
                .setAdapterDigest(digest)
                .setBaseDigest("base")
                .setProfileDigest("profile")
                .setLocation("/adapters/" + digest)
                .setTrafficShare(share)
                .setReleasedAt(Instant.EPOCH)
                .build();
    }

    static AdapterRelease active(String platform, long epoch, @Nullable String digest) {
        return event(platform, ReleaseState.ACTIVE, epoch, digest, 1);
    }

    static AdapterRelease canary(String platform, long epoch, String digest, double share) {
        return event(platform, ReleaseState.CANARY, epoch, digest, share);
    }

    static AdapterRelease retired(String platform, long epoch) {
        return event(platform, ReleaseState.RETIRED, epoch, null, 0);
    }
}
