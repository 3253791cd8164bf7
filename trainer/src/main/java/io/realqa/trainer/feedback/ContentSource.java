package io.realqa.trainer.feedback;

/** Where images by reference come from; whoever composes the trainer says. */
public interface ContentSource extends AutoCloseable {
    /**
     * The content at an address. May block, for a bounded time.
     *
     * @throws UnavailableException if it cannot be had
     */
    byte[] fetch(String uri) throws UnavailableException;

    @Override
    void close();

    /** Content cannot be had. */
    final class UnavailableException extends Exception {
        private static final long serialVersionUID = 1L;

        private final boolean passing;

        /** @param passing whether it may be otherwise later */
        public UnavailableException(String message, boolean passing) {
            super(message);
            this.passing = passing;
        }

        public boolean passing() {
            return passing;
        }
    }
}
