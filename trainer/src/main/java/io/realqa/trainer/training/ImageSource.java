package io.realqa.trainer.training;

import io.realqa.scorer.image.ImageDecoder;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.scorer.image.ImageRejectedException;
import io.realqa.scorer.image.NearestShrink;
import io.realqa.scorer.image.Preprocessing;
import io.realqa.scorer.image.VisualInput;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Prepared images: decoded, resized, cut into patches. Keeps what fits in its budget, since every epoch needs the same;
 * the rest is prepared anew. Thread-safe.
 */
final class ImageSource {
    private final Preprocessing preprocessing;
    private final long budget;
    private final ImageDecoder decoder = new ImageDecoder(ImageLimits.DEFAULTS);
    private final Map<String, VisualInput> kept = new ConcurrentHashMap<>();
    private final AtomicLong bytes = new AtomicLong();
    private final long mostPixels;

    /** @param budget bytes of pixels to keep */
    ImageSource(Preprocessing preprocessing, long budget) {
        this(preprocessing, budget, Long.MAX_VALUE);
    }

    /** @param mostPixels larger images are first shrunk to this area, as LLaMA-Factory does it */
    ImageSource(Preprocessing preprocessing, long budget, long mostPixels) {
        this.preprocessing = preprocessing;
        this.budget = budget;
        this.mostPixels = mostPixels;
    }

    /**
     * One image, prepared.
     *
     * @throws IllegalArgumentException if it cannot be decoded
     */
    VisualInput get(LabelledImage image) {
        return get(image.sha256(), image.file());
    }

    /** The same for an image that its path tells from others. */
    VisualInput get(Path file) {
        return get(file.toString(), file);
    }

    private VisualInput get(String key, Path file) {
        VisualInput known = kept.get(key);
        if (known != null) {
            return known;
        }
        VisualInput input = prepare(file);
        long size = input.pixels().length;
        if (bytes.addAndGet(size) <= budget) {
            kept.put(key, input);
        } else {
            bytes.addAndGet(-size);
        }
        return input;
    }

    private VisualInput prepare(Path file) {
        try {
            return preprocessing.apply(NearestShrink.apply(decoder.decode(Files.readAllBytes(file)), mostPixels));
        } catch (ImageRejectedException e) {
            throw new IllegalArgumentException(file + ": " + e.reason() + ": " + e.getMessage(), e);
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": " + e, e);
        }
    }
}
