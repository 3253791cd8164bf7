package io.realqa.trainer.set;

import io.realqa.trainer.feedback.PerceptualHash;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * On which side each image is. An image is where the images that look like it are; one that looks like images on both
 * sides is on neither; one that looks like none goes by its digest. Images keep their side whatever comes later, so what
 * judged one adapter never trains the next. Pure, and the same for the same images in the same order. For one thread.
 */
public final class SplitBook {
    /** A part of the set. */
    public enum Side {
        TRAINING,
        HELD_OUT,
        /** In neither: its likes are in both. */
        NEITHER
    }

    private record Known(long hash, Side side) {}

    private final double heldOut;
    private final int near;
    private final Map<String, Side> sides = new HashMap<>();
    private final List<Known> known = new ArrayList<>();

    /**
     * @param heldOut share of the images to hold out, on average
     * @param near bits of the perceptual hash in which near-duplicates differ at most
     */
    public SplitBook(double heldOut, int near) {
        if (!(heldOut > 0 && heldOut < 1)) {
            throw new IllegalArgumentException("set.heldOut: " + heldOut + " (expected: above 0 and less than 1)");
        }
        if (near < 0 || near >= PerceptualHash.BITS / 2) {
            throw new IllegalArgumentException(
                    "set.near: " + near + " (expected: 0 to " + (PerceptualHash.BITS / 2 - 1) + ")");
        }
        this.heldOut = heldOut;
        this.near = near;
    }

    /**
     * The side of the next image, or of one that is known.
     *
     * @param sha256 of its bytes, 64 hex digits
     */
    public Side add(String sha256, long hash) {
        Side before = sides.get(sha256);
        if (before != null) {
            return before;
        }
        boolean training = false;
        boolean held = false;
        for (Known k : known) {
            if (PerceptualHash.distance(k.hash, hash) <= near) {
                training |= k.side == Side.TRAINING;
                held |= k.side == Side.HELD_OUT;
            }
        }
        Side side = side(sha256, training, held);
        sides.put(sha256, side);
        if (side != Side.NEITHER) {
            known.add(new Known(hash, side));
        }
        return side;
    }

    private Side side(String sha256, boolean training, boolean held) {
        if (training && held) {
            return Side.NEITHER;
        }
        if (training || held) {
            return training ? Side.TRAINING : Side.HELD_OUT;
        }
        // the digest is as good as a random number: its first 48 bits, as a fraction
        double at = Long.parseLong(sha256.substring(0, 12), 16) / (double) (1L << 48);
        return at < heldOut ? Side.HELD_OUT : Side.TRAINING;
    }
}
