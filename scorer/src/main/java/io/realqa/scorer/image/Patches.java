package io.realqa.scorer.image;

/** Bytes to normalised floats in the vision tower's order. */
final class Patches {
    private static final int LEVELS = 256;

    private Patches() {}

    /** The patches of an image whose sides are multiples of patchSize * mergeSize. */
    static VisualInput of(RasterImage image, Preprocessing settings) {
        int patch = settings.patchSize();
        int merge = settings.mergeSize();
        int gridRows = image.height() / patch;
        int gridColumns = image.width() / patch;
        float[][] tables = tables(settings);
        float[] frame = new float[Math.multiplyExact(gridRows * gridColumns, 3 * patch * patch)];
        byte[] rgb = image.rgb();
        int out = 0;
        for (int blockRow = 0; blockRow < gridRows; blockRow += merge) {
            for (int blockColumn = 0; blockColumn < gridColumns; blockColumn += merge) {
                for (int inBlock = 0; inBlock < merge * merge; inBlock++) {
                    int top = (blockRow + inBlock / merge) * patch;
                    int left = (blockColumn + inBlock % merge) * patch;
                    for (int channel = 0; channel < 3; channel++) {
                        float[] table = tables[channel];
                        for (int y = 0; y < patch; y++) {
                            int in = 3 * ((top + y) * image.width() + left) + channel;
                            for (int x = 0; x < patch; x++, in += 3) {
                                frame[out++] = table[rgb[in] & 0xff];
                            }
                        }
                    }
                }
            }
        }
        int tokens = gridRows * gridColumns / (merge * merge);
        return new VisualInput(gridRows, gridColumns, tokens, image.width(), image.height(), frame);
    }

    /** [3, 256]: rescaled in double and rounded, then float32 arithmetic, as the reference computes it. */
    private static float[][] tables(Preprocessing settings) {
        float[][] tables = new float[3][LEVELS];
        for (int channel = 0; channel < tables.length; channel++) {
            float mean = settings.mean().get(channel).floatValue();
            float std = settings.std().get(channel).floatValue();
            for (int i = 0; i < LEVELS; i++) {
                float rescaled = (float) (i * settings.rescaleFactor());
                tables[channel][i] = (rescaled - mean) / std;
            }
        }
        return tables;
    }
}
