package io.realqa.cli.demo;

import io.realqa.scorer.image.RasterImage;
import io.realqa.trainer.degradation.AreaShrink;
import io.realqa.trainer.degradation.Degradation;
import io.realqa.trainer.degradation.JpegFile;
import io.realqa.trainer.degradation.Tones;
import java.io.IOException;
import java.util.List;
import java.util.Random;

/**
 * Pictures for the simulated labellers: sections of photographs with other tones, and spoilt ones. The same photographs and
 * seed give the same pictures. For one thread.
 */
final class TastePictures {
    /** What was done to a picture. */
    enum Kind {
        /** Saturation and contrast are changed: what the labellers of the demonstration care for. */
        TONES,
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
            List.of(Degradation.BLUR, Degradation.NOISE, Degradation.JPEG, Degradation.EXPOSURE);
    private static final double TONES_SHARE = 0.6;
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
        if (random.nextDouble() < TONES_SHARE) {
            // twice or half as much of each, evenly on a scale of ratios
            double saturation = Math.pow(2, 3 * random.nextDouble() - 1.7);
            double contrast = Math.pow(2, 1.8 * random.nextDouble() - 1);
            RasterImage toned = contrast(Tones.saturate(section, saturation), contrast);
            double opinion = Taste.ofTones(Taste.vividness(toned), Taste.vividness(section));
            return new Picture(JpegFile.encode(toned, QUALITY), Kind.TONES, opinion);
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

    /** Stretches all samples about the picture's mean luma. */
    private static RasterImage contrast(RasterImage image, double factor) {
        byte[] in = image.rgb();
        double sum = 0;
        for (int i = 0; i < in.length; i += 3) {
            sum += 0.299 * (in[i] & 0xff) + 0.587 * (in[i + 1] & 0xff) + 0.114 * (in[i + 2] & 0xff);
        }
        double mean = sum / (in.length / 3.0);
        byte[] out = new byte[in.length];
        for (int i = 0; i < in.length; i++) {
            double value = mean + factor * ((in[i] & 0xff) - mean);
            out[i] = (byte) Math.max(0, Math.min(255, Math.round(value)));
        }
        return new RasterImage(image.width(), image.height(), out);
    }
}
