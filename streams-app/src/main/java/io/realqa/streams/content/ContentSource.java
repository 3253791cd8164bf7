package io.realqa.streams.content;

/** Where content by reference comes from. Thread-safe. */
public interface ContentSource extends AutoCloseable {
    /**
     * The content at an address. May block, for a bounded time.
     *
     * @throws ContentRejectedException if it cannot be had
     */
    byte[] fetch(String uri) throws ContentRejectedException;

    /** Ends what is under way. */
    @Override
    void close();
}
