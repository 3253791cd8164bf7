package io.realqa.scorer.image;

import io.realqa.scorer.image.ImageRejectedException.Reason;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * How an image becomes visual tokens: Qwen2VLImageProcessor's settings and arithmetic (its Pillow path), and the
 * switch for the shrink of RealQA's released training code. Immutable.
 *
 * @param patchSize side of a patch, pixels
 * @param temporalPatchSize frames of a patch; a still image stands that often
 * @param mergeSize side of a visual token, patches
 * @param minPixels the resized image has at least about this area
 * @param maxPixels and at most this area
 * @param mean of red, green and blue, after rescaling
 * @param std of red, green and blue, after rescaling
 * @param rescaleFactor from 0..255 to the scale of mean and std
 * @param nearestShrink whether images over 512x512 of area first lose pixels, as in the released training
 */
public record Preprocessing(
        int patchSize,
        int temporalPatchSize,
        int mergeSize,
        long minPixels,
        long maxPixels,
        List<Double> mean,
        List<Double> std,
        double rescaleFactor,
        boolean nearestShrink) {
    /** The longer over the shorter side; the reference refuses images beyond. */
    private static final double MAX_RATIO = 200;

    /**
     * A resized image's size.
     *
     * @param width pixels, a multiple of patchSize * mergeSize
     * @param height pixels, a multiple of patchSize * mergeSize
     */
    public record Size(int width, int height) {}

    public Preprocessing {
        mean = List.copyOf(mean);
        std = List.copyOf(std);
        require(patchSize >= 1 && patchSize <= 64, "patchSize", patchSize, "1 to 64");
        require(temporalPatchSize >= 1 && temporalPatchSize <= 8, "temporalPatchSize", temporalPatchSize, "1 to 8");
        require(mergeSize >= 1 && mergeSize <= 8, "mergeSize", mergeSize, "1 to 8");
        require(minPixels >= 1, "minPixels", minPixels, "at least 1");
        // One Java array holds every float of the image.
        long most = Integer.MAX_VALUE / (3L * temporalPatchSize);
        require(maxPixels >= minPixels && maxPixels <= most, "maxPixels", maxPixels, minPixels + " to " + most);
        require(mean.size() == 3 && mean.stream().allMatch(Double::isFinite), "mean", mean, "3 finite numbers");
        require(
                std.size() == 3 && std.stream().allMatch(s -> Double.isFinite(s) && s > 0),
                "std",
                std,
                "3 numbers over 0");
        require(Double.isFinite(rescaleFactor) && rescaleFactor > 0, "rescaleFactor", rescaleFactor, "a number over 0");
    }

    private static void require(boolean holds, String name, Object value, String expected) {
        if (!holds) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: " + expected + ")");
        }
    }

    /**
     * Reads a checkpoint's preprocessor_config.json; absent settings have Qwen2VLImageProcessor's defaults.
     *
     * @throws IllegalArgumentException where it is no JSON object, a value is out of range, or a step is switched
     *     off or set to a method that is not offered here
     */
    public static Preprocessing parse(String preprocessorConfigJson) {
        return PreprocessorConfig.parse(preprocessorConfigJson);
    }

    public Preprocessing withNearestShrink(boolean shrink) {
        return new Preprocessing(
                patchSize, temporalPatchSize, mergeSize, minPixels, maxPixels, mean, std, rescaleFactor, shrink);
    }

    public Preprocessing withPixels(long min, long max) {
        return new Preprocessing(
                patchSize, temporalPatchSize, mergeSize, min, max, mean, std, rescaleFactor, nearestShrink);
    }

    /** How bytes become numbers. */
    public Normalisation normalisation() {
        return new Normalisation(mean, std, rescaleFactor);
    }

    /** "sha256:" and the hex digest of every setting: equal digests, equal visual input for equal pixels. */
    public String digest() {
        String canonical = "preprocessing 1\npatch_size=" + patchSize
                + "\ntemporal_patch_size=" + temporalPatchSize
                + "\nmerge_size=" + mergeSize
                + "\nmin_pixels=" + minPixels
                + "\nmax_pixels=" + maxPixels
                + "\nimage_mean=" + mean
                + "\nimage_std=" + std
                + "\nrescale_factor=" + rescaleFactor
                + "\nnearest_shrink=" + nearestShrink
                + "\n";
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(canonical.getBytes(StandardCharsets.UTF_8));
            return "sha256:" + HexFormat.of().formatHex(hash);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /**
     * The size that an image is resized to: {@code smart_resize} of transformers, which rounds halves to even.
     *
     * @throws ImageRejectedException TOO_NARROW for one side over 200 times the other
     */
    public Size resizedTo(int width, int height) throws ImageRejectedException {
        if (width < 1 || height < 1) {
            throw new IllegalArgumentException("image size: " + width + "x" + height + " (expected: at least 1x1)");
        }
        double ratio = (double) Math.max(width, height) / Math.min(width, height);
        if (ratio > MAX_RATIO) {
            throw new ImageRejectedException(
                    Reason.TOO_NARROW,
                    "image size: " + width + "x" + height + " (expected: no side over " + (int) MAX_RATIO
                            + " times the other)");
        }
        int factor = patchSize * mergeSize;
        double area = (double) height * width;
        long rows = (long) Math.rint((double) height / factor);
        long columns = (long) Math.rint((double) width / factor);
        if (rows * factor * columns * factor > maxPixels) {
            double beta = Math.sqrt(area / maxPixels);
            rows = Math.max(1, (long) Math.floor(height / beta / factor));
            columns = Math.max(1, (long) Math.floor(width / beta / factor));
        } else if (rows * factor * columns * factor < minPixels) {
            double beta = Math.sqrt(minPixels / area);
            rows = (long) Math.ceil(height * beta / factor);
            columns = (long) Math.ceil(width * beta / factor);
        }
        return new Size(Math.toIntExact(columns * factor), Math.toIntExact(rows * factor));
    }

    /**
     * Shrinks (where switched on), resizes and cuts into patches.
     *
     * @throws ImageRejectedException TOO_NARROW, by the size after the shrink
     */
    public VisualInput apply(RasterImage image) throws ImageRejectedException {
        RasterImage source = nearestShrink ? NearestShrink.apply(image) : image;
        return Patches.of(source, resizedTo(source.width(), source.height()), this);
    }
}
