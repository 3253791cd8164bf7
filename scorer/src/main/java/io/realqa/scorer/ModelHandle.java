package io.realqa.scorer;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** Checkpoint, adapter and profile loaded together and closed together. */
public final class ModelHandle implements AutoCloseable {
    private final Checkpoint checkpoint;
    private final @Nullable Adapter adapter;
    private final Scorer scorer;
    private final AtomicBoolean closed = new AtomicBoolean();

    private ModelHandle(Checkpoint checkpoint, @Nullable Adapter adapter, Scorer scorer) {
        this.checkpoint = checkpoint;
        this.adapter = adapter;
        this.scorer = scorer;
    }

    /** As below, on this machine's device in its own precision, with nobody who looks. */
    public static ModelHandle load(Path checkpointFolder, @Nullable Path adapterFolder, @Nullable Path profileFile) {
        return load(checkpointFolder, adapterFolder, profileFile, Compute.ofThisMachine(), LoadingListener.NONE);
    }

    /**
     * Loads a model.
     *
     * @param adapterFolder none: the base model alone
     * @param profileFile none: the profile in the adapter's folder, else the one in the checkpoint's
     * @param compute where and in which precision
     * @param listener told how far the checkpoint is
     * @throws ModelException if one of them cannot be used, or there is no profile
     */
    public static ModelHandle load(
            Path checkpointFolder,
            @Nullable Path adapterFolder,
            @Nullable Path profileFile,
            Compute compute,
            LoadingListener listener) {
        ScoringProfile profile = profile(checkpointFolder, adapterFolder, profileFile);
        Checkpoint checkpoint = Checkpoint.load(checkpointFolder, compute, listener);
        Adapter adapter = null;
        try {
            adapter = adapterFolder == null ? null : Adapter.load(checkpoint, adapterFolder);
            return new ModelHandle(checkpoint, adapter, new Scorer(checkpoint, adapter, profile));
        } catch (RuntimeException e) {
            if (adapter != null) {
                adapter.close();
            }
            checkpoint.close();
            throw e;
        }
    }

    private static ScoringProfile profile(
            Path checkpointFolder, @Nullable Path adapterFolder, @Nullable Path profileFile) {
        if (!Files.isDirectory(checkpointFolder)) {
            throw new ModelException(checkpointFolder + ": no such folder (expected: a Hugging Face checkpoint)");
        }
        if (profileFile != null) {
            return ScoringProfile.read(profileFile);
        }
        Optional<ScoringProfile> adapters = adapterFolder == null ? Optional.empty() : ScoringProfile.in(adapterFolder);
        return adapters.or(() -> ScoringProfile.in(checkpointFolder))
                .orElseThrow(() -> new ModelException(checkpointFolder + ": no " + ScoringProfile.FILE_NAME
                        + " there or with the adapter (expected: a scoring profile, or its file named)"));
    }

    public Scorer scorer() {
        return scorer;
    }

    @Override
    public void close() {
        if (closed.getAndSet(true)) {
            return;
        }
        scorer.close();
        if (adapter != null) {
            adapter.close();
        }
        checkpoint.close();
    }
}
