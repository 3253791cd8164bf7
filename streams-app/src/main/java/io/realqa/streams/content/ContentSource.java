package io.realqa.streams.content;

/** Where content by reference comes from. Thread-safe. */
public interface ContentSource extends AutoCloseable {
    /**
     * The content at an address. May block, for a bounded time.
     *
     * @throws ContentRejectedException if it cannot be had
     */
    byte[] fetch(String uri) throws ContentRejectedException;

    /**
     * The same for a clip, which may be larger.
     *
     * @throws ContentRejectedException if it cannot be had
     */
    default byte[] fetchClip(String uri) throws ContentRejectedException {
        return fetch(uri);
    }

    /** Ends what is under way. */
    @Override
    void close();
}
