package io.realqa.scorer.image;

/**
 * One image as Qwen2-VL's vision tower takes it: {@code pixel_values} and {@code image_grid_thw = [1, rows, columns]}.
 *
 * @param gridRows patches from top to bottom
 * @param gridColumns patches from left to right
 * @param visualTokens what the language model sees of it: gridRows * gridColumns / merge²
 * @param width of the resized image, pixels
 * @param height of the resized image, pixels
 * @param patches [gridRows * gridColumns, 3 * T * ps * ps] flat, normalised. Rows are ordered (gridRows / merge,
 *     gridColumns / merge, merge, merge): the patches that become one visual token are neighbours. Each row is
 *     (channel, T, ps, ps), a still image standing T times
 */
@SuppressWarnings("ArrayRecordComponent") // identity is all that is needed, and a copy of megabytes is not
public record VisualInput(int gridRows, int gridColumns, int visualTokens, int width, int height, float[] patches) {}
