package io.realqa.streams.content;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What a {@link ContentFetcher} may read and how long it may take. {@link #defaults} allows no file and no host, so a
 * deployment names each place it trusts.
 *
 * @param maxBytes largest content in bytes
 * @param fileRoots absolute directories under which files may be read
 * @param httpHosts hosts that may be asked: {@code host} (ports 80 and 443) or {@code host:port}, where a leading
 *     {@code *.} stands for any subdomain but not for the domain itself; kept lower-cased and in ASCII
 * @param connectTimeout longest time to connect
 * @param readTimeout longest time for one attempt as a whole: connecting, redirects and the last byte included
 * @param maxRedirects most redirects that one attempt follows
 * @param attempts most attempts, the first one included
 * @param backoff mean pause before the second attempt; it doubles from there, varies by half either way and stays
 *     within {@link #LONGEST_BACKOFF}
 */
public record ContentPolicy(
        long maxBytes,
        List<Path> fileRoots,
        Set<String> httpHosts,
        Duration connectTimeout,
        Duration readTimeout,
        int maxRedirects,
        int attempts,
        Duration backoff) {
    public static final long DEFAULT_MAX_BYTES = 32L << 20;
    public static final Duration DEFAULT_CONNECT_TIMEOUT = Duration.ofSeconds(2);
    public static final Duration DEFAULT_READ_TIMEOUT = Duration.ofSeconds(10);
    public static final int DEFAULT_MAX_REDIRECTS = 3;
    public static final int DEFAULT_ATTEMPTS = 3;
    public static final Duration DEFAULT_BACKOFF = Duration.ofMillis(200);

    /** Longest pause between two attempts. */
    public static final Duration LONGEST_BACKOFF = Duration.ofSeconds(30);

    static final double BACKOFF_GROWTH = 2.0;
    static final double BACKOFF_JITTER = 0.5;

    /** Content is handed out as one array, and a JVM's arrays end a few elements short of 2^31. */
    private static final long MOST_BYTES = Integer.MAX_VALUE - 8;

    private static final Duration LONGEST_TIMEOUT = Duration.ofHours(1);
    private static final int MOST_REDIRECTS = 20;
    private static final int MOST_ATTEMPTS = 20;

    /** @throws IllegalArgumentException naming the component, its value and what was expected */
    public ContentPolicy {
        expect(maxBytes >= 1 && maxBytes <= MOST_BYTES, "maxBytes", maxBytes, "1 to " + MOST_BYTES);
        for (Path root : fileRoots) {
            expect(root.isAbsolute(), "fileRoots", root, "an absolute path");
        }
        fileRoots = List.copyOf(fileRoots);
        httpHosts = httpHosts.stream()
                .map(entry -> HostRule.parse(entry).toString())
                .collect(Collectors.toUnmodifiableSet());
        expectWithin(connectTimeout, LONGEST_TIMEOUT, "connectTimeout");
        expectWithin(readTimeout, LONGEST_TIMEOUT, "readTimeout");
        expect(
                maxRedirects >= 0 && maxRedirects <= MOST_REDIRECTS,
                "maxRedirects",
                maxRedirects,
                "0 to " + MOST_REDIRECTS);
        expect(attempts >= 1 && attempts <= MOST_ATTEMPTS, "attempts", attempts, "1 to " + MOST_ATTEMPTS);
        expectWithin(backoff, LONGEST_BACKOFF, "backoff");
    }

    /** The default limits, with no file root and no host. */
    public static ContentPolicy defaults() {
        return new ContentPolicy(
                DEFAULT_MAX_BYTES,
                List.of(),
                Set.of(),
                DEFAULT_CONNECT_TIMEOUT,
                DEFAULT_READ_TIMEOUT,
                DEFAULT_MAX_REDIRECTS,
                DEFAULT_ATTEMPTS,
                DEFAULT_BACKOFF);
    }

    public ContentPolicy withMaxBytes(long bytes) {
        return new ContentPolicy(
                bytes, fileRoots, httpHosts, connectTimeout, readTimeout, maxRedirects, attempts, backoff);
    }

    public ContentPolicy withFileRoots(List<Path> roots) {
        return new ContentPolicy(
                maxBytes, roots, httpHosts, connectTimeout, readTimeout, maxRedirects, attempts, backoff);
    }

    public ContentPolicy withHttpHosts(Set<String> hosts) {
        return new ContentPolicy(
                maxBytes, fileRoots, hosts, connectTimeout, readTimeout, maxRedirects, attempts, backoff);
    }

    public ContentPolicy withConnectTimeout(Duration timeout) {
        return new ContentPolicy(maxBytes, fileRoots, httpHosts, timeout, readTimeout, maxRedirects, attempts, backoff);
    }

    public ContentPolicy withReadTimeout(Duration timeout) {
        return new ContentPolicy(
                maxBytes, fileRoots, httpHosts, connectTimeout, timeout, maxRedirects, attempts, backoff);
    }

    public ContentPolicy withMaxRedirects(int redirects) {
        return new ContentPolicy(
                maxBytes, fileRoots, httpHosts, connectTimeout, readTimeout, redirects, attempts, backoff);
    }

    public ContentPolicy withAttempts(int count) {
        return new ContentPolicy(
                maxBytes, fileRoots, httpHosts, connectTimeout, readTimeout, maxRedirects, count, backoff);
    }

    public ContentPolicy withBackoff(Duration mean) {
        return new ContentPolicy(
                maxBytes, fileRoots, httpHosts, connectTimeout, readTimeout, maxRedirects, attempts, mean);
    }

    /** Longest time that one fetch may take: every attempt up to its timeout, every pause at its longest. */
    public Duration longestFetch() {
        Duration total = readTimeout.multipliedBy(attempts);
        double longest = (double) LONGEST_BACKOFF.toNanos();
        double pause = backoff.toNanos() * (1 + BACKOFF_JITTER);
        for (int i = 1; i < attempts; i++) {
            total = total.plusNanos((long) Math.min(pause, longest));
            pause *= BACKOFF_GROWTH;
        }
        return total;
    }

    private static void expectWithin(Duration value, Duration longest, String name) {
        // The pauses and the connect timeout are counted in whole milliseconds.
        expect(
                value.compareTo(Duration.ofMillis(1)) >= 0 && value.compareTo(longest) <= 0,
                name,
                value,
                "PT0.001S to " + longest);
    }

    private static void expect(boolean holds, String name, Object value, String expected) {
        if (!holds) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: " + expected + ")");
        }
    }
}
