package io.realqa.streams.scoring;

import io.realqa.scorer.Adapter;
import io.realqa.scorer.Score;
import io.realqa.scorer.Scorer;
import io.realqa.scorer.image.ImageDecoder;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.scorer.image.ImageRejectedException;
import io.realqa.scorer.image.Preprocessing;
import io.realqa.scorer.image.VisualInput;
import io.realqa.scorer.video.VideoRejectedException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** What the engine needs of a model: how its images are prepared, their scores, and who answered. Thread-safe. */
public interface BatchScorer {

    /** An image that is ready for the device. */
    interface Prepared {
        /** What it takes of a batch's budget. */
        int visualTokens();
    }

    /**
     * Digests of all that can change a score.
     *
     * @param adapter none: the base model alone
     * @param epoch of the adapter's release; 0: what the service started with
     */
    record Identity(String checkpoint, @Nullable String adapter, String profile, String preprocessing, long epoch) {}

    /**
     * Decodes a clip and makes its frames what the device takes, as one thing: they are scored together. Called on a
     * thread for clips, which may take its time.
     *
     * @param givenUp asked often; true: nobody waits for it any more, or it has taken too long
     */
    default Prepared prepareClip(byte[] content, ClipConfig config, BooleanSupplier givenUp)
            throws VideoRejectedException, ImageRejectedException {
        throw new UnsupportedOperationException("clip: not for this model (expected: an image)");
    }

    /** Decodes an image file and makes it what the device takes. Called on several threads at a time. */
    Prepared prepare(byte[] content) throws ImageRejectedException;

    /** Scores a batch: one score for each image, in the images' order. Talks to the device. */
    List<Score> score(List<Prepared> images);

    Identity identity();

    /**
     * Asks the device for an answer whose input is known to be good, to tell a bad image from a bad device.
     *
     * @throws RuntimeException if the device does not answer
     */
    void probe();

    /**
     * Called before a batch is scored with it: until {@link #leave} its memory stays.
     *
     * @return false if it is no longer served: the router is to be asked again
     */
    default boolean enter() {
        return true;
    }

    /** The end of what {@link #enter} began. */
    default void leave() {}

    /**
     * A real model.
     *
     * @param limits of the images that it decodes
     */
    static BatchScorer of(Scorer scorer, ImageLimits limits) {
        return new Model(scorer, new ImageDecoder(limits));
    }

    /** A checkpoint, an adapter and a profile behind the engine's view. */
    final class Model implements BatchScorer {
        private record Decoded(VisualInput input) implements Prepared {
            @Override
            public int visualTokens() {
                return input.visualTokens();
            }
        }

        private static final int PROBE_SIDE = 56;

        private final Scorer scorer;
        private final ImageDecoder decoder;
        private final Preprocessing preprocessing;
        private final Identity identity;

        private Model(Scorer scorer, ImageDecoder decoder) {
            this.scorer = scorer;
            this.decoder = decoder;
            this.preprocessing = scorer.checkpoint().preprocessing();
            Adapter adapter = scorer.adapter();
            this.identity = new Identity(
                    scorer.checkpoint().digest(),
                    adapter == null ? null : adapter.digest(),
                    scorer.profile().digest(),
                    preprocessing.digest(),
                    0);
        }

        @Override
        public Prepared prepare(byte[] content) throws ImageRejectedException {
            return new Decoded(preprocessing.apply(decoder.decode(content)));
        }

        @Override
        public Prepared prepareClip(byte[] content, ClipConfig config, BooleanSupplier givenUp)
                throws VideoRejectedException, ImageRejectedException {
            return ClipFrames.read(content, config, preprocessing, givenUp);
        }

        @Override
        public List<Score> score(List<Prepared> images) {
            return images.stream().anyMatch(p -> p instanceof ClipFrames) ? withClips(images) : still(images);
        }

        /** Images in one call, and each clip in calls of its own: frames are a batch already. */
        private List<Score> withClips(List<Prepared> images) {
            List<Prepared> still =
                    images.stream().filter(p -> !(p instanceof ClipFrames)).toList();
            Iterator<Score> scores =
                    still.isEmpty() ? Collections.emptyIterator() : still(still).iterator();
            List<Score> all = new ArrayList<>();
            for (Prepared p : images) {
                all.add(p instanceof ClipFrames clip ? clip.score(scorer) : scores.next());
            }
            return all;
        }

        private List<Score> still(List<Prepared> images) {
            return scorer.score(images.stream().map(p -> ((Decoded) p).input()).toList())
                    .scores();
        }

        @Override
        public Identity identity() {
            return identity;
        }

        @Override
        public void probe() {
            try {
                scorer.score(List.of(preprocessing.apply(decoder.decode(ProbeImage.grey(PROBE_SIDE)))));
            } catch (ImageRejectedException e) {
                throw new IllegalStateException("the probe image is one that every limit allows", e);
            }
        }
    }
}
