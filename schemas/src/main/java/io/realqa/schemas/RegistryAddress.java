package io.realqa.schemas;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Where a registry is, and as whom it is asked.
 *
 * @param base without a slash at the end and without credentials
 * @param authorization header's value, or null
 */
record RegistryAddress(String base, @Nullable String authorization) {
    /**
     * Reads what {@code schema.registry.url} says.
     *
     * @param key what the setting is called, for the error
     * @param urls comma-separated; each may hold credentials, as {@code https://user:password@registry:8081}
     * @param userInfo {@code user:password} for all of them, which goes before; or null
     * @throws IllegalArgumentException naming what is no address, without its password
     */
    static List<RegistryAddress> of(String key, String urls, @Nullable String userInfo) {
        return Stream.of(urls.split(",", -1))
                .map(url -> one(key, url.strip(), userInfo))
                .toList();
    }

    private static RegistryAddress one(String key, String url, @Nullable String userInfo) {
        String shown = url.replaceFirst("//.*@", "//…@");
        URI uri;
        try {
            uri = new URI(url.replaceAll("/+$", ""));
        } catch (URISyntaxException e) {
            throw refused(key, shown, "an address such as http://HOST:8081, or several, comma-separated");
        }
        String scheme = uri.getScheme();
        if (scheme == null || !(scheme.equals("http") || scheme.equals("https"))) {
            throw refused(key, shown, "an address such as http://HOST:8081, or several, comma-separated");
        }
        if (uri.getHost() == null) {
            // The JDK's client asks no others.
            throw refused(key, shown, "a host name of letters, digits, hyphens and dots, or an IP address");
        }
        if (uri.getPort() == 0 || uri.getPort() > 65_535) {
            throw refused(key, shown, "a port from 1 to 65535");
        }
        if (uri.getRawQuery() != null || uri.getRawFragment() != null) {
            throw refused(key, shown, "neither query nor fragment");
        }
        String base =
                scheme + "://" + uri.getHost() + (uri.getPort() < 0 ? "" : ":" + uri.getPort()) + uri.getRawPath();
        return new RegistryAddress(base, authorization(userInfo == null ? uri.getUserInfo() : userInfo));
    }

    private static @Nullable String authorization(@Nullable String userInfo) {
        return userInfo == null
                ? null
                : "Basic " + Base64.getEncoder().encodeToString(userInfo.getBytes(StandardCharsets.UTF_8));
    }

    private static IllegalArgumentException refused(String key, String shown, String expected) {
        return new IllegalArgumentException(key + ": " + shown + " (expected: " + expected + ")");
    }

    /** Without the credentials. */
    @Override
    public String toString() {
        return base;
    }
}
