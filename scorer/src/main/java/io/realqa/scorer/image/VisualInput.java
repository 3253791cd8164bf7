package io.realqa.scorer.image;

/**
 * One image as Qwen2-VL's vision tower takes it: {@code pixel_values} and {@code image_grid_thw = [1, rows, columns]}.
 *
 * @param gridRows patches from top to bottom
 * @param gridColumns patches from left to right
 * @param visualTokens what the language model sees of it: gridRows * gridColumns / merge²
 * @param width of the resized image, pixels
 * @param height of the resized image, pixels
 * @param frame [gridRows * gridColumns, 3 * ps * ps] flat, normalised. Rows are ordered (gridRows / merge,
 *     gridColumns / merge, merge, merge): the patches that become one visual token are neighbours. Each row is (channel,
 *     ps, ps). A still image is every frame of its patches, so one is enough
 */
@SuppressWarnings("ArrayRecordComponent") // identity is all that is needed, and a copy of megabytes is not
public record VisualInput(int gridRows, int gridColumns, int visualTokens, int width, int height, float[] frame) {

    /**
     * The patches as Qwen2-VL's processor lays them out: [gridRows * gridColumns, 3 * frames * ps * ps], each row
     * (channel, frame, ps, ps) with the same picture in every frame.
     */
    public float[] patches(int frames) {
        float[] patches = new float[Math.multiplyExact(frame.length, frames)];
        int area = frame.length / (3 * gridRows * gridColumns);
        for (int from = 0, to = 0; from < frame.length; from += area) {
            for (int copy = 0; copy < frames; copy++, to += area) {
                System.arraycopy(frame, from, patches, to, area);
            }
        }
        return patches;
    }
}
