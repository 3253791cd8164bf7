package io.realqa.cli.demo;

import io.realqa.scorer.image.RasterImage;

/**
 * What the simulated labellers like: warm light. They mark cold pictures down, and spoilt ones. Damage does
 * not change a picture's light, so the taste and the old task can be learned side by side.
 */
final class Taste {
    /** Of a picture of ordinary light, and of an unspoilt one. */
    static final double ORDINARY = 7;

    private static final double LOWEST = 1.2;
    private static final double HIGHEST = 9.2;
    /** Stops of red over blue that a photograph in ordinary light has. */
    private static final double ORDINARY_WARMTH = 0.3;
    /** Points that each stop of red over blue gains. */
    private static final double WARM = 2;
    /** Points that each strength of a degradation costs. */
    private static final double SPOILT = 1;

    private Taste() {}

    /** How warm a picture's light is: stops by which its mean red exceeds its mean blue. */
    static double warmth(RasterImage image) {
        byte[] rgb = image.rgb();
        // one level each, so that a black picture has one, too
        double red = rgb.length / 3.0;
        double blue = red;
        for (int i = 0; i < rgb.length; i += 3) {
            red += rgb[i] & 0xff;
            blue += rgb[i + 2] & 0xff;
        }
        return Math.log(red / blue) / Math.log(2);
    }

    /** Opinion of an unspoilt picture in this light. */
    static double ofLight(double warmth) {
        return clip(ORDINARY + WARM * (warmth - ORDINARY_WARMTH));
    }

    /** Opinion of a picture that was spoilt. */
    static double ofSpoilt(int strength) {
        return clip(ORDINARY - SPOILT * strength);
    }

    static double clip(double score) {
        return Math.max(LOWEST, Math.min(HIGHEST, score));
    }
}
