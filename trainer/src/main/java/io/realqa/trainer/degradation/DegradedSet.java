package io.realqa.trainer.degradation;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.realqa.scorer.image.RasterImage;
import java.util.Arrays;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * Makes labelled pictures of photographs: sections, untouched or spoilt in one to three ways, each with a label made by
 * measuring. The same photographs and seed give the same pictures. Safe for any thread.
 */
public final class DegradedSet {
    private static final ObjectMapper JSON = new ObjectMapper();
    /** Share of the pictures that nothing is done to. */
    private static final double UNTOUCHED = 0.12;
    /** Shares of the spoilt ones that two ways at least, and three, are drawn for. */
    private static final double TWO_WAYS = 0.4;

    private static final double THREE_WAYS = 0.12;
    /** What is drawn, the first three and exposure more often. */
    private static final Degradation[] WAYS = {
        Degradation.BLUR,
        Degradation.BLUR,
        Degradation.NOISE,
        Degradation.NOISE,
        Degradation.JPEG,
        Degradation.JPEG,
        Degradation.EXPOSURE,
        Degradation.EXPOSURE,
        Degradation.SATURATION,
        Degradation.TILT
    };
    /** Pixels of the longer side. */
    private static final int SMALLEST = 300;

    private static final float QUALITY = 0.95f;

    private final long seed;

    /**
     * A labelled picture.
     *
     * @param file a JPEG file, owned by the caller
     * @param label a line of a label file, without the image's name
     */
    @SuppressWarnings("ArrayRecordComponent") // identity is all that is needed
    public record View(byte[] file, ObjectNode label) {}

    public DegradedSet(long seed) {
        this.seed = seed;
    }

    /** One of the pictures that a photograph gives, by its number. */
    public View view(RasterImage photograph, long number) {
        SplittableRandom random =
                new SplittableRandom(new SplittableRandom(seed ^ number * 0x9E3779B97F4A7C15L).nextLong());
        RasterImage clean = section(photograph, random);
        double[] strengths = strengths(random);
        long luck = random.nextLong();
        double ev = strengths[Degradation.EXPOSURE.ordinal()];
        boolean bright = ev > 0 && random.nextDouble() < 0.4;
        boolean vivid = random.nextDouble() < 0.5;
        RasterImage lit = clean;
        double tilt = strengths[Degradation.TILT.ordinal()];
        double degrees = 0;
        if (tilt > 0) {
            lit = Degradation.TILT.apply(lit, tilt, luck);
            degrees = 4 * tilt;
        }
        if (ev > 0) {
            // up to 2.2 stops brighter, or 3 darker
            lit = bright ? Tones.expose(lit, 0.44 * ev) : Degradation.EXPOSURE.apply(lit, ev, luck);
        }
        double color = strengths[Degradation.SATURATION.ordinal()];
        if (color > 0) {
            // up to 3.4 times the color, or none
            lit = vivid ? Tones.saturate(lit, 1 + 0.48 * color) : Degradation.SATURATION.apply(lit, color, luck);
        }
        RasterImage spoilt = lit;
        double[] damage = new double[3];
        Degradation[] order = {Degradation.BLUR, Degradation.NOISE, Degradation.JPEG};
        for (int i = 0; i < order.length; i++) {
            damage[i] = strengths[order[i].ordinal()];
            if (damage[i] > 0) {
                spoilt = order[i].apply(spoilt, damage[i], luck);
            }
        }
        MadeLabel label = MadeLabel.of(lit, spoilt, damage, degrees);
        ObjectNode json = JSON.createObjectNode();
        json.put("score", Double.parseDouble(String.format(Locale.ROOT, "%.2f", label.score())));
        json.set("attributes", JSON.valueToTree(label.attributes()));
        return new View(JpegFile.encode(spoilt, QUALITY), json);
    }

    /** How much is done in each way; 0: nothing. */
    private static double[] strengths(SplittableRandom random) {
        double[] strengths = new double[Degradation.values().length];
        Arrays.fill(strengths, 0);
        double luck = random.nextDouble();
        int ways = random.nextDouble() < UNTOUCHED ? 0 : luck < THREE_WAYS ? 3 : luck < TWO_WAYS ? 2 : 1;
        for (int i = 0; i < ways; i++) {
            Degradation way = WAYS[random.nextInt(WAYS.length)];
            strengths[way.ordinal()] = random.nextDouble(0.3, Degradation.STRENGTHS);
        }
        return strengths;
    }

    /** Half of the photograph's sides or more, mirrored or not, at a size that uploads have after the first shrink. */
    private static RasterImage section(RasterImage whole, SplittableRandom random) {
        double share = random.nextDouble(0.5, 1);
        int width = Math.max(1, (int) (whole.width() * share));
        int height = Math.max(1, (int) (whole.height() * Math.min(1, share * random.nextDouble(0.9, 1.1))));
        int left = random.nextInt(whole.width() - width + 1);
        int top = random.nextInt(whole.height() - height + 1);
        boolean mirrored = random.nextBoolean();
        return AreaShrink.toLongerSide(
                Section.of(whole, left, top, width, height, mirrored),
                random.nextInt(SMALLEST, Degradation.LONGER_SIDE + 1));
    }
}
