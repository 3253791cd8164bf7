package io.realqa.trainer.degradation;

import io.realqa.scorer.image.RasterImage;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A label made by measuring a picture whose damage is known, in the words of the demonstration's profile: nobody looked at
 * it. Clarity comes from the strengths of the damage, exposure and saturation from the spoilt picture, all else from the
 * picture before, by where its most conspicuous part lies.
 *
 * @param score 1 to 9.4: 1 + 8.4 (.52 clarity + .15 exposure + .09 saturation + .10 composition / 9 + .14 eye-catching / 9)
 * @param attributes all nine
 */
record MadeLabel(double score, Map<String, String> attributes) {
    private static final String[] CLARITY = {"poor", "fair", "average", "good", "excellent"};
    private static final double[] CLARITY_FROM = {0.2, 0.4, 0.62, 0.86};
    private static final String[] EXPOSURE = {
        "severely underexposed", "underexposed", "properly exposed", "overexposed", "severely overexposed"
    };
    private static final double[] EXPOSURE_FROM = {0.1, 0.22, 0.68, 0.82};
    private static final String[] SATURATION = {"very low", "low", "normal", "high", "very high"};
    private static final double[] SATURATION_FROM = {0.04, 0.12, 0.36, 0.5};
    /** Mean luma and chroma of an ordinary picture. */
    private static final double ORDINARY_LUMA = 0.45;

    private static final double LEAST_CHROMA = 0.14;
    private static final double MOST_CHROMA = 0.4;
    private static final double TILTED_FROM = 3;

    /**
     * Measures.
     *
     * @param before the picture without noise, blur and compression
     * @param spoilt the same spoilt
     * @param damage strengths of blur, noise and compression, 0 to {@link Degradation#STRENGTHS}
     * @param degrees by which it is tilted
     */
    static MadeLabel of(RasterImage before, RasterImage spoilt, double[] damage, double degrees) {
        double worst = 0;
        double sum = 0;
        for (double strength : damage) {
            worst = Math.max(worst, strength / Degradation.STRENGTHS);
            sum += strength / Degradation.STRENGTHS;
        }
        double clarity = Math.max(0, 1 - worst - 0.25 * (sum - worst));
        Tone tone = Tone.of(spoilt);
        double exposure = Math.max(0, 1 - 2 * Math.abs(tone.luma() - ORDINARY_LUMA) - tone.clipped());
        double saturation = tone.chroma() < LEAST_CHROMA
                ? tone.chroma() / LEAST_CHROMA
                : Math.max(0, 1 - Math.max(0, tone.chroma() - MOST_CHROMA) / MOST_CHROMA);
        Subject subject = Subject.of(before);
        boolean tilted = Math.abs(degrees) >= TILTED_FROM;
        int composition = ninth(subject.placement() - subject.cut() - (tilted ? 0.2 : 0));
        int eyeCatching = ninth(2 * subject.contrast());
        double score = 1
                + 8.4
                        * (0.52 * clarity
                                + 0.15 * exposure
                                + 0.09 * saturation
                                + 0.1 * composition / 9
                                + 0.14 * eyeCatching / 9);
        Map<String, String> attributes = new LinkedHashMap<>();
        attributes.put("composition", Integer.toString(composition));
        attributes.put("eye-catching", Integer.toString(eyeCatching));
        attributes.put(
                "subject-integrity",
                subject.cut() < 0.12 ? "complete" : subject.cut() < 0.35 ? "partially complete" : "incomplete");
        attributes.put("subject-clutter", subject.clutter() < 0.055 ? "uncluttered" : "cluttered");
        attributes.put("background-clutter", subject.backgroundClutter() < 0.04 ? "uncluttered" : "cluttered");
        attributes.put("level-shot", tilted ? "tilted" : "level");
        attributes.put("image-clarity", CLARITY[step(clarity, CLARITY_FROM)]);
        attributes.put("exposure", EXPOSURE[step(tone.luma(), EXPOSURE_FROM)]);
        attributes.put("saturation", SATURATION[step(tone.chroma(), SATURATION_FROM)]);
        return new MadeLabel(score, attributes);
    }

    /** A number from 0 to 1 as one from 1 to 9. */
    private static int ninth(double value) {
        return 1 + (int) Math.round(8 * Math.max(0, Math.min(1, value)));
    }

    private static int step(double value, double[] from) {
        int step = 0;
        while (step < from.length && value >= from[step]) {
            step++;
        }
        return step;
    }

    /**
     * @param luma mean, 0 to 1
     * @param clipped share of the pixels that are black or white
     * @param chroma mean spread of a pixel's channels, 0 to 1
     */
    private record Tone(double luma, double clipped, double chroma) {
        static Tone of(RasterImage image) {
            byte[] rgb = image.rgb();
            double luma = 0;
            double chroma = 0;
            int clipped = 0;
            for (int i = 0; i < rgb.length; i += 3) {
                double l = Subject.luma(rgb, i);
                luma += l;
                clipped += l < 4 / 255.0 || l > 251 / 255.0 ? 1 : 0;
                int r = rgb[i] & 0xff;
                int g = rgb[i + 1] & 0xff;
                int b = rgb[i + 2] & 0xff;
                chroma += (Math.max(r, Math.max(g, b)) - Math.min(r, Math.min(g, b))) / 255.0;
            }
            int pixels = rgb.length / 3;
            return new Tone(luma / pixels, (double) clipped / pixels, chroma / pixels);
        }
    }
}
