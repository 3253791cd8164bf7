package io.realqa.scorer.image;

import io.realqa.scorer.image.ImageRejectedException.Reason;

/**
 * The shrink that RealQA's released training code makes before Qwen2-VL's processor sees an image: to an area of
 * 512x512 by dropping pixels. Only for reproducing released numbers; it aliases.
 */
public final class NearestShrink {
    /** The released code's area, pixels. */
    public static final long AREA = 512 * 512;

    private NearestShrink() {}

    /** Pillow's {@code resize((int(w * s), int(h * s)), NEAREST)} with s = sqrt(512² / (w·h)); itself if smaller. */
    static RasterImage apply(RasterImage image) throws ImageRejectedException {
        return apply(image, AREA);
    }

    /**
     * The same for any area: LLaMA-Factory's image_resolution.
     *
     * @param most pixels that an image may have, and is shrunk to
     * @throws ImageRejectedException TOO_NARROW if no pixel would be left of a side
     */
    public static RasterImage apply(RasterImage image, long most) throws ImageRejectedException {
        double area = (double) image.width() * image.height();
        if (area <= most) {
            return image;
        }
        double scale = Math.sqrt(most / area);
        int width = (int) (image.width() * scale);
        int height = (int) (image.height() * scale);
        if (width < 1 || height < 1) {
            throw new ImageRejectedException(
                    Reason.TOO_NARROW,
                    "image size: " + image.width() + "x" + image.height() + " (expected: at least one pixel a side"
                            + " after shrinking to an area of " + most + " pixels)");
        }
        int[] columns = positions(image.width(), width);
        int[] rows = positions(image.height(), height);
        byte[] in = image.rgb();
        byte[] out = new byte[3 * width * height];
        int at = 0;
        for (int row : rows) {
            int base = 3 * image.width() * row;
            for (int column : columns) {
                int from = base + 3 * column;
                out[at++] = in[from];
                out[at++] = in[from + 1];
                out[at++] = in[from + 2];
            }
        }
        return new RasterImage(width, height, out);
    }

    /** Pillow adds the step up instead of multiplying; its rounding errors decide some pixels. */
    private static int[] positions(int in, int out) {
        double step = (double) in / out;
        double position = step * 0.5;
        int[] positions = new int[out];
        for (int i = 0; i < out; i++) {
            positions[i] = Math.min(in - 1, (int) position);
            position += step;
        }
        return positions;
    }
}
