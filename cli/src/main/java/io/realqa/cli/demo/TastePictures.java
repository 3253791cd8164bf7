package io.realqa.cli.demo;

import io.realqa.scorer.image.RasterImage;
import io.realqa.trainer.degradation.AreaShrink;
import io.realqa.trainer.degradation.Degradation;
import io.realqa.trainer.degradation.JpegFile;
import io.realqa.trainer.degradation.Section;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Pictures for the simulated labellers: sections of photographs in other light, and spoilt ones. The same photographs and
 * seed give the same pictures. For one thread.
 */
final class TastePictures {
    /** What was done to a picture. */
    enum Kind {
        /** Its light is made warmer or colder: what the labellers of the demonstration care for. */
        LIGHT,
        /** It is blurred, noisy, compressed or dark: what the checkpoint was trained for. */
        SPOILT
    }

    /** A strip of a photograph, by shares of its width. The two share no pixel. */
    enum Part {
        LEARNING(0, 0.6),
        TESTING(0.6, 1);

        private final double from;
        private final double to;

        Part(double from, double to) {
            this.from = from;
            this.to = to;
        }
    }

    /**
     * A picture.
     *
     * @param file an image file, owned by whoever holds the picture
     * @param opinion that labellers have of it, on the profile's scale
     * @param series which of the test's series it belongs to; -1: none
     */
    @SuppressWarnings("ArrayRecordComponent") // identity is all that is needed
    record Picture(byte[] file, Kind kind, double opinion, int series) {}

    private static final double LIGHT_SHARE = 0.5;
    /** Stops by which red rises and blue falls, or the other way round. */
    private static final double MOST_STOPS = 0.6;

    /** Pixels; small pictures are few visual tokens. */
    private static final int LONGER_SIDE = 300;

    private static final float QUALITY = 0.92f;

    private final Photographs photographs;
    private final Part part;
    private final Random random;

    /** @param part of each photograph that sections are cut from */
    TastePictures(Photographs photographs, Part part, long seed) {
        this.photographs = photographs;
        this.part = part;
        this.random = new Random(seed);
    }

    /** One to label. */
    Picture next() throws IOException {
        RasterImage section = section();
        if (random.nextDouble() < LIGHT_SHARE) {
            return lit(section);
        }
        int strength = 1 + random.nextInt(Degradation.STRENGTHS);
        Degradation kind = Degradation.UNDISPUTED.get(random.nextInt(Degradation.UNDISPUTED.size()));
        return spoilt(section, kind, strength, random.nextLong(), -1);
    }

    /**
     * Those to test with.
     *
     * @param lit pictures in other light
     * @param series sections that are each shown untouched and in all strengths of one kind of damage
     */
    List<Picture> test(int lit, int series) throws IOException {
        List<Picture> all = new ArrayList<>();
        for (int i = 0; i < lit; i++) {
            all.add(lit(section()));
        }
        for (int i = 0; i < series; i++) {
            RasterImage section = section();
            long seed = random.nextLong();
            for (int strength = 0; strength <= Degradation.STRENGTHS; strength++) {
                all.add(spoilt(
                        section, Degradation.UNDISPUTED.get(i % Degradation.UNDISPUTED.size()), strength, seed, i));
            }
        }
        return all;
    }

    private Picture lit(RasterImage section) {
        RasterImage lit = light(section, MOST_STOPS * (2 * random.nextDouble() - 1));
        return new Picture(JpegFile.encode(lit, QUALITY), Kind.LIGHT, Taste.ofLight(Taste.warmth(lit)), -1);
    }

    private static Picture spoilt(RasterImage section, Degradation kind, int strength, long seed, int series) {
        RasterImage shown = strength == 0 ? section : kind.apply(section, strength, seed);
        return new Picture(JpegFile.encode(shown, QUALITY), Kind.SPOILT, Taste.ofSpoilt(strength), series);
    }

    /** A random section of a photograph's part, mirrored or not. */
    private RasterImage section() throws IOException {
        RasterImage whole = photographs.small(random.nextInt(photographs.size()));
        int from = (int) (part.from * whole.width());
        int strip = Math.max(1, (int) (part.to * whole.width()) - from);
        int width = Math.max(1, (int) (strip * (0.5 + 0.45 * random.nextDouble())));
        int height = Math.max(1, (int) (whole.height() * (0.5 + 0.45 * random.nextDouble())));
        int left = from + random.nextInt(strip - width + 1);
        int top = random.nextInt(whole.height() - height + 1);
        boolean mirrored = random.nextBoolean();
        return AreaShrink.toLongerSide(Section.of(whole, left, top, width, height, mirrored), LONGER_SIDE);
    }

    /** Lets in 2^stops times the red and 2^-stops times the blue. */
    private static RasterImage light(RasterImage image, double stops) {
        double[] gains = {Math.pow(2, stops), 1, Math.pow(2, -stops)};
        byte[] in = image.rgb();
        byte[] out = new byte[in.length];
        for (int i = 0; i < in.length; i++) {
            out[i] = (byte) Math.min(255, Math.round(gains[i % 3] * (in[i] & 0xff)));
        }
        return new RasterImage(image.width(), image.height(), out);
    }
}
