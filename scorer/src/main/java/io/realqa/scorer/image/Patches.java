package io.realqa.scorer.image;

import io.realqa.scorer.image.Preprocessing.Size;

/** Pixels in the vision tower's order. */
final class Patches {
    private Patches() {}

    /**
     * An image at another size, in patches.
     *
     * @param size multiples of patchSize * mergeSize
     */
    static VisualInput of(RasterImage image, Size size, Preprocessing settings) {
        int patch = settings.patchSize();
        int merge = settings.mergeSize();
        int gridRows = size.height() / patch;
        int gridColumns = size.width() / patch;
        int area = patch * patch;
        byte[] pixels = new byte[Math.multiplyExact(gridRows * gridColumns, 3 * area)];
        BicubicResampler.resize(image, size.width(), size.height(), (y, levels) -> {
            int gridRow = y / patch;
            // the patches of a visual token are neighbours: merge rows of merge
            int first = (gridRow / merge * gridColumns + gridRow % merge) * merge;
            int inPatch = y % patch * patch;
            for (int column = 0; column < gridColumns; column++) {
                int place = first + column / merge * merge * merge + column % merge;
                for (int channel = 0; channel < 3; channel++) {
                    int to = (3 * place + channel) * area + inPatch;
                    int from = channel * size.width() + column * patch;
                    for (int x = 0; x < patch; x++) {
                        pixels[to + x] = (byte) levels[from + x];
                    }
                }
            }
        });
        int tokens = gridRows * gridColumns / (merge * merge);
        return new VisualInput(
                gridRows, gridColumns, tokens, size.width(), size.height(), pixels, settings.normalisation());
    }
}
