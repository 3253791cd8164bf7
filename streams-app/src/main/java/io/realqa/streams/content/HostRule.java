package io.realqa.streams.content;

import java.net.IDN;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One entry of the hosts that may be asked.
 *
 * @param host name in lower-case ASCII, an IPv4 address, or an IPv6 address in brackets
 * @param subdomains whether the rule holds for the names below {@code host} instead of {@code host} itself
 * @param port the only port, or {@link #WEB_PORTS}
 */
record HostRule(String host, boolean subdomains, int port) {
    /** Stands for the ports 80 and 443. */
    static final int WEB_PORTS = -1;

    private static final Pattern ENTRY = Pattern.compile(
            "(?<sub>\\*\\.)?" + "(?<host>\\[[0-9A-Fa-f:.]+\\]|[^\\s\\[\\]*:/@?#]+)" + "(?::(?<port>[0-9]{1,5}))?");

    /** @throws IllegalArgumentException if the entry names no host */
    static HostRule parse(String entry) {
        Matcher match = ENTRY.matcher(entry);
        if (!match.matches()) {
            throw malformed(entry);
        }
        String host;
        try {
            host = ascii(match.group("host"));
        } catch (IllegalArgumentException e) {
            throw malformed(entry);
        }
        boolean subdomains = match.group("sub") != null;
        if (host.endsWith(".") || (subdomains && host.startsWith("["))) {
            throw malformed(entry);
        }
        String digits = match.group("port");
        int port = digits == null ? WEB_PORTS : Integer.parseInt(digits);
        if (digits != null && (port < 1 || port > 65_535)) {
            throw malformed(entry);
        }
        return new HostRule(host, subdomains, port);
    }

    /**
     * A host name as it goes over the wire: lower-case ASCII.
     *
     * @throws IllegalArgumentException if it is no host name
     */
    static String ascii(String host) {
        if (host.startsWith("[")) {
            return host.toLowerCase(Locale.ROOT);
        }
        // Strict, because the mapping may otherwise turn a single letter into one of "/", "@" and ":".
        String ascii = IDN.toASCII(host, IDN.USE_STD3_ASCII_RULES).toLowerCase(Locale.ROOT);
        if (ascii.isEmpty()) {
            throw new IllegalArgumentException("host: empty (expected: a name)");
        }
        return ascii;
    }

    /** Whether a host, already in lower-case ASCII, may be asked on a port. */
    boolean allows(String asked, int askedPort) {
        boolean portFits = port == WEB_PORTS ? askedPort == 80 || askedPort == 443 : askedPort == port;
        return portFits && (subdomains ? asked.endsWith("." + host) : asked.equals(host));
    }

    @Override
    public String toString() {
        return (subdomains ? "*." : "") + host + (port == WEB_PORTS ? "" : ":" + port);
    }

    private static IllegalArgumentException malformed(String entry) {
        return new IllegalArgumentException(
                "httpHosts: " + entry + " (expected: host, host:port, *.domain or *.domain:port)");
    }
}
