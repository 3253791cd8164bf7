package io.realqa.streams.adapters;

import io.realqa.scorer.Adapter;
import io.realqa.scorer.Checkpoint;
import io.realqa.scorer.ModelException;
import io.realqa.scorer.Score;
import io.realqa.scorer.Scorer;
import io.realqa.scorer.ScoringProfile;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.scorer.image.ImageRejectedException;
import io.realqa.scorer.image.Preprocessing;
import io.realqa.streams.scoring.BatchScorer;
import io.realqa.streams.scoring.ProbeImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Loads adapters for the checkpoint that the service has. In this order a release is checked: base, place, digest,
 * manifest, preprocessing, profile, every tensor, an answer that is a score, golden images.
 */
final class CheckpointAdapters implements AdapterLoader {
    private static final int WARM_UP_SIDE = 56;

    private final Scorer start;
    private final BatchScorer startModel;
    private final ImageLimits limits;
    private final AdaptersConfig config;
    private final ReleaseFolder folders;

    /**
     * @param start what the service started with; a release of the base model uses it where it is that
     * @param startModel the same as the engine sees it
     */
    CheckpointAdapters(Scorer start, BatchScorer startModel, ImageLimits limits, AdaptersConfig config) {
        this.start = start;
        this.startModel = startModel;
        this.limits = limits;
        this.config = config;
        this.folders = new ReleaseFolder(config.roots(), config.remote());
    }

    @Override
    public Loaded load(Release release) throws RefusedException {
        Checkpoint checkpoint = start.checkpoint();
        if (!release.base().equals(checkpoint.digest())) {
            throw new RefusedException(
                    "base: " + release.base() + " (expected: " + checkpoint.digest() + ", the checkpoint served here)");
        }
        if (release.adapter() == null
                && start.adapter() == null
                && start.profile().digest().equals(release.profile())) {
            return new Loaded(new Resident(startModel, () -> {}), "what the service started with");
        }
        long began = System.nanoTime();
        Adapter adapter = null;
        Scorer scorer = null;
        try {
            Path folder = release.adapter() == null ? null : folders.checked(release);
            ScoringProfile profile = profile(release, folder);
            if (folder != null) {
                samePreprocessing(folder, checkpoint.preprocessing());
                adapter = Adapter.load(checkpoint, folder);
                if (!adapter.digest().equals(release.adapter())) {
                    throw new RefusedException("content: " + adapter.digest() + " (expected: " + release.adapter()
                            + "; the files changed while they were read)");
                }
            }
            scorer = new Scorer(checkpoint, adapter, profile);
            BatchScorer model = BatchScorer.of(scorer, limits);
            String checked = tried(model, profile, folder);
            Adapter used = adapter;
            Scorer served = scorer;
            Resident resident = new Resident(model, () -> close(served, used));
            adapter = null;
            scorer = null;
            return new Loaded(
                    resident,
                    String.format(Locale.ROOT, "loaded in %.2f s, %s", (System.nanoTime() - began) / 1e9, checked));
        } catch (ModelException | IllegalArgumentException | UncheckedIOException e) {
            throw new RefusedException(String.valueOf(e.getMessage()), e);
        } finally {
            close(scorer, adapter);
        }
    }

    private static void close(@Nullable Scorer scorer, @Nullable Adapter adapter) {
        if (scorer != null) {
            scorer.close();
        }
        if (adapter != null) {
            adapter.close();
        }
    }

    /** The adapter's profile, or else the checkpoint's or the one that the service was given. */
    private ScoringProfile profile(Release release, @Nullable Path folder) throws RefusedException {
        Optional<ScoringProfile> own = folder == null ? Optional.empty() : ScoringProfile.in(folder);
        if (own.isPresent()) {
            return expected(own.get(), release);
        }
        if (start.profile().digest().equals(release.profile())) {
            return start.profile();
        }
        return expected(ScoringProfile.in(start.checkpoint().folder()).orElse(start.profile()), release);
    }

    private static ScoringProfile expected(ScoringProfile profile, Release release) throws RefusedException {
        if (!profile.digest().equals(release.profile())) {
            throw new RefusedException("profile: " + profile.digest() + " of " + profile.name() + " (expected: "
                    + release.profile() + ", the release's)");
        }
        return profile;
    }

    /** Images are prepared before it is known which version scores them, so all versions share the preparation. */
    private static void samePreprocessing(Path folder, Preprocessing here) throws RefusedException {
        Path file = folder.resolve("preprocessor_config.json");
        if (!Files.exists(file)) {
            return;
        }
        try {
            String digest = Preprocessing.parse(Files.readString(file)).digest();
            if (!digest.equals(here.digest())) {
                throw new RefusedException("preprocessing: " + digest + " by the adapter's preprocessor_config.json"
                        + " (expected: " + here.digest() + ", the checkpoint's)");
            }
        } catch (IOException e) {
            throw new RefusedException("preprocessing: " + e, e);
        }
    }

    /** Warms up and compares. @return what was done */
    private String tried(BatchScorer model, ScoringProfile profile, @Nullable Path folder) throws RefusedException {
        try {
            Score score = model.score(List.of(model.prepare(ProbeImage.grey(WARM_UP_SIDE))))
                    .get(0);
            if (!Double.isFinite(score.expectation()) || !Double.isFinite(score.offGrammarMass())) {
                throw new RefusedException("warm-up: score " + score.expectation() + ", off-grammar mass "
                        + score.offGrammarMass() + " (expected: finite numbers)");
            }
        } catch (ImageRejectedException e) {
            throw new IllegalStateException("the probe image is one that every limit allows", e);
        }
        double range =
                profile.score().maximum().subtract(profile.score().minimum()).doubleValue();
        Optional<GoldenImages> golden = folder == null
                ? Optional.empty()
                : GoldenImages.in(folder, config.goldenTolerance() * range, limits.maxBytes());
        if (golden.isEmpty()) {
            if (config.goldenRequired() && folder != null) {
                throw new RefusedException("golden images: none (expected: golden/golden.json with the adapter)");
            }
            return "no golden images";
        }
        golden.get().check(model, config.offGrammarMass());
        return golden.get().size() + " golden images as expected";
    }
}
