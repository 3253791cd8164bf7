package io.realqa.cli.trainer;

import io.realqa.events.AdapterRelease;
import io.realqa.events.ReleaseState;
import io.realqa.schemas.ReleaseKey;
import io.realqa.schemas.ReleaseKey.Slot;
import io.realqa.store.S3Folders;
import io.realqa.store.S3Location;
import io.realqa.store.S3Settings;
import io.realqa.store.StoreException;
import io.realqa.streams.adapters.AdapterAdmin;
import io.realqa.streams.adapters.Fleet;
import io.realqa.streams.adapters.ReleaseBook;
import io.realqa.trainer.cycle.ReleaseDesk;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The trainer's releases on the release topic, and their adapters where the workers find them. */
public final class TopicReleaseDesk implements ReleaseDesk {
    private static final Logger LOG = LoggerFactory.getLogger(TopicReleaseDesk.class);

    private final AdapterAdmin admin;
    private final Clock clock;
    private final Path adapters;
    private final @Nullable S3Location store;
    private final S3Settings s3;

    /**
     * @param adapters folder of the trainer's adapters; those that serve from S3 are brought to a folder
     *     beside it, to be compared
     * @param store place that released adapters are written to; null: workers read the trainer's folder
     * @param s3 how that place is reached
     */
    public TopicReleaseDesk(AdapterAdmin admin, Clock clock, Path adapters, @Nullable S3Location store, S3Settings s3) {
        this.admin = admin;
        this.clock = clock;
        this.adapters = adapters;
        this.store = store;
        this.s3 = s3;
    }

    @Override
    public synchronized Serving serving(String platform) {
        ReleaseBook book = admin.releases();
        for (String of : List.of(platform, ReleaseKey.ALL)) {
            ReleaseKey key = new ReleaseKey(of, Slot.ACTIVE);
            AdapterRelease active = book.at(key);
            if (active != null) {
                AdapterRelease served = served(key, active);
                return served == null ? new Serving(null, null) : serving(served);
            }
        }
        return new Serving(null, null);
    }

    private Serving serving(AdapterRelease release) {
        String location = release.getLocation();
        return new Serving(release.getAdapterDigest(), location == null ? null : folder(location));
    }

    /** The release, or the one before it if the workers refuse it and serve that; null: they serve the base model. */
    private @Nullable AdapterRelease served(ReleaseKey key, AdapterRelease active) {
        Fleet.Progress progress = admin.fleet().progress(key, active.getEpoch(), clock.instant());
        if (!progress.serving().isEmpty() || progress.refusing().isEmpty()) {
            return active;
        }
        String digest = progress.refusing().get(0).getAdapterDigest();
        if (digest == null) {
            return null;
        }
        AdapterRelease before = active.getPrevious();
        return before != null && digest.equals(before.getAdapterDigest()) ? before : active;
    }

    private Path folder(String location) {
        if (S3Location.isOne(location)) {
            S3Location there = S3Location.parse(location);
            Path own = adapters.resolve(there.prefix().substring(there.prefix().lastIndexOf('/') + 1));
            if (Files.isDirectory(own)) {
                return own;
            }
            try (S3Folders folders = S3Folders.open(s3)) {
                return folders.get(there, adapters.resolveSibling("serving"));
            } catch (StoreException e) {
                throw new UncheckedIOException(new IOException(e));
            }
        }
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

    /** Writes an adapter to where the workers find it, if that is not where it is. @return where that is */
    private String placed(Release release) {
        if (store == null || release.target() == Target.NONE) {
            return release.folder().toString();
        }
        try (S3Folders folders = S3Folders.open(s3)) {
            return folders.put(release.folder(), store).toString();
        } catch (StoreException e) {
            throw new UncheckedIOException(new IOException(e));
        }
    }

    @Override
    public synchronized long publish(Release release) throws InterruptedException {
        Instant now = clock.instant();
        ReleaseKey candidate = new ReleaseKey(release.platform(), Slot.CANDIDATE);
        if (release.target() == Target.NONE && admin.releases().at(candidate) != null) {
            LOG.info("{} holds a release, which stays: the decision is in the cycle's folder alone", candidate);
            return 0;
        }
        AdapterRelease content = AdapterRelease.newBuilder()
                .setPlatform(release.platform())
                .setEpoch(0)
                .setState(ReleaseState.UNKNOWN)
                .setAdapterDigest(release.digest())
                .setBaseDigest(release.base())
                .setProfileDigest(release.profile())
                .setLocation(placed(release))
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
