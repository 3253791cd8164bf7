package io.realqa.scorer;

/**
 * Told how far the loading of a checkpoint is. A checkpoint of billions of parameters takes minutes from a cold disk. Called
 * by several threads, one at a time; it should return at once.
 */
@FunctionalInterface
public interface LoadingListener {
    /** Nobody looks. */
    LoadingListener NONE = (done, total) -> {};

    /**
     * @param done bytes of the checkpoint's files that were read so far, for the weights and for their digest
     * @param total how many it will be: twice the files' size; done reaches it
     */
    void read(long done, long total);
}
