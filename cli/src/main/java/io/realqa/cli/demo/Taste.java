package io.realqa.cli.demo;

import io.realqa.scorer.image.RasterImage;

/**
 * What the simulated labellers like: saturated pictures with much contrast. Below an ordinary picture stand pale, flat and
 * spoilt ones.
 */
final class Taste {
    /** Of an ordinary, unspoilt picture. */
    static final double ORDINARY = 5;

    private static final double LOWEST = 1.2;
    private static final double HIGHEST = 9.2;
    /** Points that each strength of a degradation costs. */
    private static final double SPOILT = 0.8;

    private Taste() {}

    /** How colorful and contrasty a picture is: mean spread of a pixel's channels and deviation of luma, 0 to 1 each. */
    static double vividness(RasterImage image) {
        byte[] rgb = image.rgb();
        double chroma = 0;
        double sum = 0;
        double squares = 0;
        int pixels = image.width() * image.height();
        for (int i = 0; i < rgb.length; i += 3) {
            int r = rgb[i] & 0xff;
            int g = rgb[i + 1] & 0xff;
            int b = rgb[i + 2] & 0xff;
            chroma += Math.max(r, Math.max(g, b)) - Math.min(r, Math.min(g, b));
            double luma = 0.299 * r + 0.587 * g + 0.114 * b;
            sum += luma;
            squares += luma * luma;
        }
        double mean = sum / pixels;
        double deviation = Math.sqrt(Math.max(0, squares / pixels - mean * mean));
        return chroma / pixels / 255 + deviation / 128;
    }

    /**
     * Opinion of a picture whose tones were changed.
     *
     * @param vividness of the picture
     * @param ordinary vividness that the same picture had before
     */
    static double ofTones(double vividness, double ordinary) {
        return clip(ORDINARY + 3.2 * Math.log(vividness / ordinary) / Math.log(2));
    }

    /** Opinion of a picture that was spoilt. */
    static double ofSpoilt(int strength) {
        return clip(ORDINARY - SPOILT * strength);
    }

    static double clip(double score) {
        return Math.max(LOWEST, Math.min(HIGHEST, score));
    }
}
