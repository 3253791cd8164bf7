package io.realqa.cli.trainer;

import io.realqa.events.AdapterRelease;
import io.realqa.events.ReleaseState;
import io.realqa.schemas.ReleaseKey;
import io.realqa.schemas.ReleaseKey.Slot;
import io.realqa.streams.adapters.AdapterAdmin;
import io.realqa.streams.adapters.ReleaseBook;
import io.realqa.trainer.cycle.ReleaseDesk;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The trainer's releases on the release topic. */
public final class TopicReleaseDesk implements ReleaseDesk {
    private final AdapterAdmin admin;
    private final Clock clock;

    public TopicReleaseDesk(AdapterAdmin admin, Clock clock) {
        this.admin = admin;
        this.clock = clock;
    }

    @Override
    public synchronized Serving serving(String platform) {
        ReleaseBook book = admin.releases();
        for (String of : List.of(platform, ReleaseKey.ALL)) {
            AdapterRelease active = book.at(new ReleaseKey(of, Slot.ACTIVE));
            if (active != null) {
                String location = active.getLocation();
                return new Serving(active.getAdapterDigest(), location == null ? null : folder(location));
            }
        }
        return new Serving(null, null);
    }

    private static Path folder(String location) {
        return location.startsWith("file:") ? Path.of(URI.create(location)) : Path.of(location);
    }

    @Override
    public synchronized OptionalLong released(String platform, String manifest) {
        return admin.releases().entries().stream()
                .filter(e -> e.key().platform().equals(platform))
                .flatMap(e ->
                        Stream.<@Nullable AdapterRelease>of(e.event(), e.event().getPrevious()))
                .filter(r -> r != null && manifest.equals(r.getManifest()))
                .mapToLong(r -> r == null ? 0 : r.getEpoch())
                .min();
    }

    @Override
    public synchronized long publish(Release release) throws InterruptedException {
        Instant now = clock.instant();
        AdapterRelease content = AdapterRelease.newBuilder()
                .setPlatform(release.platform())
                .setEpoch(0)
                .setState(ReleaseState.UNKNOWN)
                .setAdapterDigest(release.digest())
                .setBaseDigest(release.base())
                .setProfileDigest(release.profile())
                .setLocation(release.folder().toString())
                .setMetrics(release.metrics())
                .setManifest(release.manifest())
                .setDecision(release.decision())
                .setReleasedAt(now)
                .build();
        ReleaseBook.Entry entry = admin.releases()
                .release(new ReleaseKey(release.platform(), slot(release.target())), content, release.share(), now);
        if (release.target() == Target.NONE) {
            // It goes out under the candidate's key, which it leaves empty: nobody loads it, and everybody can read
            // why.
            entry = new ReleaseBook.Entry(
                    entry.key(),
                    AdapterRelease.newBuilder(entry.event())
                            .setState(ReleaseState.RETIRED)
                            .setTrafficShare(0)
                            .build());
        }
        admin.publish(entry);
        return entry.event().getEpoch();
    }

    private static Slot slot(Target target) {
        return switch (target) {
            case ACTIVE -> Slot.ACTIVE;
            case CANARY -> Slot.CANARY;
            case NONE -> Slot.CANDIDATE;
        };
    }
}
