package io.realqa.streams.config;

import static io.realqa.settings.Values.duration;
import static io.realqa.settings.Values.elements;
import static io.realqa.settings.Values.or;
import static io.realqa.settings.Values.path;

import io.realqa.streams.content.ContentPolicy;
import io.realqa.streams.scoring.EngineConfig;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where content by reference may come from.
 *
 * @param fileRoots folders under which file: URIs may be read
 * @param httpHosts hosts that http: and https: URIs may name
 * @param timeout longest transfer
 * @param perHost fetches that run against one host at a time
 * @param patience longest wait for a host that is left alone because it failed too often
 */
public record ContentSection(
        @Nullable List<String> fileRoots,
        @Nullable List<String> httpHosts,
        @Nullable String timeout,
        @Nullable Integer redirects,
        @Nullable Integer attempts,
        @Nullable Integer perHost,
        @Nullable String patience) {
    /** Nothing by reference. */
    public static final ContentSection DEFAULTS = new ContentSection(null, null, null, null, null, null, null);

    /** Files under some folders, and nothing else. */
    public static ContentSection roots(List<String> fileRoots) {
        return new ContentSection(fileRoots, null, null, null, null, null, null);
    }

    /** @param maxBytes largest image file */
    public ContentPolicy policy(long maxBytes) {
        ContentPolicy d = ContentPolicy.defaults();
        return new ContentPolicy(
                maxBytes,
                elements("content.fileRoots", fileRoots, List.of()).stream()
                        .map(root -> path("content.fileRoots", root).toAbsolutePath())
                        .toList(),
                Set.copyOf(elements("content.httpHosts", httpHosts, List.of())),
                d.connectTimeout(),
                duration("content.timeout", timeout, d.readTimeout()),
                or(redirects, d.maxRedirects()),
                or(attempts, d.attempts()),
                d.backoff());
    }

    /** How hosts are fetched from side by side. */
    public EngineConfig.Fetch fetch() {
        EngineConfig.Fetch d = EngineConfig.Fetch.DEFAULTS;
        return new EngineConfig.Fetch(
                or(perHost, d.perHost()), duration("content.patience", patience, d.patience()), d.pause());
    }
}
