package io.realqa.streams.content;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.realqa.streams.content.ContentRejectedException.Reason;

/** What the tests say about fetches that fail. */
final class Rejections {
    private Rejections() {}

    static ContentRejectedException rejection(ContentPolicy policy, String uri) {
        try (ContentFetcher fetcher = new ContentFetcher(policy)) {
            ContentRejectedException rejected =
                    catchThrowableOfType(ContentRejectedException.class, () -> fetcher.fetch(uri));
            assertThat(rejected).as("rejection of %s", uri).isNotNull();
            assertThat(rejected).hasMessageContaining("(expected: ");
            return rejected;
        }
    }

    static ContentRejectedException assertRejected(ContentPolicy policy, String uri, Reason reason, int attempts) {
        ContentRejectedException rejected = rejection(policy, uri);
        assertThat(rejected.reason()).as(rejected.getMessage()).isEqualTo(reason);
        assertThat(rejected.attempts()).as(rejected.getMessage()).isEqualTo(attempts);
        return rejected;
    }
}
