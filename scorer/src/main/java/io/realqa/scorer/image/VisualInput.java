package io.realqa.scorer.image;

/**
 * One image as Qwen2-VL's vision tower takes it: {@code pixel_values}, as bytes and what makes numbers of them, and
 * {@code image_grid_thw = [1, rows, columns]}.
 *
 * @param gridRows patches from top to bottom
 * @param gridColumns patches from left to right
 * @param visualTokens what the language model sees of it: gridRows * gridColumns / merge²
 * @param width of the resized image, pixels
 * @param height of the resized image, pixels
 * @param pixels [gridRows * gridColumns, 3 * ps * ps] flat, 0..255. Rows are ordered (gridRows / merge,
 *     gridColumns / merge, merge, merge): the patches that become one visual token are neighbours. Each row is (channel,
 *     ps, ps). A still image is every frame of its patches, so one is enough
 * @param normalisation of the checkpoint that it was prepared for
 */
@SuppressWarnings("ArrayRecordComponent") // identity is all that is needed, and a copy of megabytes is not
public record VisualInput(
        int gridRows,
        int gridColumns,
        int visualTokens,
        int width,
        int height,
        byte[] pixels,
        Normalisation normalisation) {

    /**
     * The patches as Qwen2-VL's processor lays them out, bit for bit: [gridRows * gridColumns, 3 * frames * ps * ps],
     * normalised, each row (channel, frame, ps, ps) with the same picture in every frame.
     */
    public float[] patches(int frames) {
        float[] patches = new float[Math.multiplyExact(pixels.length, frames)];
        float[][] tables = normalisation.tables();
        int area = pixels.length / (3 * gridRows * gridColumns);
        int channel = 0;
        for (int from = 0, to = 0; from < pixels.length; from += area, channel = (channel + 1) % 3) {
            for (int copy = 0; copy < frames; copy++) {
                for (int i = 0; i < area; i++) {
                    patches[to++] = tables[channel][pixels[from + i] & 0xff];
                }
            }
        }
        return patches;
    }
}
