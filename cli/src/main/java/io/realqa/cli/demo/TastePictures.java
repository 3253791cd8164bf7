package io.realqa.cli.demo;

import io.realqa.scorer.image.RasterImage;
import io.realqa.trainer.degradation.AreaShrink;
import io.realqa.trainer.degradation.Degradation;
import io.realqa.trainer.degradation.JpegFile;
import java.io.IOException;
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

    /**
     * A picture.
     *
     * @param file an image file, owned by whoever holds the picture
     * @param opinion that labellers have of it, on the profile's scale
     */
    @SuppressWarnings("ArrayRecordComponent") // identity is all that is needed
    record Picture(byte[] file, Kind kind, double opinion) {}

    private static final List<Degradation> SPOILERS =
            List.of(Degradation.BLUR, Degradation.NOISE, Degradation.JPEG, Degradation.JPEG, Degradation.EXPOSURE);
    private static final double LIGHT_SHARE = 0.35;
    /** Stops by which red rises and blue falls, or the other way round. */
    private static final double MOST_STOPS = 0.6;

    /** Pixels; small pictures are few visual tokens. */
    private static final int LONGER_SIDE = 300;

    private static final float QUALITY = 0.92f;

    private final Photographs photographs;
    private final List<Integer> from;
    private final Random random;

    /** @param from indices of the photographs to take */
    TastePictures(Photographs photographs, List<Integer> from, long seed) {
        this.photographs = photographs;
        this.from = List.copyOf(from);
        this.random = new Random(seed);
    }

    Picture next() throws IOException {
        RasterImage section = section(photographs.small(from.get(random.nextInt(from.size()))));
        if (random.nextDouble() < LIGHT_SHARE) {
            RasterImage lit = light(section, MOST_STOPS * (2 * random.nextDouble() - 1));
            return new Picture(JpegFile.encode(lit, QUALITY), Kind.LIGHT, Taste.ofLight(Taste.warmth(lit)));
        }
        int strength = 1 + random.nextInt(Degradation.STRENGTHS);
        RasterImage spoilt = SPOILERS.get(random.nextInt(SPOILERS.size())).apply(section, strength, random.nextLong());
        return new Picture(JpegFile.encode(spoilt, QUALITY), Kind.SPOILT, Taste.ofSpoilt(strength));
    }

    /** A random part of a photograph, mirrored or not. */
    private RasterImage section(RasterImage whole) {
        int width = Math.max(1, (int) (whole.width() * (0.5 + 0.45 * random.nextDouble())));
        int height = Math.max(1, (int) (whole.height() * (0.5 + 0.45 * random.nextDouble())));
        int left = random.nextInt(whole.width() - width + 1);
        int top = random.nextInt(whole.height() - height + 1);
        boolean mirrored = random.nextBoolean();
        byte[] rgb = new byte[3 * width * height];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int at = 3 * ((top + y) * whole.width() + left + (mirrored ? width - 1 - x : x));
                System.arraycopy(whole.rgb(), at, rgb, 3 * (y * width + x), 3);
            }
        }
        return AreaShrink.toLongerSide(new RasterImage(width, height, rgb), LONGER_SIDE);
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
