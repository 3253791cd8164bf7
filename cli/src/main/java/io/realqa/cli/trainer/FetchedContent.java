package io.realqa.cli.trainer;

import io.realqa.streams.content.ContentFetcher;
import io.realqa.streams.content.ContentPolicy;
import io.realqa.streams.content.ContentRejectedException;
import io.realqa.trainer.feedback.ContentSource;

/** Images by reference for the trainer, fetched as the service fetches them. */
public final class FetchedContent implements ContentSource {
    private final ContentFetcher fetcher;

    public FetchedContent(ContentPolicy policy) {
        this.fetcher = new ContentFetcher(policy);
    }

    @Override
    public byte[] fetch(String uri) throws UnavailableException {
        try {
            return fetcher.fetch(uri);
        } catch (ContentRejectedException e) {
            throw new UnavailableException(e.reason() + ": " + e.getMessage(), e.passing());
        }
    }

    @Override
    public void close() {
        fetcher.close();
    }
}
