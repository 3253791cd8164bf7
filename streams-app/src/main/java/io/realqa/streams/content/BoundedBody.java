package io.realqa.streams.content;

import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow.Subscription;
import org.jspecify.annotations.Nullable;

/** A response body of bounded size; empty if it has more bytes or was not wanted, and then the rest stays unread. */
final class BoundedBody implements BodySubscriber<Optional<byte[]>> {
    private final CompletableFuture<Optional<byte[]>> body = new CompletableFuture<>();
    private final @Nullable BoundedBytes bytes;
    private @Nullable Subscription subscription;

    private BoundedBody(@Nullable BoundedBytes bytes) {
        this.bytes = bytes;
    }

    /**
     * @param limit most bytes
     * @param declared size in bytes that the server claims, or a negative number
     */
    static BoundedBody upTo(long limit, long declared) {
        return new BoundedBody(new BoundedBytes(limit, declared));
    }

    static BoundedBody unread() {
        return new BoundedBody(null);
    }

    @Override
    public CompletionStage<Optional<byte[]>> getBody() {
        return body;
    }

    @Override
    public void onSubscribe(Subscription given) {
        if (subscription != null) {
            given.cancel();
            return;
        }
        subscription = given;
        if (bytes == null) {
            stop(given);
        } else {
            given.request(Long.MAX_VALUE);
        }
    }

    @Override
    public void onNext(List<ByteBuffer> buffers) {
        // A few more buffers may arrive after the subscription was cancelled.
        if (bytes == null || subscription == null || body.isDone()) {
            return;
        }
        for (ByteBuffer buffer : buffers) {
            if (!bytes.add(buffer)) {
                stop(subscription);
                return;
            }
        }
    }

    @Override
    public void onError(Throwable failure) {
        body.completeExceptionally(failure);
    }

    @Override
    public void onComplete() {
        if (!body.isDone()) {
            body.complete(bytes == null ? Optional.empty() : Optional.of(bytes.toArray()));
        }
    }

    private void stop(Subscription running) {
        body.complete(Optional.empty());
        running.cancel();
    }
}
