package io.realqa.streams.content;

import io.github.resilience4j.core.IntervalFunction;
import io.github.resilience4j.retry.Retry;
import io.github.resilience4j.retry.RetryConfig;
import io.realqa.streams.content.ContentRejectedException.Reason;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the bytes behind file, http and https addresses as far as a {@link ContentPolicy} allows. Thread-safe. A proxy
 * and TLS follow the JVM's settings.
 */
public final class ContentFetcher implements ContentSource {
    private static final Logger log = LoggerFactory.getLogger(ContentFetcher.class);

    private final ContentPolicy policy;
    private final FileSource files;
    private final HttpSource web;
    private final Retry retry;
    private final @Nullable ContentFetcher clips;
    private volatile boolean closed;

    /** A fetcher for which clips are no larger than images. */
    public ContentFetcher(ContentPolicy policy) {
        this(policy, policy.maxBytes());
    }

    /** @param maxClipBytes largest clip, where the policy says it of images */
    public ContentFetcher(ContentPolicy policy, long maxClipBytes) {
        this.clips = maxClipBytes == policy.maxBytes() ? null : new ContentFetcher(policy.withMaxBytes(maxClipBytes));
        this.policy = policy;
        this.files = new FileSource(policy);
        this.web = new HttpSource(policy);
        this.retry = Retry.of(
                "content",
                RetryConfig.custom()
                        .maxAttempts(policy.attempts())
                        .intervalFunction(IntervalFunction.ofExponentialRandomBackoff(
                                policy.backoff(),
                                ContentPolicy.BACKOFF_GROWTH,
                                ContentPolicy.BACKOFF_JITTER,
                                ContentPolicy.LONGEST_BACKOFF))
                        .retryOnException(e -> e instanceof Refusal refusal && refusal.retriable())
                        .build());
    }

    /**
     * The content at an address. Blocks for at most {@link ContentPolicy#longestFetch}, as far as the disk answers.
     *
     * @param uri {@code file:/path}, {@code file:///path}, {@code http://…} or {@code https://…}
     * @throws ContentRejectedException if the policy does not allow it or it could not be had
     * @throws CancellationException if the thread was interrupted, which stays visible in its flag, or this fetcher was
     *     closed meanwhile; neither says anything about the content
     * @throws IllegalStateException if this fetcher is closed
     */
    @Override
    public byte[] fetch(String uri) throws ContentRejectedException {
        if (closed) {
            throw new IllegalStateException("content fetcher: closed (expected: open)");
        }
        AtomicInteger attempts = new AtomicInteger();
        try {
            return fetch(uri, attempts);
        } catch (Refusal e) {
            // Only an interrupt in a pause ends the attempts early.
            if (e.retriable() && attempts.get() < policy.attempts()) {
                throw cancelled(e);
            }
            throw new ContentRejectedException(
                    e.reason(),
                    ShownUri.of(uri) + ": " + e.problem() + tally(attempts),
                    attempts.get(),
                    e.retriable(),
                    e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw cancelled(e);
        }
    }

    @Override
    public byte[] fetchClip(String uri) throws ContentRejectedException {
        return (clips == null ? this : clips).fetch(uri);
    }

    /** Ends the fetches under way with a {@link CancellationException}; those in a pause notice when it is over. */
    @Override
    public void close() {
        closed = true;
        web.close();
        if (clips != null) {
            clips.close();
        }
    }

    private byte[] fetch(String text, AtomicInteger attempts) throws Refusal, InterruptedException {
        URI uri = parse(text);
        String scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
        if (scheme.equals("file")) {
            Path path = FileSource.path(uri);
            attempts.incrementAndGet();
            return files.read(path);
        }
        if (HttpAddress.isWeb(scheme)) {
            HttpAddress address = HttpAddress.of(uri);
            web.check(address);
            return fetchRepeatedly(address, attempts);
        }
        throw Refusal.lasting(Reason.UNKNOWN_SCHEME, "scheme: " + scheme + " (expected: file, http or https)");
    }

    private byte[] fetchRepeatedly(HttpAddress address, AtomicInteger attempts) throws Refusal, InterruptedException {
        try {
            return retry.executeCallable(() -> fetchOnce(address, attempts));
        } catch (Refusal | InterruptedException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException("an attempt throws no other checked exceptions", e);
        }
    }

    private byte[] fetchOnce(HttpAddress address, AtomicInteger attempts) throws Refusal, InterruptedException {
        int attempt = attempts.incrementAndGet();
        try {
            return web.get(address);
        } catch (Refusal e) {
            log.debug(
                    "{}: attempt {} of {}: {}",
                    ShownUri.of(address.uri().toString()),
                    attempt,
                    policy.attempts(),
                    e.problem());
            throw e;
        }
    }

    private static URI parse(String text) throws Refusal {
        URI uri;
        try {
            uri = new URI(text);
        } catch (URISyntaxException e) {
            // Without the cause, whose message repeats the address with all its secrets.
            throw Refusal.lasting(
                    Reason.BAD_URI, "URI: " + e.getReason() + " at index " + e.getIndex() + " (expected: a valid URI)");
        }
        if (!uri.isAbsolute()) {
            throw Refusal.lasting(Reason.BAD_URI, "scheme: none (expected: file, http or https)");
        }
        return uri;
    }

    private static String tally(AtomicInteger attempts) {
        return attempts.get() > 1 ? ", after " + attempts.get() + " attempts" : "";
    }

    private static CancellationException cancelled(Exception cause) {
        CancellationException cancelled = new CancellationException("content fetch: interrupted");
        cancelled.initCause(cause);
        return cancelled;
    }
}
