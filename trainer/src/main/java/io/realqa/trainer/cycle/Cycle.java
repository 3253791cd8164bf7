package io.realqa.trainer.cycle;

import io.realqa.scorer.Adapter;
import io.realqa.scorer.Checkpoint;
import io.realqa.scorer.Scorer;
import io.realqa.scorer.ScoringProfile;
import io.realqa.store.ContentFolder;
import io.realqa.trainer.cycle.CycleRecord.Stage;
import io.realqa.trainer.degradation.Degradation;
import io.realqa.trainer.feedback.AcceptedLabel;
import io.realqa.trainer.feedback.FeedbackIntake;
import io.realqa.trainer.feedback.ImageVault;
import io.realqa.trainer.gate.Evidence;
import io.realqa.trainer.gate.Gate;
import io.realqa.trainer.gate.GateSettings;
import io.realqa.trainer.gate.Verdict;
import io.realqa.trainer.set.Manifest;
import io.realqa.trainer.set.SetBuilder;
import io.realqa.trainer.training.TrainingRun;
import io.realqa.trainer.training.TrainingSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One way from labels to a release, in steps: the set is fixed, an adapter trained, the gate asked, the decision published.
 * After each the journal is written; a step that was cut off is done again and ends the same: training resumes at its last
 * save and names its folder by content, judging is a function of the set, and a release is looked for before it is made.
 *
 * <p>Owned by one thread.
 */
public final class Cycle {
    private static final Logger LOG = LoggerFactory.getLogger(Cycle.class);
    private static final String MANIFEST = "training-set.json";
    private static final DateTimeFormatter ID =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss").withZone(ZoneOffset.UTC);

    /**
     * How cycles are run.
     *
     * @param heldOut share of the images that judge
     * @param near bits of the perceptual hash in which near-duplicates differ at most
     * @param saveEvery training steps between two saves
     * @param suiteImages held-out images that are degraded for the monotonicity suite
     * @param degradations that they are given
     * @param target of a candidate that is promoted: ACTIVE or CANARY
     * @param share of the platform's images that a canary gets
     */
    public record Settings(
            double heldOut,
            int near,
            TrainingSettings training,
            int saveEvery,
            GateSettings gate,
            int suiteImages,
            List<Degradation> degradations,
            ReleaseDesk.Target target,
            double share) {
        /** What spoils any picture, whatever the taste. */
        public static final List<Degradation> DEGRADATIONS = Degradation.UNDISPUTED;

        public Settings {
            if (suiteImages < 0) {
                throw new IllegalArgumentException("gate.suiteImages: " + suiteImages + " (expected: 0 or more)");
            }
            if (target == ReleaseDesk.Target.NONE) {
                throw new IllegalArgumentException("release.as: " + target + " (expected: ACTIVE or CANARY)");
            }
            if (!(share > 0 && share <= 1)) {
                throw new IllegalArgumentException("release.share: " + share + " (expected: above 0, at most 1)");
            }
            degradations = List.copyOf(degradations);
        }
    }

    private final Checkpoint checkpoint;
    private final ScoringProfile profile;
    private final Settings settings;
    private final Path home;
    private final ImageVault vault;
    private final CycleJournal journal;
    private final ReleaseDesk desk;
    private final CycleListener listener;
    private final Clock clock;

    /** @param home folder that holds cycles and adapters */
    public Cycle(
            Checkpoint checkpoint,
            ScoringProfile profile,
            Settings settings,
            Path home,
            ImageVault vault,
            ReleaseDesk desk,
            CycleListener listener,
            Clock clock) {
        this.checkpoint = checkpoint;
        this.profile = profile;
        this.settings = settings;
        this.home = home;
        this.vault = vault;
        this.journal = journal(home);
        this.desk = desk;
        this.listener = listener;
        this.clock = clock;
    }

    /** The journal of a home. */
    public static CycleJournal journal(Path home) {
        return new CycleJournal(home.resolve("cycles"));
    }

    /** Folder that released adapters are in. */
    public static Path adapters(Path home) {
        return home.resolve("adapters");
    }

    /**
     * Fixes a training set: from here on the cycle goes on whatever happens.
     *
     * @param topic of the accepted labels
     * @param labels all accepted ones, in their order
     */
    public CycleRecord plan(String platform, TriggerPolicy.Trigger trigger, String topic, List<AcceptedLabel> labels)
            throws IOException {
        Instant now = Instant.now(clock);
        String id = ID.format(now) + "-" + UUID.randomUUID().toString().substring(0, 8);
        Path folder = Files.createDirectories(journal.folder(id));
        Manifest.Made made;
        try {
            made = Manifest.make(
                    topic,
                    FeedbackIntake.PARTITION,
                    labels,
                    new Manifest.Rule(platform, settings.heldOut(), settings.near()),
                    profile,
                    vault,
                    folder.resolve(MANIFEST));
            made.manifest().write(folder.resolve(MANIFEST));
        } catch (IOException | RuntimeException e) {
            Files.deleteIfExists(folder.resolve(MANIFEST));
            Files.deleteIfExists(folder);
            throw e;
        }
        List<String> missing = made.manifest().missing();
        if (!missing.isEmpty()) {
            LOG.warn(
                    "{} labelled images of {} are lost or damaged and left out, the first is {}",
                    missing.size(),
                    platform,
                    vault.file(missing.get(0)));
        }
        int own = (int) labels.stream()
                .filter(l -> platform.equals(SetBuilder.ALL) || platform.equals(l.platform()))
                .count();
        CycleRecord planned = CycleRecord.planned(
                id, platform, trigger, now.toString(), own, made.manifest().set());
        journal.write(planned);
        return planned;
    }

    /**
     * Runs a cycle to its end, from wherever it is.
     *
     * @throws InterruptedException if the thread is interrupted: the cycle stays open and can be run again
     */
    public CycleRecord run(CycleRecord from) throws IOException, InterruptedException {
        CycleRecord cycle = from;
        Path manifest = journal.folder(cycle.id()).resolve(MANIFEST);
        SetBuilder.Built set;
        try {
            set = Manifest.read(manifest).build(manifest, null, profile);
            if (set.split().training().isEmpty()) {
                throw new IllegalArgumentException("training images: 0 (expected: at least 1)");
            }
        } catch (IllegalArgumentException e) {
            return step(cycle.ended(Stage.FAILED, List.of(String.valueOf(e.getMessage())), 0));
        }
        listener.begun(
                cycle, set.split().training().size(), set.split().heldOut().size(), set.left());
        if (cycle.stage() == Stage.PLANNED) {
            cycle = step(cycle.trained(train(cycle, set)));
        }
        if (cycle.stage() == Stage.TRAINED) {
            cycle = step(judge(cycle, set));
        }
        if (cycle.stage() == Stage.JUDGED && isStale(cycle, uri(manifest))) {
            cycle = step(judge(cycle, set));
        }
        if (cycle.stage() == Stage.JUDGED) {
            cycle = step(cycle.ended(Stage.RELEASED, cycle.reasons(), release(cycle, manifest)));
        }
        return cycle;
    }

    /** Gives a cycle up: nothing of it is released. */
    public CycleRecord fail(CycleRecord cycle, String why) throws IOException {
        return step(cycle.ended(Stage.FAILED, List.of(why), 0));
    }

    private CycleRecord step(CycleRecord reached) throws IOException {
        journal.write(reached);
        listener.reached(reached);
        return reached;
    }

    private String train(CycleRecord cycle, SetBuilder.Built set) throws IOException, InterruptedException {
        Path made = new TrainingRun(
                        checkpoint,
                        profile,
                        settings.training(),
                        set.split(),
                        adapters(home),
                        journal.folder(cycle.id()).resolve("training.safetensors"),
                        settings.saveEvery(),
                        System::nanoTime)
                .run(listener.training());
        return String.valueOf(made.getFileName());
    }

    private Path folder(CycleRecord cycle) {
        return adapters(home)
                .resolve(Objects.requireNonNull(cycle.adapter()))
                .toAbsolutePath()
                .normalize();
    }

    private CycleRecord judge(CycleRecord cycle, SetBuilder.Built set) throws IOException, InterruptedException {
        Path folder = folder(cycle);
        ContentFolder.verify(folder);
        ReleaseDesk.Serving serving = desk.serving(cycle.platform());
        EvidenceCollector collector = new EvidenceCollector(
                set.split().heldOut(),
                set.platforms(),
                new EvidenceCollector.Suite(settings.suiteImages(), settings.degradations()));
        int of = collector.views();
        try (Adapter candidate = Adapter.load(checkpoint, folder);
                Scorer after = new Scorer(checkpoint, candidate, profile);
                Served before = Served.load(checkpoint, serving, profile)) {
            Evidence evidence = collector.collect(
                    before.scorer(),
                    after,
                    done -> listener.judging("serving model", done, of),
                    done -> listener.judging("candidate", done, of));
            Verdict verdict = new Gate(settings.gate()).decide(evidence);
            return cycle.judged(serving.digest(), verdict.decision().name(), verdict.reasons(), verdict.numbers());
        }
    }

    /** The model that a candidate is compared with. */
    private record Served(@Nullable Adapter adapter, Scorer scorer) implements AutoCloseable {
        static Served load(Checkpoint checkpoint, ReleaseDesk.Serving serving, ScoringProfile base) {
            Path folder = serving.folder();
            if (folder == null) {
                return new Served(null, new Scorer(checkpoint, null, base));
            }
            Adapter adapter = Adapter.load(checkpoint, folder);
            try {
                return new Served(
                        adapter,
                        new Scorer(
                                checkpoint, adapter, ScoringProfile.in(folder).orElse(base)));
            } catch (RuntimeException e) {
                adapter.close();
                throw e;
            }
        }

        @Override
        public void close() {
            scorer.close();
            if (adapter != null) {
                adapter.close();
            }
        }
    }

    private static String uri(Path manifest) {
        return manifest.toAbsolutePath().normalize().toUri().toString();
    }

    /** Whether the gate compared the candidate with what does not serve any more. */
    private boolean isStale(CycleRecord cycle, String manifest) {
        return desk.released(cycle.platform(), manifest).isEmpty()
                && !Objects.equals(desk.serving(cycle.platform()).digest(), cycle.serving());
    }

    private long release(CycleRecord cycle, Path manifest) throws InterruptedException {
        String uri = uri(manifest);
        OptionalLong there = desk.released(cycle.platform(), uri);
        if (there.isPresent()) {
            return there.getAsLong();
        }
        String decision = String.valueOf(cycle.decision());
        boolean promoted = decision.equals(Verdict.Decision.PROMOTE.name());
        Path folder = folder(cycle);
        return desk.publish(new ReleaseDesk.Release(
                cycle.platform(),
                promoted ? settings.target() : ReleaseDesk.Target.NONE,
                settings.target() == ReleaseDesk.Target.CANARY ? settings.share() : 1,
                Adapter.digest(folder),
                checkpoint.digest(),
                profile.digest(),
                folder,
                uri,
                decision + ": " + String.join("; ", cycle.reasons()),
                Map.copyOf(cycle.numbers())));
    }
}
