package io.realqa.scorer.image;

/** Pixels in the vision tower's order. */
final class Patches {
    private Patches() {}

    /** The patches of an image whose sides are multiples of patchSize * mergeSize. */
    static VisualInput of(RasterImage image, Preprocessing settings) {
        int patch = settings.patchSize();
        int merge = settings.mergeSize();
        int gridRows = image.height() / patch;
        int gridColumns = image.width() / patch;
        byte[] pixels = new byte[Math.multiplyExact(gridRows * gridColumns, 3 * patch * patch)];
        byte[] rgb = image.rgb();
        int out = 0;
        for (int blockRow = 0; blockRow < gridRows; blockRow += merge) {
            for (int blockColumn = 0; blockColumn < gridColumns; blockColumn += merge) {
                for (int inBlock = 0; inBlock < merge * merge; inBlock++) {
                    int top = (blockRow + inBlock / merge) * patch;
                    int left = (blockColumn + inBlock % merge) * patch;
                    for (int channel = 0; channel < 3; channel++) {
                        for (int y = 0; y < patch; y++) {
                            int in = 3 * ((top + y) * image.width() + left) + channel;
                            for (int x = 0; x < patch; x++, in += 3) {
                                pixels[out++] = rgb[in];
                            }
                        }
                    }
                }
            }
        }
        int tokens = gridRows * gridColumns / (merge * merge);
        return new VisualInput(
                gridRows, gridColumns, tokens, image.width(), image.height(), pixels, settings.normalisation());
    }
}
