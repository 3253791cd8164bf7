package io.realqa.cli;

import io.realqa.scorer.Merger;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
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
    private static final long PROGRESS_NANOS = TimeUnit.SECONDS.toNanos(10);

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
        long[] written = {0, start};
        try (ProgressBar progress = Terminal.stderr() ? progress(total) : null) {
            merger.write(out, maxShardSize, bytes -> {
                written[0] += bytes;
                if (progress != null) {
                    progress.stepBy(bytes);
                } else if (System.nanoTime() - written[1] > PROGRESS_NANOS) {
                    written[1] = System.nanoTime();
                    err.printf(Locale.ROOT, "merged %d of %d MB%n", written[0] / 1_000_000, total / 1_000_000);
                    err.flush();
                }
            });
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

    private static ProgressBar progress(long bytes) {
        return new ProgressBarBuilder()
                .setTaskName("merging")
                .setInitialMax(bytes)
                .setUnit(" MB", 1_000_000)
                .showSpeed()
                .setUpdateIntervalMillis(200)
                .clearDisplayOnFinish()
                .build();
    }
}
