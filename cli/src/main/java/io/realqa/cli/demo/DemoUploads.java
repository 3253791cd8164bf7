package io.realqa.cli.demo;

import io.realqa.scorer.image.RasterImage;
import io.realqa.trainer.degradation.Degradation;
import io.realqa.trainer.degradation.JpegFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * What the demonstration uploads: each photograph as it is, then without end rounds of every photograph in every
 * degradation and strength, each round shuffled anew. The same photographs give the same sequence. For one thread.
 */
final class DemoUploads {
    private static final long SEED = 1;

    /** Of the degraded files: high enough to add no visible damage of its own. */
    private static final float QUALITY = 0.92f;

    /** Bytes that an upload may carry inline; a camera's larger files are sent shrunk. */
    private static final int LARGEST = 1 << 20;

    private record Version(int photograph, Degradation degradation, int strength) {}

    private final Photographs photographs;
    private final List<Version> round;
    private final Random random = new Random(SEED);
    private int untouched;
    private int inRound;

    private DemoUploads(Photographs photographs) throws IOException {
        this.photographs = photographs;
        this.round = versions(photographs.size());
        // So that a file that is no image is reported now and not by a running stream; in a large folder, later.
        for (int i = 0; i < Math.min(photographs.size(), Photographs.KEPT); i++) {
            photographs.small(i);
        }
    }

    /**
     * Uploads of the image files in a folder.
     *
     * @throws IllegalArgumentException where it is no folder or has no image files, or naming one that is unreadable
     */
    static DemoUploads of(Path folder) throws IOException {
        return new DemoUploads(Photographs.in(folder));
    }

    /**
     * Uploads of the given image files.
     *
     * @throws IllegalArgumentException where there are none, or naming one that is unreadable
     */
    static DemoUploads of(List<Path> files) throws IOException {
        return new DemoUploads(new Photographs(files));
    }

    private byte[] untouched(int photograph) throws IOException {
        RasterImage small = photographs.small(photograph);
        byte[] file = photographs.file(photograph);
        return file.length <= LARGEST ? file : JpegFile.encode(small, QUALITY);
    }

    private static List<Version> versions(int photographs) {
        List<Version> versions = new ArrayList<>();
        for (int photograph = 0; photograph < photographs; photograph++) {
            for (Degradation degradation : Degradation.values()) {
                for (int strength = 1; strength <= Degradation.STRENGTHS; strength++) {
                    versions.add(new Version(photograph, degradation, strength));
                }
            }
        }
        return versions;
    }

    /**
     * The next upload.
     *
     * @throws IllegalArgumentException naming a photograph that is unreadable
     */
    DemoUpload next() throws IOException {
        if (untouched < photographs.size()) {
            int photograph = untouched++;
            return new DemoUpload(photographs.name(photograph), untouched(photograph));
        }
        if (inRound == 0) {
            Collections.shuffle(round, random);
        }
        Version version = round.get(inRound);
        inRound = (inRound + 1) % round.size();
        RasterImage degraded = version.degradation()
                .apply(photographs.small(version.photograph()), version.strength(), random.nextLong());
        String name = photographs.name(version.photograph()) + "+"
                + version.degradation().label() + version.strength();
        return new DemoUpload(name, JpegFile.encode(degraded, QUALITY));
    }
}
