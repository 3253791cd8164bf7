package io.realqa.cli;

import io.realqa.scorer.Merger;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Merges an adapter into its base model. */
@Command(
        name = "merge",
        mixinStandardHelpOptions = true,
        description =
                "Merges a LoRA adapter into its base model and writes a Hugging Face folder that scores as both do.")
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class MergeCommand implements Callable<Integer> {
    @Option(
            names = "--checkpoint",
            required = true,
            paramLabel = "DIR",
            description = "base model, a Hugging Face folder")
    private Path checkpoint;

    @Option(names = "--adapter", required = true, paramLabel = "DIR", description = "LoRA adapter, a PEFT folder")
    private Path adapter;

    @Option(names = "--out", required = true, paramLabel = "DIR", description = "new or empty folder to write to")
    private Path out;

    @Option(
            names = "--max-shard-size",
            defaultValue = "5GB",
            paramLabel = "SIZE",
            description = "largest weights file, as 5GB, 500MB or 2GiB (default: 5GB)")
    private String maxShardSize;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter err = spec.commandLine().getErr();
        Merger merger = new Merger(checkpoint, adapter);
        long total = merger.bytes();
        long start = System.nanoTime();
        ProgressLine.Task task = new ProgressLine.Task("merging", total, 0, "MB", 1_000_000, Duration.ZERO);
        try (ProgressLine shown = ProgressLine.of(err, task)) {
            merger.write(out, maxShardSize, shown::by);
        }
        err.printf(
                Locale.ROOT,
                "%s: %d modules merged, %.1f MB in %.1f s%n",
                out,
                merger.modules(),
                total / 1e6,
                (System.nanoTime() - start) / 1e9);
        err.flush();
        return 0;
    }
}
