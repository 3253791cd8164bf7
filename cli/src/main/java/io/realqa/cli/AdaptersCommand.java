package io.realqa.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.realqa.events.AdapterRelease;
import io.realqa.events.AdapterStatus;
import io.realqa.events.ReleaseState;
import io.realqa.schemas.ReleaseKey;
import io.realqa.schemas.ReleaseKey.Slot;
import io.realqa.scorer.Adapter;
import io.realqa.scorer.Checkpoint;
import io.realqa.scorer.ScoringProfile;
import io.realqa.store.ContentFolder;
import io.realqa.store.S3Folders;
import io.realqa.store.S3Location;
import io.realqa.store.StoreException;
import io.realqa.streams.ServiceConfig;
import io.realqa.streams.adapters.AdapterAdmin;
import io.realqa.streams.adapters.AdaptersConfig;
import io.realqa.streams.adapters.Fleet;
import io.realqa.streams.adapters.ReleaseBook;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Which adapters are released, what the workers serve, and releases by hand. */
@Command(
        name = "adapters",
        mixinStandardHelpOptions = true,
        description = "Lists, promotes, tries out, rolls back and retires the adapters of running workers.")
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class AdaptersCommand implements Runnable {
    private static final int SHOWN_DIGEST = 12;
    private static final long PAUSE_MILLIS = 300;

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(), "one of list, push, promote, canary, shadow, rollback and retire is missing");
    }

    /** Which cluster. */
    static final class Cluster {
        @Option(
                names = "--config",
                required = true,
                paramLabel = "FILE",
                description = "the service's settings, with a section adapters")
        private Path config;

        @Option(
                names = "--wait",
                paramLabel = "SECONDS",
                defaultValue = "120",
                description = "longest wait for the workers; 0: do not wait (default: ${DEFAULT-VALUE})")
        private int wait;

        ServiceConfig settings() {
            return ServiceConfig.read(config);
        }
    }

    /** Which adapter, where it is not one that is released already. */
    static final class Place {
        @Option(
                names = "--adapter",
                paramLabel = "DIR",
                description = "a folder, or s3://BUCKET/PREFIX, under adapters.roots")
        private @Nullable String adapter;
    }

    @Command(
            name = "list",
            mixinStandardHelpOptions = true,
            description = "Shows releases, and what each worker serves.")
    int list(@Mixin Cluster cluster) {
        AdapterAdmin admin = new AdapterAdmin(cluster.settings());
        PrintWriter out = spec.commandLine().getOut();
        row(out, "PLATFORM", "SLOT", "EPOCH", "ADAPTER", "SHARE", "STATE");
        ReleaseBook book = admin.releases();
        for (ReleaseBook.Entry e : book.entries()) {
            AdapterRelease r = e.event();
            boolean filled = r.getState() != ReleaseState.RETIRED;
            String adapter = filled ? digest(r.getAdapterDigest()) : "–";
            String share = filled ? percent(r.getTrafficShare()) : "–";
            row(out, r.getPlatform(), e.key().slot(), r.getEpoch(), adapter, share, state(book, e));
        }
        out.println();
        workers(out, admin.fleet());
        out.flush();
        return 0;
    }

    /** A canary or candidate that is not over its platform's active epoch was ended by it. */
    private static String state(ReleaseBook book, ReleaseBook.Entry entry) {
        AdapterRelease event = entry.event();
        long active = book.activeEpoch(event.getPlatform());
        boolean ended = entry.key().slot() != Slot.ACTIVE && event.getEpoch() <= active;
        return event.getState() + (ended && event.getState() != ReleaseState.RETIRED ? ", ended" : "");
    }

    private static void workers(PrintWriter out, Fleet fleet) {
        Instant now = Instant.now();
        out.printf(
                "%-24s %-12s %-10s %6s %-13s %-8s %s%n", "WORKER", "PLATFORM", "SLOT", "EPOCH", "ADAPTER", "STATE", "");
        for (AdapterStatus s : fleet.statuses()) {
            String message = s.getMessage() == null ? "" : s.getMessage();
            if (!fleet.isAlive(s, now)) {
                message = "silent for " + Duration.between(s.getAt(), now).toSeconds() + " s";
            }
            out.printf(
                    "%-24s %-12s %-10s %6d %-13s %-8s %s%n",
                    s.getWorkerId(),
                    s.getPlatform(),
                    Fleet.slot(s),
                    s.getEpoch(),
                    digest(s.getAdapterDigest()),
                    s.getState(),
                    message);
        }
        out.println(fleet.living(now).size() + " workers are alive");
    }

    private static void row(PrintWriter out, Object... cells) {
        out.printf("%-12s %-10s %6s %-13s %7s %s%n", cells);
    }

    private static String percent(double share) {
        return new DecimalFormat("0.### %", DecimalFormatSymbols.getInstance(Locale.ROOT)).format(share);
    }

    private static String digest(@Nullable String digest) {
        if (digest == null) {
            return "base";
        }
        String hex = digest.startsWith("sha256:") ? digest.substring("sha256:".length()) : digest;
        return hex.substring(0, Math.min(SHOWN_DIGEST, hex.length()));
    }

    @Command(
            name = "promote",
            mixinStandardHelpOptions = true,
            description = "Makes an adapter a platform's active one: its canary, or else its candidate, or a folder.")
    int promote(
            @Mixin Cluster cluster,
            @Parameters(paramLabel = "PLATFORM", description = "* for all") String platform,
            @Mixin Place place)
            throws Exception {
        ServiceConfig settings = cluster.settings();
        AdapterAdmin admin = new AdapterAdmin(settings);
        ReleaseBook book = admin.releases();
        Instant now = Instant.now();
        ReleaseKey key = new ReleaseKey(platform, Slot.ACTIVE);
        return publish(
                admin,
                cluster,
                place.adapter == null
                        ? book.promote(platform, now)
                        : book.release(key, release(settings, place.adapter), 1, now));
    }

    @Command(
            name = "canary",
            mixinStandardHelpOptions = true,
            description = "Gives an adapter a share of a platform's images: by default the canary that is there.")
    int canary(
            @Mixin Cluster cluster,
            @Parameters(paramLabel = "PLATFORM", description = "* for all") String platform,
            @Option(names = "--share", paramLabel = "SHARE", required = true, description = "over 0, up to 1")
                    double share,
            @Mixin Place place)
            throws Exception {
        return share(
                cluster,
                new ReleaseKey(platform, Slot.CANARY),
                List.of(Slot.CANARY, Slot.CANDIDATE),
                share,
                place.adapter);
    }

    @Command(
            name = "shadow",
            mixinStandardHelpOptions = true,
            description = "Lets an adapter score a share of a platform's images beside the one that answers;"
                    + " its scores are compared, not served. By default the candidate that is there.")
    int shadow(
            @Mixin Cluster cluster,
            @Parameters(paramLabel = "PLATFORM", description = "* for all") String platform,
            @Option(names = "--share", paramLabel = "SHARE", required = true, description = "over 0, up to 1")
                    double share,
            @Mixin Place place)
            throws Exception {
        return share(cluster, new ReleaseKey(platform, Slot.CANDIDATE), List.of(Slot.CANDIDATE), share, place.adapter);
    }

    /** @param from slots whose release is taken where no folder is named, the first that has one */
    private int share(Cluster cluster, ReleaseKey key, List<Slot> from, double share, @Nullable String adapter)
            throws Exception {
        ServiceConfig settings = cluster.settings();
        AdapterAdmin admin = new AdapterAdmin(settings);
        ReleaseBook book = admin.releases();
        AdapterRelease chosen = adapter != null
                ? release(settings, adapter)
                : from.stream()
                        .map(slot -> book.at(new ReleaseKey(key.platform(), slot)))
                        .filter(Objects::nonNull)
                        .findFirst()
                        .orElseThrow(() -> new IllegalArgumentException("platform: " + key.platform() + " has "
                                + (from.size() > 1 ? "neither canary nor candidate" : "no candidate")
                                + " (expected: one, or --adapter DIR)"));
        return publish(admin, cluster, book.release(key, chosen, share, Instant.now()));
    }

    @Command(
            name = "rollback",
            mixinStandardHelpOptions = true,
            description = "Gives a platform's active slot back what it held before; a canary ends with it.")
    int rollback(
            @Mixin Cluster cluster, @Parameters(paramLabel = "PLATFORM", description = "* for all") String platform)
            throws Exception {
        AdapterAdmin admin = new AdapterAdmin(cluster.settings());
        return publish(admin, cluster, admin.releases().rollback(platform, Instant.now()));
    }

    @Command(
            name = "retire",
            mixinStandardHelpOptions = true,
            description =
                    "Empties a slot: the platform falls back to its active adapter, that of *, or what workers start with.")
    int retire(
            @Mixin Cluster cluster,
            @Parameters(paramLabel = "PLATFORM", description = "* for all") String platform,
            @Option(names = "--slot", defaultValue = "active", description = "active, canary or candidate") Slot slot)
            throws Exception {
        AdapterAdmin admin = new AdapterAdmin(cluster.settings());
        return publish(admin, cluster, admin.releases().retire(new ReleaseKey(platform, slot), Instant.now()));
    }

    @Command(
            name = "push",
            mixinStandardHelpOptions = true,
            description = "Writes an adapter's folder to S3, under its content's name and its list of files last,"
                    + " and prints the place that promote, canary and shadow take.")
    int push(
            @Option(
                            names = "--config",
                            required = true,
                            paramLabel = "FILE",
                            description = "the service's settings; its first place in S3 under adapters.roots is used")
                    Path config,
            @Parameters(paramLabel = "DIR", description = "a PEFT folder") Path folder)
            throws Exception {
        AdaptersConfig.Remote remote = remote(ServiceConfig.read(config));
        Path scratch = Files.createTempDirectory("realqa-push");
        try (S3Folders folders = S3Folders.open(remote.s3())) {
            Path named = isNamed(folder) ? folder : ContentFolder.copy(folder, scratch);
            S3Location there = folders.put(named, remote.roots().get(0));
            spec.commandLine().getOut().println(there);
            spec.commandLine().getOut().flush();
            return 0;
        } finally {
            ContentFolder.delete(scratch);
        }
    }

    private static boolean isNamed(Path folder) throws IOException {
        if (!folder.toRealPath().getFileName().toString().startsWith("sha256-")) {
            return false;
        }
        ContentFolder.verify(folder);
        return true;
    }

    private static AdaptersConfig.Remote remote(ServiceConfig settings) {
        AdaptersConfig adapters = settings.adaptersConfig();
        AdaptersConfig.Remote remote = adapters == null ? null : adapters.remote();
        if (remote == null) {
            throw new IllegalArgumentException("adapters.roots: no place in S3 (expected: s3://BUCKET/PREFIX)");
        }
        return remote;
    }

    /** What a folder holds. Base and profile are those that its manifest names, or else the service's. */
    private static AdapterRelease release(ServiceConfig settings, String location) throws IOException, StoreException {
        S3Location inS3 = S3Location.isOne(location) ? S3Location.parse(location) : null;
        Path real = inS3 == null ? Path.of(location).toRealPath() : fetched(settings, inS3);
        JsonNode manifest = new ObjectMapper().createObjectNode();
        Path file = real.resolve("manifest.json");
        if (Files.exists(file)) {
            manifest = new ObjectMapper().readTree(file.toFile());
        }
        String base = manifest.path("base").asText();
        if (base.isEmpty()) {
            base = Checkpoint.digest(Path.of(settings.model().checkpoint()));
        }
        return AdapterRelease.newBuilder()
                .setPlatform("")
                .setEpoch(0)
                .setState(ReleaseState.UNKNOWN)
                .setAdapterDigest(Adapter.digest(real))
                .setBaseDigest(base)
                .setProfileDigest(profile(settings, real).digest())
                .setLocation(inS3 == null ? real.toString() : inS3.toString())
                .setManifest(Files.exists(file) && inS3 == null ? file.toUri().toString() : null)
                .setDecision("by hand")
                .setReleasedAt(Instant.now())
                .build();
    }

    private static Path fetched(ServiceConfig settings, S3Location there) throws StoreException {
        AdaptersConfig.Remote remote = remote(settings);
        try (S3Folders folders = S3Folders.open(remote.s3())) {
            return folders.get(there, remote.cache());
        }
    }

    private static ScoringProfile profile(ServiceConfig settings, Path folder) {
        Optional<ScoringProfile> own = ScoringProfile.in(folder);
        if (own.isPresent()) {
            return own.get();
        }
        String named = settings.model().profile();
        return named != null
                ? ScoringProfile.read(Path.of(named))
                : ScoringProfile.in(Path.of(settings.model().checkpoint()))
                        .orElseThrow(() -> new IllegalArgumentException(folder + ": no " + ScoringProfile.FILE_NAME
                                + " (expected: there or with the checkpoint)"));
    }

    /** @return 0: every living worker serves it; 1: one refuses it, or none answers in time */
    private int publish(AdapterAdmin admin, Cluster cluster, ReleaseBook.Entry release) throws InterruptedException {
        PrintWriter out = spec.commandLine().getOut();
        AdapterRelease event = release.event();
        admin.publish(release);
        out.printf(
                "%s: epoch %d, %s %s%n",
                release.key(),
                event.getEpoch(),
                event.getState(),
                event.getState() == ReleaseState.RETIRED ? "" : digest(event.getAdapterDigest()));
        out.flush();
        if (cluster.wait == 0) {
            return 0;
        }
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(cluster.wait);
        Fleet.Progress before = null;
        while (true) {
            Fleet.Progress now = admin.fleet().progress(release.key(), event.getEpoch(), Instant.now());
            if (!now.equals(before)) {
                out.println("serving " + now.serving().size() + ", refusing "
                        + now.refusing().size() + ", waiting for " + now.waiting());
                out.flush();
                before = now;
            }
            if (now.done()) {
                return isReplaced(admin.releases(), release) ? 1 : report(out, now);
            }
            if (System.nanoTime() > deadline) {
                spec.commandLine()
                        .getErr()
                        .println(
                                now.waiting().isEmpty()
                                        ? "no worker is alive; those that start will follow the release"
                                        : "after " + cluster.wait + " s these do not follow yet: " + now.waiting());
                return 1;
            }
            TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
        }
    }

    /** Two that release at the same time take the same epoch, and the topic keeps the one that was written last. */
    private boolean isReplaced(ReleaseBook book, ReleaseBook.Entry release) {
        AdapterRelease own = release.event();
        Optional<AdapterRelease> other = book.entries().stream()
                .filter(e -> e.key().equals(release.key()))
                .map(ReleaseBook.Entry::event)
                .filter(e -> e.getEpoch() == own.getEpoch()
                        && !(e.getState() == own.getState()
                                && Objects.equals(e.getAdapterDigest(), own.getAdapterDigest())
                                && Objects.equals(e.getLocation(), own.getLocation())))
                .findFirst();
        other.ifPresent(e -> spec.commandLine()
                .getErr()
                .println("epoch " + own.getEpoch() + " of " + release.key() + " is another release, written at the same"
                        + " time: " + digest(e.getAdapterDigest()) + " (expected: this one; release it again)"));
        return other.isPresent();
    }

    private static int report(PrintWriter out, Fleet.Progress progress) {
        for (AdapterStatus s : progress.refusing()) {
            out.println(
                    s.getWorkerId() + " refuses it and serves " + digest(s.getAdapterDigest()) + ": " + s.getMessage());
        }
        out.flush();
        return progress.refusing().isEmpty() ? 0 : 1;
    }
}
