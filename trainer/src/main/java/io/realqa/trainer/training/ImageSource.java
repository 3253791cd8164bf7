package io.realqa.trainer.training;

import io.realqa.scorer.image.ImageDecoder;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.scorer.image.ImageRejectedException;
import io.realqa.scorer.image.Preprocessing;
import io.realqa.scorer.image.VisualInput;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
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

    /** @param budget bytes of pixels to keep */
    ImageSource(Preprocessing preprocessing, long budget) {
        this.preprocessing = preprocessing;
        this.budget = budget;
    }

    /**
     * One image, prepared.
     *
     * @throws IllegalArgumentException if it cannot be decoded
     */
    VisualInput get(LabelledImage image) {
        VisualInput known = kept.get(image.sha256());
        if (known != null) {
            return known;
        }
        VisualInput input = prepare(image);
        long size = (long) input.frame().length * Float.BYTES;
        if (bytes.addAndGet(size) <= budget) {
            kept.put(image.sha256(), input);
        } else {
            bytes.addAndGet(-size);
        }
        return input;
    }

    private VisualInput prepare(LabelledImage image) {
        try {
            return preprocessing.apply(decoder.decode(Files.readAllBytes(image.file())));
        } catch (ImageRejectedException e) {
            throw new IllegalArgumentException(image.file() + ": " + e.reason() + ": " + e.getMessage(), e);
        } catch (IOException e) {
            throw new UncheckedIOException(image.file() + ": " + e, e);
        }
    }
}
