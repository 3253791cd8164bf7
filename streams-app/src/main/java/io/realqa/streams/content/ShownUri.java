package io.realqa.streams.content;

/** Addresses as messages and logs may show them: without secrets, on one line, of bounded length. */
final class ShownUri {
    static final int MOST_CHARACTERS = 300;

    private ShownUri() {}

    /** Works on the text, so that it also holds for addresses that do not parse. */
    static String of(String uri) {
        String shown = withoutTail(withoutUserInfo(uri)).replaceAll("\\p{Cntrl}", "\uFFFD");
        return shown.length() > MOST_CHARACTERS ? shown.substring(0, MOST_CHARACTERS) + "…" : shown;
    }

    private static String withoutTail(String uri) {
        for (int i = 0; i < uri.length(); i++) {
            if (uri.charAt(i) == '?' || uri.charAt(i) == '#') {
                return uri.substring(0, i + 1) + "…";
            }
        }
        return uri;
    }

    private static String withoutUserInfo(String uri) {
        int slashes = uri.indexOf("//");
        if (slashes < 0) {
            return uri;
        }
        int start = slashes + 2;
        int end = start;
        while (end < uri.length() && "/?#".indexOf(uri.charAt(end)) < 0) {
            end++;
        }
        String authority = uri.substring(start, end);
        // What looks like a host with a port that is none may be the beginning of a password with a slash in it.
        boolean secret = authority.indexOf('@') >= 0 || authority.matches(".*:.*[^\\d\\]].*");
        int at = secret ? uri.lastIndexOf('@') : -1;
        return at < start ? uri : uri.substring(0, start) + "…" + uri.substring(at);
    }
}
