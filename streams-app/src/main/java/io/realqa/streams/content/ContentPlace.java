package io.realqa.streams.content;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;

/** Where an address leads, however it is spelt: what is fetched from one place may wait for each other. */
public final class ContentPlace {
    /** Of what leads nowhere: it is refused as soon as it is asked for. */
    private static final String NOWHERE = "?";

    private ContentPlace() {}

    /** Host and port of a web address; of others the scheme, so that all files are one place. */
    public static String of(String uri) {
        try {
            URI given = new URI(uri);
            String scheme =
                    given.getScheme() == null ? NOWHERE : given.getScheme().toLowerCase(Locale.ROOT);
            if (!HttpAddress.isWeb(scheme)) {
                return scheme;
            }
            HttpAddress address = HttpAddress.of(given);
            return address.host() + ":" + address.port();
        } catch (URISyntaxException | Refusal e) {
            return NOWHERE;
        }
    }
}
