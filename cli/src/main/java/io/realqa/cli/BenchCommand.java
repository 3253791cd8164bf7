package io.realqa.cli;

import io.realqa.cli.bench.AnswerBench;
import io.realqa.cli.bench.BenchImages;
import io.realqa.cli.bench.DamageBench;
import io.realqa.cli.bench.MemoryBench;
import io.realqa.cli.bench.PathBench;
import io.realqa.cli.bench.StageBench;
import io.realqa.cli.bench.StreamingBench;
import io.realqa.cli.bench.SwapBench;
import io.realqa.scorer.ModelHandle;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Measures the checkpoint on the device at hand. */
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        description = "Measures stages, answers and the streaming path on this machine.")
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class BenchCommand implements Callable<Integer> {
    /** What can be measured. */
    enum Part {
        STAGES,
        ANSWERS,
        STREAMING,
        MEMORY,
        SWAP,
        DAMAGE,
        PATH,
        LATENCY
    }

    @Option(
            names = "--parts",
            split = ",",
            defaultValue = "stages,answers,streaming",
            description = "stages, answers, streaming, memory, swap, damage, path, latency (default: the first three)")
    private Set<Part> parts;

    @Option(names = "--batches", split = ",", defaultValue = "1,2,4,8,16", description = "batch sizes of the stages")
    private List<Integer> batches;

    @Option(names = "--images", paramLabel = "DIR", description = "photographs to use (default: those of the project)")
    private @Nullable Path images;

    @Option(names = "--uploads", defaultValue = "400", description = "uploads per streaming round (default: 400)")
    private int uploads;

    @Option(names = "--memory-images", defaultValue = "2000", description = "images of the memory part")
    private int memoryImages;

    @Option(
            names = "--path-uploads",
            defaultValue = "300000",
            description = "uploads of the path part without device time (default: 300000)")
    private int pathUploads;

    @Option(names = "--swaps", defaultValue = "20", description = "swaps of the swap part (default: 20)")
    private int swaps;

    @Mixin
    private ModelOptions model;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        if (parts.contains(Part.PATH)) {
            new PathBench(out).run(pathUploads);
        }
        if (parts.contains(Part.LATENCY)) {
            new PathBench(out).runLatency();
        }
        if (parts.stream().anyMatch(p -> p != Part.PATH && p != Part.LATENCY)) {
            withModel(out);
        }
        return 0;
    }

    private void withModel(PrintWriter out) throws Exception {
        try (ModelHandle handle = model.load(spec.commandLine().getErr())) {
            BenchImages photos = BenchImages.of(
                    images == null ? ModelOptions.home().resolve("models/demo/photos") : images, handle.scorer());
            out.printf(
                    "%s on %s in %s, %d cores, %d images of %d visual tokens on average%n",
                    handle.scorer().checkpoint().folder(),
                    handle.scorer().checkpoint().compute().device(),
                    handle.scorer().checkpoint().compute().precision(),
                    Runtime.getRuntime().availableProcessors(),
                    photos.files().size(),
                    Math.round(photos.meanVisualTokens()));
            out.flush();
            if (parts.contains(Part.STAGES)) {
                new StageBench(handle.scorer(), photos, out).run(batches);
            }
            if (parts.contains(Part.ANSWERS)) {
                new AnswerBench(handle.scorer(), photos, out).run();
            }
            if (parts.contains(Part.STREAMING)) {
                new StreamingBench(handle.scorer(), photos, out).run(uploads);
            }
            if (parts.contains(Part.SWAP)) {
                new SwapBench(handle.scorer(), photos, out).run(swaps);
            }
            if (parts.contains(Part.DAMAGE)) {
                new DamageBench(handle.scorer(), photos, out).run();
            }
            if (parts.contains(Part.MEMORY)) {
                new MemoryBench(handle.scorer(), photos, out).run(memoryImages);
            }
        }
    }
}
