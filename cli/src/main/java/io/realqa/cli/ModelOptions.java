package io.realqa.cli;

import io.realqa.scorer.Compute;
import io.realqa.scorer.ModelHandle;
import java.io.PrintWriter;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which model to use: the options that several commands share. */
public final class ModelOptions {
    @Option(
            names = "--checkpoint",
            paramLabel = "DIR",
            description = "Qwen2-VL checkpoint, a Hugging Face folder (default: the small demonstration checkpoint)")
    private @Nullable Path checkpoint;

    @Option(names = "--adapter", paramLabel = "DIR", description = "LoRA adapter, a PEFT folder (default: none)")
    private @Nullable Path adapter;

    @Option(
            names = "--profile",
            paramLabel = "FILE",
            description = "scoring profile (default: scoring-profile.yaml of the adapter, else of the checkpoint)")
    private @Nullable Path profile;

    @Mixin
    private final PrecisionOption precision = new PrecisionOption();

    /** The project's folder, which the launcher names. */
    public static Path home() {
        return Path.of(System.getProperty("realqa.home", "."));
    }

    /** The checkpoint's folder. */
    public Path checkpoint() {
        return checkpoint == null ? home().resolve("models/demo") : checkpoint;
    }

    /** Loads the model and says how far it is. */
    public ModelHandle load(PrintWriter err) {
        return load(LoadingProgress.of(err, checkpoint()));
    }

    /** As above, with lines only: others write to the terminal meanwhile. */
    public ModelHandle loadInLines(PrintWriter err) {
        return load(LoadingProgress.inLines(err, checkpoint()));
    }

    private ModelHandle load(LoadingProgress shown) {
        try (shown) {
            return ModelHandle.load(checkpoint(), adapter, profile, Compute.ofThisMachine(precision.value()), shown);
        }
    }
}
