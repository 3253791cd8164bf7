package io.realqa.streams.content;

import io.realqa.streams.content.ContentRejectedException.Reason;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A web address as it is asked: in ASCII, without user info and fragment, with a path.
 *
 * @param uri what to ask; its host and scheme are the ones below
 * @param scheme {@code http} or {@code https}
 * @param host lower-case ASCII
 * @param port the explicit port, or the scheme's
 */
record HttpAddress(URI uri, String scheme, String host, int port) {

    /** @throws Refusal UNKNOWN_SCHEME or BAD_URI */
    static HttpAddress of(URI given) throws Refusal {
        String scheme = String.valueOf(given.getScheme()).toLowerCase(Locale.ROOT);
        if (!isWeb(scheme)) {
            throw Refusal.lasting(Reason.UNKNOWN_SCHEME, "scheme: " + scheme + " (expected: http or https)");
        }
        String authority = given.getRawAuthority();
        if (authority == null) {
            throw Refusal.lasting(Reason.BAD_URI, "host: none (expected: " + scheme + "://host/path)");
        }
        if (authority.indexOf('@') >= 0) {
            throw Refusal.lasting(Reason.BAD_URI, "user info: present (expected: none)");
        }
        String host;
        int explicitPort;
        try {
            host = HostRule.ascii(given.getHost() == null ? nameOf(authority) : given.getHost());
            explicitPort = given.getHost() == null ? portOf(authority) : given.getPort();
        } catch (IllegalArgumentException e) {
            throw badHost(authority);
        }
        int port = explicitPort >= 0 ? explicitPort : scheme.equals("https") ? 443 : 80;
        if (port < 1 || port > 65_535) {
            throw Refusal.lasting(Reason.BAD_URI, "port: " + port + " (expected: 1 to 65535)");
        }
        URI uri = rebuilt(given, scheme, host, explicitPort);
        // What was checked must be what is asked: the rebuilt text has to read as the same host.
        if (uri == null || !host.equals(uri.getHost())) {
            throw badHost(authority);
        }
        return new HttpAddress(uri, scheme, host, port);
    }

    /**
     * Where a redirect from here leads.
     *
     * @param location the header's value, absolute or relative
     * @throws Refusal UNKNOWN_SCHEME if it leaves the web or falls back from https to http, or BAD_URI
     */
    HttpAddress redirected(String location) throws Refusal {
        URI target;
        try {
            // URI.resolve would drop the last part of the path for a mere query.
            target = location.startsWith("?")
                    ? new URI(scheme + "://" + uri.getRawAuthority() + uri.getRawPath() + location)
                    : uri.resolve(new URI(location));
        } catch (URISyntaxException e) {
            throw Refusal.lasting(Reason.BAD_URI, "location: " + e.getReason() + " (expected: a URI)");
        }
        HttpAddress next = of(target);
        if (scheme.equals("https") && next.scheme.equals("http")) {
            throw Refusal.lasting(Reason.UNKNOWN_SCHEME, "scheme: http (expected: https, as before the redirect)");
        }
        return next;
    }

    static boolean isWeb(String scheme) {
        return scheme.equals("http") || scheme.equals("https");
    }

    private static @Nullable URI rebuilt(URI given, String scheme, String host, int explicitPort) {
        String path = given.getRawPath();
        String query = given.getRawQuery();
        // An empty path would let a relative redirect continue the host's name.
        String text = scheme + "://" + host + (explicitPort >= 0 ? ":" + explicitPort : "")
                + (path == null || path.isEmpty() ? "/" : path)
                + (query == null ? "" : "?" + query);
        try {
            return new URI(AsciiUri.of(text));
        } catch (URISyntaxException | IllegalArgumentException e) {
            return null;
        }
    }

    /** The host of an authority that {@link URI} leaves unparsed, as it does for names beyond ASCII. */
    private static String nameOf(String authority) {
        int colon = authority.lastIndexOf(':');
        return colon < 0 ? authority : authority.substring(0, colon);
    }

    private static int portOf(String authority) {
        int colon = authority.lastIndexOf(':');
        String port = colon < 0 ? "" : authority.substring(colon + 1);
        if (!port.matches("\\d*")) {
            throw new IllegalArgumentException(port);
        }
        return port.isEmpty() ? -1 : Integer.parseInt(port);
    }

    private static Refusal badHost(String authority) {
        // What follows a colon may be a password.
        String shown = authority.replaceFirst("(?<!\\[):.*", ":…");
        return Refusal.lasting(
                Reason.BAD_URI, "host: " + ShownUri.of(shown) + " (expected: a host name or an address)");
    }
}
