package io.realqa.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.realqa.scorer.image.ImageDecoder;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.scorer.image.ImageRejectedException;
import io.realqa.scorer.image.RasterImage;
import io.realqa.trainer.degradation.AreaShrink;
import io.realqa.trainer.degradation.DegradedSet;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Makes a labelled set of photographs by spoiling them. */
@Command(
        name = "degrade",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        description = {
            "Makes a labelled set of photographs: sections, spoilt in known ways, with labels made by measuring.",
            "Leaves pictures, training.jsonl and held-out.jsonl in a new folder. Every fifth photograph, by name, is held"
                    + " out: its sections only judge, and it is copied to the folder's photographs. The same photographs and seed give the same set."
        })
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class DegradeCommand implements Callable<Integer> {
    private static final int HELD_OUT_EVERY = 5;
    /** Pixels that a photograph keeps: sections are half of it at least. */
    private static final int LONGER_SIDE = 1100;

    private static final Set<String> EXTENSIONS = Set.of("jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff");
    private static final long LONGEST_SECONDS = 120;

    @Parameters(paramLabel = "PHOTOS", description = "folder of photographs, five at least")
    private Path photographs;

    @Option(names = "--out", required = true, paramLabel = "DIR", description = "new folder for the set")
    private Path out;

    @Option(names = "--views", defaultValue = "12000", description = "pictures that train")
    private int views;

    @Option(names = "--held-out-views", defaultValue = "600", description = "pictures that judge")
    private int heldOutViews;

    @Option(names = "--seed", defaultValue = "1", description = "of sections and damage")
    private long seed;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        if (views < 1 || heldOutViews < 1) {
            throw new IllegalArgumentException(
                    "--views, --held-out-views: " + views + ", " + heldOutViews + " (expected: at least 1 of each)");
        }
        List<Path> files = files();
        if (Files.exists(out)) {
            throw new IllegalArgumentException("--out: " + out + " exists (expected: a new folder)");
        }
        List<RasterImage> training = new ArrayList<>();
        List<RasterImage> heldOut = new ArrayList<>();
        List<Path> judging = new ArrayList<>();
        ImageDecoder decoder = new ImageDecoder(ImageLimits.DEFAULTS);
        for (int i = 0; i < files.size(); i++) {
            try {
                RasterImage image =
                        AreaShrink.toLongerSide(decoder.decode(Files.readAllBytes(files.get(i))), LONGER_SIDE);
                if (i % HELD_OUT_EVERY == HELD_OUT_EVERY - 1) {
                    heldOut.add(image);
                    judging.add(files.get(i));
                } else {
                    training.add(image);
                }
            } catch (ImageRejectedException e) {
                throw new IllegalArgumentException(files.get(i) + ": " + e.getMessage(), e);
            }
        }
        // a reader sees the whole set or none
        Path fresh = out.resolveSibling(out.getFileName() + ".new-" + UUID.randomUUID());
        Path originals = Files.createDirectories(fresh.resolve("photographs"));
        for (Path file : judging) {
            Files.copy(file, originals.resolve(file.getFileName()));
        }
        write(fresh, "training", training, views);
        write(fresh, "held-out", heldOut, heldOutViews);
        Files.move(fresh, out, StandardCopyOption.ATOMIC_MOVE);
        spec.commandLine().getOut().println(out);
        spec.commandLine().getOut().flush();
        return 0;
    }

    private List<Path> files() throws IOException {
        if (!Files.isDirectory(photographs)) {
            throw new IllegalArgumentException("PHOTOS: " + photographs + " (expected: a folder)");
        }
        try (Stream<Path> all = Files.list(photographs)) {
            List<Path> files = all.filter(f -> {
                        String name = f.getFileName().toString();
                        return !name.startsWith(".")
                                && EXTENSIONS.contains(name.substring(name.lastIndexOf('.') + 1)
                                        .toLowerCase(Locale.ROOT));
                    })
                    .sorted()
                    .toList();
            if (files.size() < HELD_OUT_EVERY) {
                throw new IllegalArgumentException("PHOTOS: " + files.size() + " photographs in " + photographs
                        + " (expected: at least " + HELD_OUT_EVERY + ")");
            }
            return files;
        }
    }

    private void write(Path folder, String part, List<RasterImage> photos, int count) throws Exception {
        Files.createDirectories(folder.resolve(part));
        DegradedSet set = new DegradedSet(seed);
        int threads = Runtime.getRuntime().availableProcessors();
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try (ProgressLine shown =
                        ProgressLine.of(spec.commandLine().getErr(), new ProgressLine.Task(part, count, "pictures"));
                BufferedWriter labels = Files.newBufferedWriter(folder.resolve(part + ".jsonl"))) {
            Deque<Future<DegradedSet.View>> ahead = new ArrayDeque<>();
            int next = 0;
            for (int n = 0; n < count; n++) {
                for (; next < count && ahead.size() < 4 * threads; next++) {
                    int number = next;
                    ahead.add(pool.submit(() -> set.view(photos.get(number % photos.size()), number)));
                }
                DegradedSet.View view = ahead.remove().get(LONGEST_SECONDS, TimeUnit.SECONDS);
                String name = String.format(Locale.ROOT, "%s/%06d.jpg", part, n);
                Files.write(folder.resolve(name), view.file());
                ObjectNode line = view.label();
                labels.write(line.put("image", name).toString());
                labels.newLine();
                shown.by(1);
            }
        } finally {
            pool.shutdownNow();
        }
    }
}
