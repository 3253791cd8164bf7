package io.realqa.scorer.image;

import java.util.List;

/**
 * How bytes become the numbers that the vision tower takes: (rescaleFactor * byte - mean) / std, each channel with its own.
 *
 * @param mean of red, green and blue, after rescaling
 * @param std of red, green and blue, after rescaling
 * @param rescaleFactor from 0..255 to the scale of mean and std
 */
public record Normalisation(List<Double> mean, List<Double> std, double rescaleFactor) {
    private static final int LEVELS = 256;

    public Normalisation {
        mean = List.copyOf(mean);
        std = List.copyOf(std);
    }

    /** What a byte of a channel is multiplied by, before {@link #shift}. */
    public float scale(int channel) {
        return (float) (rescaleFactor / std.get(channel));
    }

    /** What is added to a byte of a channel times its {@link #scale}. */
    public float shift(int channel) {
        return (float) (-mean.get(channel) / std.get(channel));
    }

    /** [3, 256]: rescaled in double and rounded, then float32 arithmetic, as Qwen2VLImageProcessor computes it. */
    float[][] tables() {
        float[][] tables = new float[3][LEVELS];
        for (int channel = 0; channel < tables.length; channel++) {
            float m = mean.get(channel).floatValue();
            float s = std.get(channel).floatValue();
            for (int i = 0; i < LEVELS; i++) {
                float rescaled = (float) (i * rescaleFactor);
                tables[channel][i] = (rescaled - m) / s;
            }
        }
        return tables;
    }
}
