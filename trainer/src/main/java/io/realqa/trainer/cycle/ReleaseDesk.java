package io.realqa.trainer.cycle;

import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** The releases, as far as a cycle needs them; whoever composes the trainer connects it with the release topic. */
public interface ReleaseDesk {
    /**
     * What answers for a platform now.
     *
     * @param digest of the adapter; null: the base model
     * @param folder where it is; null with the base model
     */
    record Serving(@Nullable String digest, @Nullable Path folder) {}

    /** What becomes of a candidate. */
    enum Target {
        /** It answers for all of the platform's images. */
        ACTIVE,
        /** It answers for a share of them. */
        CANARY,
        /** It answers for none: the event only says why. */
        NONE
    }

    /**
     * A release.
     *
     * @param share of the platform's images, for a canary
     * @param digest of the adapter
     * @param base digest of the checkpoint
     * @param folder with the adapter, named by its content's digest
     * @param manifest address of the training set's manifest; of no other release
     * @param decision the gate's reasons in words
     * @param metrics the gate's numbers
     */
    record Release(
            String platform,
            Target target,
            double share,
            String digest,
            String base,
            String profile,
            Path folder,
            String manifest,
            String decision,
            Map<String, Double> metrics) {}

    /** What answers for a platform. */
    Serving serving(String platform);

    /** Epoch of the release that was made of a set, if one was. */
    OptionalLong released(String platform, String manifest);

    /**
     * Publishes a release, and waits until the broker has it.
     *
     * @return its epoch
     */
    long publish(Release release) throws InterruptedException;
}
